//! What `weir serve` has acknowledged is there after it was killed, whenever that was.
#![expect(clippy::unwrap_used, reason = "what helps tests is a test too: it stops where something is wrong")]

use std::{
    fs,
    io::{BufReader, Read as _, Write as _},
    path::Path,
    sync::Mutex,
    time::Duration,
};

use weir_conformance::process::{Client, WeirProcess};

/// How often the process is killed: 50 times when there is time for it.
fn kills() -> u32 {
    if std::env::var("WEIR_EFFORT").is_ok_and(|effort| effort == "full") { 50 } else { 5 }
}

fn client(weir: &WeirProcess, folder: &Path) -> Client {
    Client::new(weir.address(), &fs::read(folder.join("ca.crt")).unwrap(), None)
}

/// Creates namespaces, one after the other on one connection, until that fails; writes down those that were acknowledged.
fn write_until_killed(client: &Client, token: &str, prefix: &str, acknowledged: &Mutex<Vec<String>>) {
    let Ok(stream) = client.connect() else { return };
    let mut stream = BufReader::new(stream);
    for number in 0.. {
        let name = format!("{prefix}-{number}");
        let body = format!(r#"{{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"{name}"}}}}"#);
        let head = format!("POST /api/v1/namespaces HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n");
        let request = format!("{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if stream.get_mut().write_all(request.as_bytes()).and_then(|()| stream.get_mut().flush()).is_err() {
            return;
        }
        match read_answer(&mut stream) {
            Some(201) => acknowledged.lock().unwrap().push(name),
            Some(status) => panic!("{name}: {status}"),
            None => return,
        }
    }
}

/// The status of an answer of known length, once all of it has come; none if the connection ended before.
fn read_answer(stream: &mut impl std::io::BufRead) -> Option<u16> {
    let (mut status, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        status = status.or_else(|| line.split(' ').nth(1)?.parse().ok());
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.parse().ok()?;
        }
    }
    stream.take(length).read_to_end(&mut Vec::new()).ok().filter(|read| *read as u64 == length)?;
    status
}

#[test]
fn what_was_acknowledged_is_there_after_every_kill() {
    let folder = tempfile::tempdir().unwrap();
    let acknowledged = Mutex::new(Vec::new());
    for kill in 0..kills() {
        let mut weir = WeirProcess::start(folder.path(), &["--workers", "2"]);
        let (client, token) = (client(&weir, folder.path()), weir.token());
        std::thread::scope(|scope| {
            for writer in ["a", "b", "c"] {
                let (client, token, acknowledged) = (&client, &token, &acknowledged);
                scope.spawn(move || write_until_killed(client, token, &format!("k{kill}-{writer}"), acknowledged));
            }
            // Not always at the same place of a commit.
            std::thread::sleep(Duration::from_millis(100 + u64::from(kill * 37 % 200)));
            weir.kill();
        });
        let weir = WeirProcess::start(folder.path(), &[]);
        let client = self::client(&weir, folder.path());
        let names = acknowledged.lock().unwrap();
        assert!(
            names.iter().any(|name| name.starts_with(&format!("k{kill}-"))),
            "nothing was written before kill {kill}"
        );
        let list = client.get("/api/v1/namespaces", Some(&weir.token()));
        assert_eq!(list.status, 200, "{}", list.body);
        let missing: Vec<&String> = names.iter().filter(|name| !list.body.contains(&format!("\"{name}\""))).collect();
        assert!(missing.is_empty(), "lost by kill {kill}: {missing:?}");
    }
}
