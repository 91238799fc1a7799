//! Every `kubectl` that is installed here works with `weir serve`, from end to end.
#![expect(clippy::unwrap_used, reason = "what helps tests is a test too: it stops where something is wrong")]

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use weir_conformance::process::{WeirProcess, extension_server};

/// The `kubectl` on the path, and those of other versions beside it.
fn installed() -> Vec<PathBuf> {
    let folders: Vec<PathBuf> = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let Some(first) = folders.iter().map(|folder| folder.join("kubectl")).find(|file| file.exists()) else {
        return Vec::new();
    };
    let first = fs::canonicalize(first).unwrap();
    let mut found = vec![first.clone()];
    for file in fs::read_dir(first.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if name
            .strip_prefix("kubectl.")
            .is_some_and(|version| version.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit()))
        {
            found.push(file);
        }
    }
    found.sort();
    found
}

/// One `kubectl` with a home of its own: it finds no cache and no configuration but ours.
struct Kubectl<'a> {
    program: &'a Path,
    home: tempfile::TempDir,
    kubeconfig: &'a Path,
}

impl<'a> Kubectl<'a> {
    fn new(program: &'a Path, weir: &'a WeirProcess) -> Self {
        Self { program, home: tempfile::tempdir().unwrap(), kubeconfig: &weir.kubeconfig }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command.env_clear().env("HOME", self.home.path()).env("KUBECONFIG", self.kubeconfig);
        command
            .arg("--cache-dir")
            .arg(self.home.path().join("cache"))
            .args(["--request-timeout", "20s"])
            .args(arguments);
        command.stdin(Stdio::null());
        command
    }

    /// What a command prints.
    #[track_caller]
    fn says(&self, arguments: &[&str]) -> String {
        let output: Output = self.command(arguments).output().unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{} {arguments:?}: {stdout}{stderr}", self.program.display());
        assert!(
            !stderr.contains("Error") && !stderr.contains("couldn't"),
            "{} {arguments:?}: {stderr}",
            self.program.display()
        );
        stdout.into_owned()
    }

    /// Applies a file of this text.
    #[track_caller]
    fn applies(&self, text: &str) -> String {
        let file = self.home.path().join("object.yaml");
        fs::write(&file, text).unwrap();
        self.says(&["apply", "-f", &file.display().to_string()])
    }
}

const API_SERVICE: &str = "\
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata:
  name: v1.kubectl.example.com
spec:
  group: kubectl.example.com
  version: v1
  groupPriorityMinimum: 1000
  versionPriority: 15
  insecureSkipTLSVerify: true
  service: {namespace: default, name: nobody, port: 443}
";

/// Runs a check with every `kubectl`, each against a server of its own.
fn with_every_kubectl(check: impl Fn(&Kubectl<'_>)) {
    let programs = installed();
    if programs.is_empty() {
        assert_ne!(env::var("WEIR_REQUIRE_PEERS").as_deref(), Ok("1"), "no kubectl on the path");
        return println!("SKIPPED: no kubectl on the path");
    }
    for program in &programs {
        let folder = tempfile::tempdir().unwrap();
        let weir = WeirProcess::start(folder.path(), &["--allow-loopback-endpoints"]);
        println!("{}", program.display());
        check(&Kubectl::new(program, &weir));
    }
}

#[test]
fn an_apiservice_is_applied_shown_patched_labelled_and_deleted() {
    with_every_kubectl(|kubectl| {
        assert_eq!(kubectl.applies(API_SERVICE), "apiservice.apiregistration.k8s.io/v1.kubectl.example.com created\n");
        assert_eq!(
            kubectl.applies(API_SERVICE),
            "apiservice.apiregistration.k8s.io/v1.kubectl.example.com unchanged\n"
        );
        let table = kubectl.says(&["get", "apiservices"]);
        assert!(table.starts_with("NAME "), "{table}");
        let row =
            table.lines().find(|line| line.starts_with("v1.kubectl.example.com ")).unwrap_or_else(|| panic!("{table}"));
        assert!(row.contains("default/nobody"), "{row}");
        let yaml = kubectl.says(&["get", "apiservice", "v1.kubectl.example.com", "-o", "yaml"]);
        assert!(yaml.contains("groupPriorityMinimum: 1000\n"), "{yaml}");
        kubectl.says(&[
            "patch",
            "apiservice",
            "v1.kubectl.example.com",
            "--type=merge",
            "-p",
            r#"{"spec":{"versionPriority":20}}"#,
        ]);
        kubectl.says(&["label", "apiservice", "v1.kubectl.example.com", "tier=test"]);
        let found =
            kubectl.says(&["get", "apiservice", "-l", "tier=test", "-o", "jsonpath={.items[*].spec.versionPriority}"]);
        assert_eq!(found, "20");
        let deleted = kubectl.says(&["delete", "apiservice", "v1.kubectl.example.com"]);
        assert!(deleted.contains("\"v1.kubectl.example.com\" deleted"), "{deleted}");
    });
}

#[test]
fn what_there_is_can_be_listed_and_explained() {
    with_every_kubectl(|kubectl| {
        let resources = kubectl.says(&["api-resources"]);
        for resource in ["apiservices", "namespaces", "services", "endpoints"] {
            assert!(resources.lines().any(|line| line.starts_with(&format!("{resource} "))), "{resources}");
        }
        let explained = kubectl.says(&["explain", "apiservice.spec"]);
        assert!(explained.contains("groupPriorityMinimum"), "{explained}");
        let version = kubectl.says(&["version"]);
        assert!(version.contains("Server Version: v1.") || version.contains("GitVersion:\"v1."), "{version}");
    });
}

#[test]
fn a_watch_shows_what_comes() {
    with_every_kubectl(|kubectl| {
        let mut watch =
            kubectl.command(&["get", "namespaces", "-w", "-o", "name"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
        let begun = Instant::now();
        kubectl.applies("apiVersion: v1\nkind: Namespace\nmetadata: {name: comes-later}\n");
        let found = lines.by_ref().map_while(Result::ok).any(|line| line == "namespace/comes-later");
        watch.kill().unwrap();
        watch.wait().unwrap();
        assert!(found && begun.elapsed() < Duration::from_secs(20));
    });
}

/// The sample extension server of the proxy's examples, as a process. It is killed when it is dropped.
struct ExtensionServer(Child);

impl ExtensionServer {
    /// Starts it behind the front proxy of a data folder, and writes what an aggregator has to be told of it.
    fn start(data: &Path, manifest: &Path) -> Self {
        let mut child = extension_server()
            .args(["--listen", "127.0.0.1:0", "--front-proxy-ca"])
            .arg(data.join("front-proxy-ca.crt"))
            .arg("--manifest")
            .arg(manifest)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.starts_with("extension-server: https://"), "{line}");
        // It says something of every request.
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        Self(child)
    }
}

impl Drop for ExtensionServer {
    fn drop(&mut self) {
        let _already_ended = self.0.kill();
        let _already_waited_for = self.0.wait();
    }
}

#[test]
fn objects_of_an_extension_server_are_used_like_our_own() {
    with_every_kubectl(|kubectl| {
        let manifest = kubectl.home.path().join("extension-server.yaml");
        let data = kubectl.kubeconfig.parent().unwrap();
        let _server = ExtensionServer::start(data, &manifest);
        kubectl.says(&["apply", "-f", &manifest.display().to_string()]);
        kubectl.says(&["wait", "--for=condition=Available", "--timeout=20s", "apiservice/v1alpha1.wardle.example.com"]);
        let begun = Instant::now();
        while !kubectl.says(&["api-resources", "--cached=false"]).contains("flunders") {
            assert!(begun.elapsed() < Duration::from_secs(20), "discovery does not tell of flunders");
        }
        let made = kubectl.applies(
            "apiVersion: wardle.example.com/v1alpha1\nkind: Flunder\nmetadata: {name: one}\nspec: {reference: two}\n",
        );
        assert_eq!(made, "flunder.wardle.example.com/one created\n");
        assert_eq!(kubectl.says(&["get", "flunders", "-o", "name"]), "flunder.wardle.example.com/one\n");
        let who = kubectl.says(&[
            "get",
            "flunder",
            "one",
            "-o",
            "jsonpath={.metadata.annotations.wardle\\.example\\.com/created-by}",
        ]);
        assert_eq!(who, "admin");
        kubectl.says(&["delete", "flunder", "one"]);
    });
}
