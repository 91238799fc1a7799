//! `weir serve` as a process: its command line, what its first start makes, and how it ends.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Output,
    time::{Duration, Instant},
};

use weir_conformance::process::{Client, WeirProcess, command, request};

/// Runs `weir` to its end.
fn weir(arguments: &[&str]) -> Output {
    command().args(arguments).output().expect("weir can be run")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A client that trusts what the first start made.
fn client(weir: &WeirProcess, folder: &Path) -> Client {
    Client::new(weir.address(), &fs::read(folder.join("ca.crt")).expect("the first start made it"), None)
}

#[test]
fn help_names_every_flag_and_what_it_takes() {
    let output = weir(&["serve", "--help"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for flag in [
        "--bind-address <IP>",
        "--secure-port <PORT>",
        "--data-dir <FOLDER>",
        "--tls-cert-file <FILE>",
        "--client-ca-file <FILE>",
        "--token-auth-file <FILE>",
        "--proxy-client-cert-file <FILE>",
        "--requestheader-client-ca-file <FILE>",
        "--authorization-mode <AUTHORIZATION_MODE>",
        "BuiltIn",
        "AlwaysAllow",
        "--allow-loopback-endpoints",
        "--send-timeout <DURATION>",
        "--max-requests-inflight <N>",
        "--max-mutating-requests-inflight <N>",
    ] {
        assert!(text.contains(flag), "{flag} is not in:\n{text}");
    }
}

#[test]
fn what_cannot_be_used_is_named_and_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("short.csv"), "token,name\n").unwrap();
    fs::write(path("no.pem"), "hello").unwrap();
    let data = path("data");
    for (arguments, said) in [
        (vec!["--no-such-flag"], "--no-such-flag".to_owned()),
        (vec!["--bind-address", "nowhere"], "invalid value 'nowhere' for '--bind-address <IP>'".to_owned()),
        (vec!["--secure-port", "70000"], "--secure-port <PORT>".to_owned()),
        (
            vec!["--request-timeout", "5"],
            "--request-timeout=5: expected a duration such as 300ms, 1.5s or 2h45m".to_owned(),
        ),
        (vec!["--request-timeout", "0"], "--request-timeout=0: expected more than no time".to_owned()),
        (vec!["--authorization-mode", "RBAC"], "BuiltIn, AlwaysAllow, AlwaysDeny".to_owned()),
        (vec!["--tls-cert-file", "x"], "--tls-private-key-file".to_owned()),
        (vec!["--token-auth-file", "/no/such"], "--token-auth-file=/no/such: No such file".to_owned()),
        (
            vec!["--requestheader-username-headers", "a b"],
            "--requestheader-username-headers=a b: expected the name of a header".to_owned(),
        ),
    ] {
        let mut all = vec!["serve", "--secure-port", "0", "--data-dir", &data];
        if arguments[0] == "--secure-port" {
            all.drain(1..3);
        }
        all.extend(arguments);
        let output = weir(&all);
        assert_eq!(output.status.code(), Some(2), "{all:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(&said), "{all:?}: {said:?} is not in {}", stderr(&output));
    }
    fs::create_dir(path("cx")).unwrap();
    fs::write(path("cx/admin.token"), "\n").unwrap();
    let output = weir(&["serve", "--secure-port", "0", "--data-dir", &path("cx")]);
    let said = format!("{}: expected a token, found nothing", path("cx/admin.token"));
    assert!(output.status.code() == Some(2) && stderr(&output).contains(&said), "{}", stderr(&output));
    for (flag, file, said) in [
        ("--token-auth-file", "short.csv", "line 1: expected at least 3 columns (token, user name, user uid), found 2"),
        ("--client-ca-file", "no.pem", "no certificate in it"),
    ] {
        let output = weir(&["serve", "--secure-port", "0", "--data-dir", &data, flag, &path(file)]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(&format!("{flag}={}: {said}", path(file))), "{}", stderr(&output));
    }
}

#[test]
fn the_first_start_makes_what_later_starts_keep() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = WeirProcess::start(&data, &[]);
    let (token, authority, kubeconfig) = (first.token(), first.authority(), first.kubeconfig.clone());
    let serving = fs::read(data.join("serving.pem")).unwrap();
    drop(first);
    let second = WeirProcess::start(&data, &[]);
    assert_eq!((second.token(), second.authority(), &second.kubeconfig), (token, authority, &kubeconfig));
    assert_eq!(fs::read(data.join("serving.pem")).unwrap(), serving);
    assert_eq!(client(&second, &data).get("/version", Some(&second.token())).status, 200);
}

#[test]
fn secrets_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let _weir = WeirProcess::start(&data, &[]);
    let secrets =
        ["admin.kubeconfig", "admin.token", "ca.pem", "serving.pem", "front-proxy-ca.pem", "front-proxy-client.pem"];
    for secret in secrets {
        let mode = fs::metadata(data.join(secret)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{secret}");
    }
    for shown in ["ca.crt", "front-proxy-ca.crt"] {
        let text = fs::read_to_string(data.join(shown)).unwrap();
        assert!(text.contains("BEGIN CERTIFICATE") && !text.contains("PRIVATE KEY"), "{shown}");
    }
}

#[test]
fn nobody_sees_health_and_the_admin_sees_everything() {
    let folder = tempfile::tempdir().unwrap();
    let weir = WeirProcess::start(folder.path(), &[]);
    let (client, token) = (client(&weir, folder.path()), weir.token());
    for (path, nobody, admin) in [
        ("/healthz", 200, 200),
        ("/livez", 200, 200),
        ("/readyz?verbose", 200, 200),
        ("/readyz/ping", 200, 200),
        ("/version", 200, 200),
        ("/version/", 200, 200),
        ("/", 403, 200),
        ("/metrics", 403, 200),
        ("/no/such/path", 403, 404),
    ] {
        assert_eq!(client.get(path, None).status, nobody, "{path}");
        assert_eq!(client.get(path, Some(&token)).status, admin, "{path}");
    }
    assert_eq!(client.get("/healthz", Some("no-such-token")).status, 401);
}

#[test]
fn answers_have_the_words_and_fields_of_go() {
    let folder = tempfile::tempdir().unwrap();
    let weir = WeirProcess::start(folder.path(), &[]);
    let (client, token) = (client(&weir, folder.path()), weir.token());
    let unauthorized = client.get("/version", Some("wrong"));
    let expected = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#;
    assert_eq!(unauthorized.body, format!("{expected}\n"));
    assert!(unauthorized.head.contains("\r\nAudit-Id: "), "{}", unauthorized.head);
    assert!(unauthorized.head.contains("\r\nCache-Control: no-cache, private\r\n"), "{}", unauthorized.head);
    let forbidden = client.get("/apis/<x>", None);
    assert!(
        forbidden.body.contains(
            r#""message":"forbidden: User \"system:anonymous\" cannot get path \"/apis/\u0026lt;x\u0026gt;\"""#
        ),
        "{}",
        forbidden.body
    );
    assert!(forbidden.head.contains("\r\nX-Content-Type-Options: nosniff"), "{}", forbidden.head);
    let named = client.send(request("GET", "/healthz", Some(&token), "Audit-ID: my own name\r\n", "").as_bytes());
    assert!(named.head.contains("\r\nAudit-Id: my own name\r\n"), "{}", named.head);
    let nowhere = client.get("/no/such/path", Some(&token));
    assert_eq!((nowhere.status, &nowhere.body[..]), (404, "404 page not found\n"));
    let late = client.get("/healthz?timeout=foo", None);
    assert!(
        late.body.contains(r#"invalid timeout specified in the request URL - time: invalid duration \"foo\""#),
        "{}",
        late.body
    );
    let broken = client.get("/api/v1/watch/?x=1", None);
    let expected = "Internal Server Error: \"/api/v1/watch/?x=1\": failed to create RequestInfo: unable to determine kind and namespace from url, /api/v1/watch/?x=1\n";
    assert_eq!((broken.status, &broken.body[..]), (500, expected));
}

#[test]
fn a_second_process_on_the_same_folder_ends_with_2_and_names_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = WeirProcess::start(folder.path(), &[]);
    let output = weir(&["serve", "--secure-port", "0", "--data-dir", &folder.path().display().to_string()]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains(&first.id().to_string()), "{}", stderr(&output));
}

#[test]
fn in_memory_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let first = WeirProcess::start(Path::new(""), &[]);
    let authority = first.authority();
    let killed = first.kubeconfig.clone();
    drop(first);
    let mut second = WeirProcess::start(Path::new(""), &[]);
    assert_ne!(second.authority(), authority);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(second.terminate().code(), Some(0));
    assert!(!second.kubeconfig.parent().unwrap().exists(), "who is told to stop leaves nothing behind");
    fs::remove_dir_all(killed.parent().unwrap()).unwrap();
}

#[test]
fn certificates_are_read_again_when_somebody_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = ["a", "b", "c"].map(|name| folder.path().join(name));
    for folder in &data[..2] {
        drop(WeirProcess::start(folder, &[])); // its certificate is what we want of it
    }
    let pair = folder.path().join("pair.pem");
    fs::copy(data[0].join("serving.pem"), &pair).unwrap();
    let file = pair.display().to_string();
    let weir = WeirProcess::start(&data[2], &["--tls-cert-file", &file, "--tls-private-key-file", &file]);
    let [old, new] = [0, 1].map(|at| Client::new(weir.address(), &fs::read(data[at].join("ca.crt")).unwrap(), None));
    assert_eq!((old.get("/healthz", None).status, new.get("/healthz", None).status), (200, 0));
    fs::copy(data[1].join("serving.pem"), &pair).unwrap();
    weir.reload();
    let shown_by = Instant::now() + Duration::from_secs(30); // half of what it takes when nobody asks
    while new.get("/healthz", None).status != 200 && Instant::now() < shown_by {}
    assert_eq!((old.get("/healthz", None).status, new.get("/healthz", None).status), (0, 200));
}

#[test]
fn who_comes_when_too_many_are_served_is_told_to_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let (tokens, data) = (folder.path().join("tokens.csv"), folder.path().join("data"));
    fs::write(&tokens, "secret,alice,1\n").unwrap();
    let tokens = tokens.display().to_string();
    let weir = WeirProcess::start(&data, &["--token-auth-file", &tokens, "--max-mutating-requests-inflight", "1"]);
    let (client, admin) = (client(&weir, &data), weir.token());
    let post = |token: &str, body: &str| {
        let json = "Content-Type: application/json\r\n";
        client.send(request("POST", "/api/v1/namespaces", Some(token), json, body).as_bytes())
    };
    assert_eq!(post("secret", "{}").status, 403);
    let mut slow = client.connect().unwrap();
    let head = request("POST", "/api/v1/namespaces", Some(&admin), "Content-Length: 2\r\n", "");
    slow.write_all(head.as_bytes()).unwrap();
    slow.flush().unwrap();
    let begun_by = Instant::now() + Duration::from_secs(10);
    let mut refused = post("secret", "{}");
    while refused.status != 429 && Instant::now() < begun_by {
        refused = post("secret", "{}");
    }
    assert_eq!((refused.status, &refused.body[..]), (429, "Too many requests, please try again later.\n"));
    assert!(refused.head.contains("\r\nRetry-After: 1\r\n"), "{}", refused.head);
    assert_eq!(client.get("/api", Some("secret")).status, 200, "who only reads has other seats");
    assert_eq!(post(&admin, r#"{"metadata":{"name":"a"}}"#).status, 201, "a master is always served");
    let shown = client.get("/metrics", Some(&admin)).body;
    assert!(shown.contains("apiserver_current_inflight_requests{request_kind=\"mutating\"} 1\n"), "{shown}");
    slow.write_all(b"{}").unwrap();
    let mut answer = [0; 12];
    slow.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 422");
    drop(slow);
    let left_by = Instant::now() + Duration::from_secs(10);
    while post("secret", "{}").status == 429 && Instant::now() < left_by {}
    assert_eq!(post("secret", "{}").status, 403);
}

#[test]
fn a_process_that_is_told_to_stop_answers_what_has_begun() {
    let folder = tempfile::tempdir().unwrap();
    let mut weir = WeirProcess::start(folder.path(), &[]);
    let client = client(&weir, folder.path());
    let mut stream = client.connect().unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    stream.flush().unwrap();
    std::thread::scope(|scope| {
        let ended = scope.spawn(|| weir.terminate());
        let refused_by = Instant::now() + Duration::from_secs(10);
        while client.connect().is_ok_and(|mut stream| stream.write_all(b"G").is_ok()) && Instant::now() < refused_by {}
        stream.write_all(b"\r\n").unwrap();
        let mut answer = String::new();
        let _end_of_connection = stream.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert_eq!(ended.join().unwrap().code(), Some(0));
    });
}

#[test]
fn a_second_signal_ends_the_wait_for_requests_that_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut weir = WeirProcess::start(folder.path(), &[]);
    let client = client(&weir, folder.path());
    let mut stream = client.connect().unwrap();
    let more = "Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n";
    let head = request("POST", "/api/v1/namespaces", Some(&weir.token()), more, "");
    stream.write_all(head.as_bytes()).unwrap();
    stream.flush().unwrap();
    let mut goes_on = [0; 25];
    stream.read_exact(&mut goes_on).unwrap();
    assert_eq!(&goes_on, b"HTTP/1.1 100 Continue\r\n\r\n", "the request runs, and waits for its body");
    weir.ask_to_stop();
    let refused_by = Instant::now() + Duration::from_secs(10);
    while client.connect().is_ok_and(|mut stream| stream.write_all(b"G").is_ok()) && Instant::now() < refused_by {}
    weir.ask_to_stop();
    assert_eq!(weir.ended().code(), Some(0));
    let mut answer = String::new();
    let _end_of_connection = stream.read_to_string(&mut answer);
    assert_eq!(answer, "", "the first signal alone would have let it run to its deadline, and be answered");
}

#[test]
fn tokens_and_certificates_of_files_name_users() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.csv");
    fs::write(&tokens, "secret,alice,1,\"devs,ops\"\n").unwrap();
    let data = folder.path().join("data");
    let weir = WeirProcess::start(&data, &["--token-auth-file", &tokens.display().to_string()]);
    let client = client(&weir, &data);
    let forbidden = client.get("/metrics", Some("secret"));
    assert!(forbidden.body.contains(r#"User \"alice\" cannot get path"#), "{}", forbidden.body);
    assert_eq!(client.get("/metrics", Some(&weir.token())).status, 200);
}
