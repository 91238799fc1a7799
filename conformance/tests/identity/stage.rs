//! A server, a backend behind it, and who asks.

use std::{
    fs,
    time::{Duration, Instant},
};

use weir_conformance::process::{Client, Identity, WeirProcess, request};

use crate::{backend::Backend, certificates::Authority};

/// A server and a backend behind it.
pub(crate) struct Stage {
    _folder: tempfile::TempDir,
    weir: WeirProcess,
    ca: Vec<u8>,
    /// Vouches for users.
    pub(crate) authority: Authority,
    backend: Backend,
}

/// A user, how the server gets to know it, and what a backend has to see of it.
pub(crate) struct Caller {
    pub(crate) client: Client,
    pub(crate) token: Option<&'static str>,
    pub(crate) name: &'static str,
    groups: &'static [&'static str],
    uid: Option<&'static str>,
}

/// Whether a request has to reach the backend.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expects {
    /// It has to.
    Arrival,
    /// It may be refused before.
    Anything,
}

impl Stage {
    pub(crate) fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [tokens, authorities] = ["tokens.csv", "clients.pem"].map(|name| folder.path().join(name));
        let authority = Authority::new("clients");
        fs::write(&tokens, format!("{TOKEN},alice,42,\"devs\"\n")).unwrap();
        fs::write(&authorities, &authority.pem).unwrap();
        let data = folder.path().join("data");
        let [tokens, authorities] = [tokens, authorities].map(|path| path.display().to_string());
        let files = ["--token-auth-file", &tokens, "--client-ca-file", &authorities];
        let weir = WeirProcess::start(
            &data,
            &[&["--allow-loopback-endpoints", "--authorization-mode", "AlwaysAllow"][..], &files].concat(),
        );
        let ca = fs::read(data.join("ca.crt")).unwrap();
        let stage = Self { _folder: folder, weir, ca, authority, backend: Backend::start() };
        stage.register_the_backend();
        stage
    }

    fn register_the_backend(&self) {
        let alice = self.alice();
        let service = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"forge"},"spec":{"type":"ExternalName","externalName":"localhost"}}"#;
        alice.create("/api/v1/namespaces/default/services", service);
        let spec = format!(
            r#"{{"group":"forge.example.com","version":"v1","groupPriorityMinimum":1000,"versionPriority":15,"insecureSkipTLSVerify":true,"service":{{"namespace":"default","name":"forge","port":{}}}}}"#,
            self.backend.port
        );
        let api_service = format!(
            r#"{{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{{"name":"v1.forge.example.com"}},"spec":{spec}}}"#
        );
        alice.create("/apis/apiregistration.k8s.io/v1/apiservices", &api_service);
        let patience = Instant::now() + Duration::from_secs(30);
        while alice.get().status != 200 {
            assert!(Instant::now() < patience, "the backend does not get available: {:?}", alice.get());
            std::thread::sleep(Duration::from_millis(50));
        }
        self.backend.take();
    }

    /// A client that shows this certificate, or none.
    pub(crate) fn client(&self, certificate: Option<&str>) -> Client {
        Client::new(self.weir.address(), &self.ca, certificate.map(|pem| Identity(pem.as_bytes())))
    }

    /// A user with a token.
    pub(crate) fn alice(&self) -> Caller {
        let groups = &["devs", "system:authenticated"];
        Caller { client: self.client(None), token: Some(TOKEN), name: "alice", groups, uid: Some("42") }
    }

    /// A user of this name with a certificate.
    pub(crate) fn certified(&self, name: &'static str) -> Caller {
        let client = self.client(Some(&self.authority.certify(name)));
        Caller { client, token: None, name, groups: &["devs", "ops", "system:authenticated"], uid: None }
    }

    /// Both kinds of users.
    pub(crate) fn callers(&self) -> [Caller; 2] {
        [self.alice(), self.certified("bob")]
    }

    /// How many requests the backend has seen since this was last asked.
    pub(crate) fn arrivals(&self) -> usize {
        self.backend.take().len()
    }

    /// What the backend has seen speaks of this caller and of nobody else.
    #[track_caller]
    pub(crate) fn saw_nobody_but(&self, caller: &Caller, forgery: &str, expects: Expects) {
        let heads = self.backend.take();
        assert!(expects == Expects::Anything || !heads.is_empty(), "{forgery:?} did not reach the backend");
        for head in heads {
            let lower = head.to_lowercase();
            assert!(!FORGED.iter().any(|forged| lower.contains(forged)), "{forgery:?}:\n{head}");
            for (field, expected) in [
                ("x-remote-user: ", vec![caller.name]),
                ("x-remote-group: ", caller.groups.to_vec()),
                ("x-remote-uid: ", caller.uid.into_iter().collect()),
            ] {
                let found: Vec<&str> = lower.lines().filter_map(|line| line.strip_prefix(field)).collect();
                assert_eq!(found, expected, "{forgery:?}: {field}\n{head}");
            }
            // Of a certificate its digest is told, and nothing else of anybody.
            let extras: Vec<&str> = lower.lines().filter(|line| line.starts_with("x-remote-extra-")).collect();
            assert_eq!(extras.len(), usize::from(caller.token.is_none()), "{forgery:?}:\n{head}");
            assert!(extras.iter().all(|extra| extra.starts_with(CREDENTIAL)), "{forgery:?}:\n{head}");
            for gone in ["authorization:", "x_remote", "remote_"] {
                assert!(!lower.contains(gone), "{forgery:?}: {gone}\n{head}");
            }
            let connection = lower.lines().filter_map(|line| line.strip_prefix("connection: "));
            assert!(connection.into_iter().all(|value| !value.contains("remote")), "{forgery:?}:\n{head}");
        }
    }
}

impl Caller {
    /// Asks for the things.
    pub(crate) fn get(&self) -> weir_conformance::process::Answer {
        self.client.get(PATH, self.token)
    }

    #[track_caller]
    fn create(&self, path: &str, object: &str) {
        let fields = "Content-Type: application/json\r\n";
        let answer = self.client.send(request("POST", path, self.token, fields, object).as_bytes());
        assert_eq!(answer.status, 201, "{answer:?}");
    }
}

/// What the backend serves.
pub(crate) const PATH: &str = "/apis/forge.example.com/v1/things";
const TOKEN: &str = "alices-token";

/// Words that forgeries have in them, and nothing else.
const FORGED: [&str; 2] = ["mallory", "masters"];

const CREDENTIAL: &str = "x-remote-extra-authentication.kubernetes.io%2fcredential-id: x509sha256=";
