//! `weir-conformance` as a process: what it prints, and how it ends.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use weir::world::Address;
use weir_conformance::{evidence::Evidence, replay::Control, scenario::Addresses, subject::WeirSubject};

fn weir_conformance(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weir-conformance"))
        .arg("--fixtures")
        .arg(fixtures())
        .args(arguments)
        .output()
        .expect("the binary is there")
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const CASE: &str = "forward/hop_by_hop/the_fixed_list_is_removed";

#[test]
fn list_prints_a_case_a_line() {
    let output = weir_conformance(&["list", "forward/hop_by_hop/*"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).lines().any(|line| line.starts_with(&format!("{CASE}\t"))));
}

#[test]
fn explain_shows_what_is_asked_and_what_go_answered() {
    let output = weir_conformance(&["explain", CASE]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("  > Keep-Alive: timeout=5↵"), "{text}");
    assert!(text.contains("backend\n  await head\n  < GET /x HTTP/1.1↵"), "{text}");
}

#[test]
fn diff_says_that_weir_answers_as_go() {
    let output = weir_conformance(&["diff", CASE]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert_eq!(stdout(&output), format!("ok   {CASE}\n1 as Go, 0 different, 0 not offered\n"));
}

#[test]
fn nothing_that_matches_is_never_success() {
    for arguments in [["list", "no/such/*"], ["explain", "no/such/case"], ["diff", "no/such/*"]] {
        let output = weir_conformance(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains("no/such"), "{}", stderr(&output));
    }
}

#[test]
fn a_target_that_is_not_there_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = weir_conformance(&["run", "--target", &format!("http://{free}")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with(&format!("weir-conformance: --target http://{free}: ")), "{}", stderr(&output));
    let output = weir_conformance(&["run", "--target", "ftp://x:1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("expected http://HOST:PORT or https://HOST:PORT"), "{}", stderr(&output));
}

#[test]
fn a_target_that_answers_as_go_passes() {
    let backend = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let world = weir::world::real::world([1; 32]);
            let at = Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
            let listener = world.net.listen(&at, 1).unwrap().remove(0);
            tell.send(listener.local().unwrap()).unwrap();
            let evidence = Evidence::read(&fixtures()).unwrap();
            let (case, _) = evidence.cases().find(|(case, _)| case.id == CASE).unwrap();
            let addresses = Addresses {
                proxy: String::new(),
                backend: String::new(),
                authority: String::new(),
                client: Vec::new(),
            };
            let subject = WeirSubject::of(case, &evidence.certificates);
            subject.run(world, listener, addresses, Some(backend), Control::default()).await;
        });
    });
    let target = format!("http://{}", told.recv().unwrap());
    let output =
        weir_conformance(&["run", "--target", &target, "--backend", &backend.to_string(), "forward/hop_by_hop/t*"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).ends_with("3 as Go, 0 different, 0 not offered\n"), "{}", stdout(&output));
}

#[test]
fn a_target_that_answers_otherwise_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let backend = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let output = weir_conformance(&["run", "--target", &target, "--backend", &backend, CASE]);
    assert_eq!(output.status.code(), Some(1), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).starts_with(&format!("DIFF {CASE}\n")), "{}", stdout(&output));
    let output = weir_conformance(&["run", "--target", &target, "--backend", &backend, "server/chunks/*"]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert!(stderr(&output).contains("no case could be played"), "{}", stderr(&output));
}
