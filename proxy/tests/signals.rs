//! The process and its signals: what they end, and what they leave running.

use std::process::{Child, Command, ExitStatus, Stdio};

/// A server that has started, or is about to; its ready line is not read yet.
fn start(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary that this test was built with")
}

/// How the server ends that is told this by somebody who does nothing but wait for its ready line.
fn told_when_ready(mut server: Child, told: &str) -> ExitStatus {
    let stdout = server.stdout.take().expect("it is piped");
    let waits = format!("read -r line && {}", told.replace("PID", &server.id().to_string()));
    let teller = Command::new("sh").args(["-c", &waits]).stdin(stdout).status().expect("a shell");
    assert!(teller.success(), "the server was not ready");
    server.wait().expect("it is our child")
}

const REVERSE_PROXY: [&str; 5] = ["reverse-proxy", "--listen", "127.0.0.1:0", "--to", "http://127.0.0.1:9"];

#[test]
fn a_server_that_is_told_to_stop_right_behind_its_ready_line_ends_clean() {
    // It listened to signals only some time behind the line.
    for signal in ["TERM", "INT"] {
        for _ in 0..5 {
            let ended = told_when_ready(start(&REVERSE_PROXY), &format!("kill -{signal} PID"));
            assert_eq!(ended.code(), Some(0), "{signal}: {ended}");
        }
    }
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().to_str().expect("text");
    let ended = told_when_ready(start(&["serve", "--secure-port", "0", "--data-dir", folder]), "kill -TERM PID");
    assert_eq!(ended.code(), Some(0), "{ended}");
}

#[test]
fn files_that_are_to_be_read_again_right_behind_the_ready_line_end_nothing() {
    for _ in 0..5 {
        let ended = told_when_ready(start(&REVERSE_PROXY), "kill -HUP PID && kill -HUP PID && kill -TERM PID");
        assert_eq!(ended.code(), Some(0), "{ended}");
    }
}

#[test]
fn a_unix_socket_is_free_again_however_its_server_ended() {
    // Its file stayed, and the next server found the address in use.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let listen = format!("unix:{}", path.display());
    let server = || start(&["reverse-proxy", "--listen", &listen, "--to", "http://127.0.0.1:9"]);
    let killed = told_when_ready(server(), "kill -KILL PID");
    assert!(killed.code().is_none() && path.exists(), "{killed}");
    let stopped = told_when_ready(server(), "kill -TERM PID");
    assert_eq!(stopped.code(), Some(0), "{stopped}");
    assert!(!path.exists());
}
