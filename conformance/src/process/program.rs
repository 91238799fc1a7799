use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use serde::Deserialize;

/// The `weir` command.
///
/// # Panics
/// It cannot be built.
pub fn command() -> Command {
    Command::new(built("weir"))
}

/// The sample extension server of the proxy's examples.
///
/// # Panics
/// It cannot be built.
pub fn extension_server() -> Command {
    Command::new(built("extension-server"))
}

/// The proxy of an embedder, of the proxy's examples.
///
/// # Panics
/// It cannot be built.
pub fn embedded_proxy() -> Command {
    Command::new(built("embedded-proxy"))
}

/// A program, built from the sources as they are now.
///
/// Cargo tells a test only the programs of its own package (`CARGO_BIN_EXE_…`), and one that lies about in the target folder may be an old
/// one. So cargo is asked, once a process, to build them and to say where they are, which is quick when nothing has changed.
fn built(name: &str) -> &'static Path {
    static BUILT: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    let programs = BUILT.get_or_init(build);
    programs.get(name).unwrap_or_else(|| panic!("cargo does not say where it put {name}"))
}

fn build() -> BTreeMap<String, PathBuf> {
    let (folder, profile) = place_of_tests();
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        // The whole workspace, as with `cargo test --workspace`: libraries have the same features, and nothing is compiled twice.
        .args(["build", "--quiet", "--workspace", "--bin=weir"])
        .args(["--example=extension-server", "--example=embedded-proxy"])
        .args(["--message-format=json-render-diagnostics", "--profile", &profile, "--target-dir"])
        .arg(folder)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit());
    // What cargo tells tests of their own package: build scripts that look at it would run again, and all that needs them be compiled anew.
    for (name, _) in std::env::vars_os() {
        let of_package = |name: &str| OF_PACKAGE.iter().any(|prefix| name.starts_with(prefix));
        if name.to_str().is_some_and(of_package) {
            cargo.env_remove(name);
        }
    }
    let built = cargo.output().expect("cargo can be run");
    assert!(built.status.success(), "cargo cannot build the programs that are under test");
    let messages = String::from_utf8(built.stdout).expect("cargo's messages are text");
    messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok()?.program()).collect()
}

/// The target folder that these tests stand in, and the profile that they were built with.
fn place_of_tests() -> (PathBuf, String) {
    let tests = std::env::current_exe().expect("a test knows its own file");
    let of_profile = tests.parent().and_then(Path::parent);
    let place = of_profile.and_then(|place| Some((place.parent()?, place.file_name()?.to_str()?)));
    let (folder, profile) = place.expect("tests stand in target/PROFILE/deps");
    // Cargo builds what tests use with the profile `test`, and keeps that where it keeps what `dev` makes.
    (folder.to_owned(), if profile == "debug" { "test" } else { profile }.to_owned())
}

/// What cargo says of one thing that it has built.
#[derive(Deserialize)]
struct Message {
    target: Target,
    /// None where it is no program.
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

impl Message {
    fn program(self) -> Option<(String, PathBuf)> {
        Some((self.target.name, self.executable?))
    }
}

const OF_PACKAGE: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];
