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
    let long_socket = &format!("unix:/{}", "s".repeat(108));
    let expected_of_a_long_socket = &format!("weir: --listen={long_socket}: path must be shorter than SUN_LEN\n");
    for (flag, value, expected) in [
        ("--listen", "localhost", "weir: --listen=localhost: expected IP:PORT, :PORT or unix:PATH\n"),
        ("--listen", "unix:", "weir: --listen=unix:: expected IP:PORT, :PORT or unix:PATH\n"),
        ("--to", "ftp://a/", "weir: --to=ftp://a/: expected http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]\n"),
        ("--to", "http:///x", "weir: --to=http:///x: expected a host\n"),
        ("--to", "http://a:99999", "weir: --to=http://a:99999: expected a port from 1 to 65535\n"),
        ("--to", "http://a:0", "weir: --to=http://a:0: expected a port from 1 to 65535\n"),
        ("--to", "http://a:", "weir: --to=http://a:: expected a port from 1 to 65535\n"),
        (
            "--to",
            "http://user:secret@a/x",
            "weir: --to=http://***@a/x: found a user or password, expected none: a backend gets the client's Authorization alone\n",
        ),
        (
            "--to",
            "ftp://user:secret@a",
            "weir: --to=ftp://***@a: expected http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]\n",
        ),
        (
            "--to",
            "http://a#f",
            "weir: --to=http://a#f: found a fragment, expected none: it is never sent to a backend\n",
        ),
        (
            "--flush-interval",
            "99999999999h",
            "weir: --flush-interval=99999999999h: expected a duration of at most 2562047h47m16s, which are 292 years\n",
        ),
        ("--send-timeout", "-1s", "weir: --send-timeout=-1s: expected a duration of 0 or more\n"),
        ("--flush-interval", "soon", "weir: --flush-interval=soon: expected a duration such as 300ms, 1.5s or 2h45m\n"),
        (
            "--to-ca-file",
            "/nonexistent/ca.pem",
            "weir: --to-ca-file=/nonexistent/ca.pem: No such file or directory (os error 2)\n",
        ),
        ("--to-ca-file", "/dev/zero", "weir: --to-ca-file=/dev/zero: found more than 67108864 bytes, expected less\n"),
        ("--listen", long_socket, expected_of_a_long_socket),
    ] {
        let mut arguments = vec!["reverse-proxy"];
        for (name, good) in [("--listen", "127.0.0.1:0"), ("--to", "https://127.0.0.1:9")] {
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

#[test]
fn a_key_of_another_certificate_is_named_with_that_certificate() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/certs");
    let (certificate, key) = (format!("{folder}/serving.pem"), format!("{folder}/client-key.pem"));
    let line = ["reverse-proxy", "--listen", "127.0.0.1:0", "--to", "http://a"];
    let pair = ["--tls-cert-file", &certificate, "--tls-private-key-file", &key];
    let expected = format!(
        "weir: --tls-private-key-file={key}: expected the key of the certificate in --tls-cert-file={certificate}, found another\n"
    );
    assert_eq!(refusal(&[&line[..], &pair].concat()), (2, expected));
}

#[test]
fn flags_that_would_do_nothing_are_refused() {
    let line = ["reverse-proxy", "--listen", "127.0.0.1:0", "--to", "http://a"];
    for (flags, expected) in [
        (&["--to-ca-file", "ca.pem"][..], "--to-ca-file=ca.pem: expected an https backend in --to, found an http one"),
        (
            &["--to-insecure-skip-tls-verify"],
            "--to-insecure-skip-tls-verify: expected an https backend in --to, found an http one",
        ),
        (&["--http2-websockets"], "--http2-websockets: expected --tls-cert-file beside it: HTTP/2 needs TLS"),
    ] {
        assert_eq!(refusal(&[&line[..], flags].concat()), (2, format!("weir: {expected}\n")));
    }
}

#[test]
fn too_many_workers_are_refused_with_the_most_there_may_be() {
    for command in [&["serve"][..], &["reverse-proxy", "--listen", "127.0.0.1:0", "--to", "http://a"]] {
        let (code, text) = refusal(&[command, &["--workers", "100000"]].concat());
        assert_eq!(code, 2);
        assert!(text.contains("'100000' for '--workers <N>': 100000 is not in 0..=1024"), "{text}");
    }
}

#[test]
fn an_address_that_cannot_be_listened_at_is_named_with_its_flag() {
    let told = refusal(&["reverse-proxy", "--listen", "unix:/nonexistent/socket", "--to", "http://a"]);
    let expected = "weir: --listen: cannot listen at /nonexistent/socket: No such file or directory (os error 2)\n";
    assert_eq!(told, (1, expected.to_owned()));
}
