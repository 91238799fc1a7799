//! The command line as a user meets it: help, errors, exit codes.

use std::process::{Command, Output};

fn weir(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weir")).args(arguments).output().expect("the binary that this test was built with")
}

/// What a command that cannot be used says, with its exit code.
fn refusal(arguments: &[&str]) -> (i32, String) {
    let output = weir(arguments);
    assert_eq!(output.stdout, b"", "nothing is ready");
    (output.status.code().expect("an exit, no signal"), String::from_utf8(output.stderr).expect("text"))
}

#[test]
fn help_is_the_contract() {
    let output = weir(&["reverse-proxy", "--help"]);
    assert!(output.status.success());
    insta::assert_snapshot!(String::from_utf8(output.stdout).expect("text"));
}

#[test]
fn an_unknown_flag_is_named_and_ends_with_2() {
    let (code, text) = refusal(&["reverse-proxy", "--listen", "127.0.0.1:0", "--to", "http://a", "--nope"]);
    assert_eq!(code, 2);
    assert!(text.contains("--nope"), "{text}");
}

#[test]
fn a_value_that_cannot_be_used_is_named_with_what_was_expected() {
    for (flag, value, expected) in [
        ("--listen", "localhost", "weir: --listen=localhost: expected IP:PORT, :PORT or unix:PATH\n"),
        ("--listen", "unix:", "weir: --listen=unix:: expected IP:PORT, :PORT or unix:PATH\n"),
        ("--to", "ftp://a/", "weir: --to=ftp://a/: expected http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]\n"),
        ("--to", "http:///x", "weir: --to=http:///x: expected a host\n"),
        ("--to", "http://a:99999", "weir: --to=http://a:99999: expected a port from 0 to 65535\n"),
        ("--flush-interval", "soon", "weir: --flush-interval=soon: expected a duration such as 300ms, 1.5s or 2h45m\n"),
        (
            "--to-ca-file",
            "/nonexistent/ca.pem",
            "weir: --to-ca-file=/nonexistent/ca.pem: No such file or directory (os error 2)\n",
        ),
    ] {
        let mut arguments = vec!["reverse-proxy"];
        for (name, good) in [("--listen", "127.0.0.1:0"), ("--to", "http://127.0.0.1:9")] {
            if name != flag {
                arguments.extend([name, good]);
            }
        }
        arguments.extend([flag, value]);
        assert_eq!(refusal(&arguments), (2, expected.to_owned()));
    }
}

#[test]
fn a_certificate_without_its_key_is_refused() {
    let (code, text) =
        refusal(&["reverse-proxy", "--listen", "127.0.0.1:0", "--to", "http://a", "--tls-cert-file", "cert.pem"]);
    assert_eq!(code, 2);
    assert!(text.contains("--tls-private-key-file"), "{text}");
}
