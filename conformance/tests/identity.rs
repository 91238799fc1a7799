//! Nobody but the authenticated user reaches a backend, whatever a client writes into its headers.
//!
//! A backend behind `weir serve` writes down what it sees; requests try to tell it of somebody else, on HTTP/1, on HTTP/2 and in upgrades.
#![expect(clippy::unwrap_used, reason = "what helps tests is a test too: it stops where something is wrong")]

#[path = "identity/backend.rs"]
mod backend;
#[path = "identity/certificates.rs"]
mod certificates;
#[path = "identity/stage.rs"]
mod stage;

use std::{fs, sync::Arc};

use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};
use rustls_pki_types::ServerName;
use weir_conformance::process::{Client, Identity, WeirProcess, request};

use self::{
    certificates::Authority,
    stage::{Caller, Expects, PATH, Stage},
};

/// Header lines that speak of somebody else. Whatever they say, it has one of the words of `stage::FORGED` in it.
const FORGERIES: &[&str] = &[
    "X-Remote-User: mallory\r\n",
    "x-remote-user: mallory\r\n",
    "X-REMOTE-USER: mallory\r\n",
    "X-Remote-User: mallory\r\nX-Remote-User: eve-mallory\r\n",
    "X_Remote_User: mallory\r\n",
    "X-Remote_User: mallory\r\n",
    "X_Remote-User: mallory\r\n",
    "x_remote_user: mallory\r\n",
    "X-Remote-User:\r\n\tmallory\r\n",
    "X-Remote-User : mallory\r\n",
    "X-Remote-Group: system:masters\r\n",
    "X-Remote-Group: system:masters\r\nX-Remote-Group: mallory\r\n",
    "X_Remote_Group: system:masters\r\n",
    "X-Remote-Uid: mallory\r\n",
    "X_Remote_Uid: mallory\r\n",
    "X-Remote-Extra-Scopes: mallory\r\n",
    "X-Remote-Extra-: mallory\r\n",
    "X_Remote_Extra_Scopes: mallory\r\n",
    "X-Remote_Extra-Scopes: mallory\r\n",
    "Connection: X-Remote-User, X-Remote-Group\r\nX-Remote-User: mallory\r\n",
    "Connection: X-Remote-Extra-Scopes\r\nX-Remote-Extra-Scopes: mallory\r\n",
    "Connection: X-Remote-User\r\n",
    "Connection: Authorization\r\n",
];

#[test]
fn on_http1_a_backend_sees_the_authenticated_user_alone() {
    let stage = Stage::set();
    for caller in stage.callers() {
        for forgery in FORGERIES {
            let sent = caller.client.send(request("GET", PATH, caller.token, forgery, "").as_bytes());
            let expects = if sent.status == 400 { Expects::Anything } else { Expects::Arrival };
            assert!(matches!(sent.status, 200 | 400), "{forgery:?}: {sent:?}");
            stage.saw_nobody_but(&caller, forgery, expects);
        }
    }
}

#[test]
fn in_an_upgrade_a_backend_sees_the_authenticated_user_alone() {
    let stage = Stage::set();
    for caller in stage.callers() {
        let authorization = caller.token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        for forgery in FORGERIES {
            let head = format!("GET {PATH} HTTP/1.1\r\nHost: localhost\r\n{authorization}");
            let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
            let sent = caller.client.send(format!("{head}{upgrade}{forgery}\r\n").as_bytes());
            let expects = if sent.status == 101 { Expects::Arrival } else { Expects::Anything };
            assert!(matches!(sent.status, 101 | 400), "{forgery:?}: {sent:?}");
            stage.saw_nobody_but(&caller, forgery, expects);
        }
    }
}

#[test]
fn on_http2_a_backend_sees_the_authenticated_user_alone() {
    let stage = Stage::set();
    for caller in stage.callers() {
        for forgery in FORGERIES {
            let fields: Vec<(&str, &str)> = forgery.split("\r\n").filter_map(|line| line.split_once(": ")).collect();
            let sent = http2(&caller, &fields);
            let expects = if sent == Some(200) { Expects::Arrival } else { Expects::Anything };
            stage.saw_nobody_but(&caller, forgery, expects);
        }
    }
}

/// Asks for the things on HTTP/2, with these fields besides; the status, if there is an answer.
fn http2(caller: &Caller, fields: &[(&str, &str)]) -> Option<u16> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let mut tls = caller.client.tls();
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let stream = tokio::net::TcpStream::connect(caller.client.address()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = tokio_rustls::TlsConnector::from(Arc::new(tls)).connect(name, stream).await.unwrap();
        let (mut send, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::task::spawn_local(connection);
        let mut head = http::Request::get(format!("https://localhost{PATH}"));
        if let Some(token) = caller.token {
            head = head.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in fields {
            head = head.header(name.trim().to_lowercase(), value.trim());
        }
        let head = head.body(()).ok()?;
        let (answer, _) = send.send_request(head, true).ok()?;
        answer.await.ok().map(|answer| answer.status().as_u16())
    })
}

#[test]
fn a_front_proxy_is_believed_only_with_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let weir = WeirProcess::start(folder.path(), &[]);
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let (ca, front_proxy) = (read("ca.crt"), read("front-proxy-client.pem"));
    let told = request("GET", "/metrics", None, "X-Remote-User: carol\r\nX-Remote-Group: system:masters\r\n", "");
    let nobody = Client::new(weir.address(), &ca, None).send(told.as_bytes());
    assert!(nobody.body.contains(r#"User \"system:anonymous\" cannot"#), "{nobody:?}");
    let proxy = Client::new(weir.address(), &ca, Some(Identity(&front_proxy)));
    assert_eq!(proxy.send(told.as_bytes()).status, 200);
    assert_eq!(proxy.get("/version", None).status, 401, "a front proxy that names nobody is a stranger's certificate");
    assert_eq!(proxy.get("/metrics", Some(&weir.token())).status, 200, "a token counts beside it");
}

/// Its certificate is one for users, so it is a user of that name; and the authority that vouches for users vouches for no front proxy.
#[test]
fn a_user_by_the_name_of_the_front_proxy_is_a_user() {
    let stage = Stage::set();
    let caller = stage.certified("front-proxy-client");
    for forgery in FORGERIES {
        caller.client.send(request("GET", PATH, None, forgery, "").as_bytes());
        stage.saw_nobody_but(&caller, forgery, Expects::Anything);
    }
    assert_eq!(caller.get().status, 200);
    stage.saw_nobody_but(&caller, "", Expects::Arrival);
}

#[test]
fn a_certificate_that_does_not_hold_makes_nobody_a_user() {
    let stage = Stage::set();
    let ours = &stage.authority;
    for (flaw, certificate) in [
        ("of another authority", Authority::new("strangers").certify("bob")),
        ("of another authority by the same name", Authority::new("clients").certify("bob")),
        ("expired", ours.certify_but("bob", |params| params.not_after = date_time_ymd(2002, 1, 1))),
        ("not valid yet", ours.certify_but("bob", |params| params.not_before = date_time_ymd(2999, 1, 1))),
        (
            "for servers",
            ours.certify_but("bob", |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
        ),
    ] {
        let client = stage.client(Some(&certificate));
        assert_eq!(client.get(PATH, None).status, 401, "{flaw}");
        assert_eq!(stage.arrivals(), 0, "{flaw}");
        let mut alice = stage.alice();
        alice.client = client;
        assert_eq!(alice.get().status, 200, "{flaw}: a token counts beside it");
        stage.saw_nobody_but(&alice, flaw, Expects::Arrival);
    }
}
