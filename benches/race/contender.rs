//! Proxies as processes of their own, pinned to a core.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// A kind of proxy.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// `weir reverse-proxy`; the program, and what it is called if there are several.
    Weir(PathBuf),
    /// nginx.
    Nginx,
    /// haproxy, understanding HTTP.
    Haproxy,
    /// haproxy, moving bytes: what no proxy that understands HTTP can be expected to beat.
    HaproxyTcp,
    /// hyper's server before hyper-util's client.
    HyperUtil,
    /// Go's `httputil.ReverseProxy`.
    Go,
}

/// How a contender is to be reached, and where its files stand.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    /// Where files may be written.
    pub(crate) folder: &'a Path,
    pub(crate) backend: SocketAddr,
    /// The certificate and key of its TLS; plain without.
    pub(crate) tls: Option<&'a Path>,
    pub(crate) core: usize,
}

/// A proxy that runs. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Kind {
    /// What it is called in the tables.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Weir(_) => "Weir",
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::HaproxyTcp => "haproxy, layer 4",
            Self::HyperUtil => "hyper-util",
            Self::Go => "Go",
        }
    }

    /// Whether it can race here; says how it could, if not.
    pub(crate) fn is_installed(&self) -> bool {
        let (program, advice) = match self {
            Self::Weir(program) => (program.clone(), "cargo build --release --package weir-proxy --bin weir"),
            Self::Nginx => (PathBuf::from("nginx"), "apt-get install nginx-light"),
            Self::Haproxy | Self::HaproxyTcp => (PathBuf::from("haproxy"), "apt-get install haproxy"),
            Self::HyperUtil => return true,
            Self::Go => (beside("race-go"), "install Go from https://go.dev/dl and start benches/race/run again"),
        };
        let there = Command::new(&program).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
        if !there {
            eprintln!("SKIPPED {}: {} is not here: {advice}", self.name(), program.display());
        }
        there
    }

    /// Starts it, and waits until it listens.
    pub(crate) fn start(&self, name: &str, place: &Place<'_>) -> Contender {
        let address = free_address();
        let mut command = Command::new("taskset");
        command.args(["-c", &place.core.to_string()]);
        self.arguments(&mut command, address, place);
        let log = fs::File::create(place.folder.join(format!("{name}.log"))).expect("a log file");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let contender = Contender { name: name.to_owned(), address, child: child.expect("taskset of util-linux") };
        contender.wait();
        contender
    }

    fn arguments(&self, command: &mut Command, address: SocketAddr, place: &Place<'_>) {
        let (listen, to) = (address.to_string(), format!("http://{}", place.backend));
        let pem = place.tls.map(|pem| pem.display().to_string());
        match self {
            Self::Weir(program) => {
                command.arg(program).args(["reverse-proxy", "--workers", "1", "--listen", &listen, "--to", &to]);
                if let Some(pem) = &pem {
                    command.args(["--tls-cert-file", pem, "--tls-private-key-file", pem]);
                }
            }
            Self::Nginx => {
                let tls = pem.map_or_else(String::new, |pem| {
                    format!("ssl http2; ssl_certificate {pem}; ssl_certificate_key {pem}")
                });
                let file = place.write("nginx.conf", NGINX, &[("listen", &listen), ("tls", &tls)]);
                command.arg("nginx").arg("-c").arg(file);
            }
            Self::Haproxy | Self::HaproxyTcp => {
                let tls = pem.map_or_else(String::new, |pem| format!("ssl crt {pem} alpn h2,http/1.1"));
                let (mode, option, reuse, file) = match self {
                    Self::HaproxyTcp => ("tcp", "", "", "haproxy-tcp.cfg"),
                    _ => ("http", "option forwardfor", "http-reuse always", "haproxy.cfg"),
                };
                let parts = [("listen", &*listen), ("tls", &tls), ("mode", mode), ("option", option), ("reuse", reuse)];
                command.arg("haproxy").arg("-db").arg("-f").arg(place.write(file, HAPROXY, &parts));
            }
            Self::HyperUtil => {
                command.arg(std::env::current_exe().expect("this program")).args(["--contender", &listen, &to]);
                command.args(pem);
            }
            Self::Go => {
                command.env("GOMAXPROCS", "1").arg(beside("race-go")).args(["-listen", &listen, "-to", &to]);
                if let Some(pem) = &pem {
                    command.args(["-cert", pem, "-key", pem]);
                }
            }
        }
    }
}

impl Place<'_> {
    /// Writes a configuration with its blanks filled in.
    fn write(&self, name: &str, template: &str, parts: &[(&str, &str)]) -> PathBuf {
        let mut text = template.replace("${folder}", &self.folder.display().to_string());
        text = text.replace("${backend}", &self.backend.to_string());
        for (blank, part) in parts {
            text = text.replace(&format!("${{{blank}}}"), part);
        }
        let file = self.folder.join(name);
        fs::write(&file, text).expect("a folder that can be written to");
        file
    }
}

impl Contender {
    /// The process; `taskset` becomes the program that it starts.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait(&self) {
        for _ in 0..500 {
            if TcpStream::connect(self.address).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("{} does not listen at {}", self.name, self.address);
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that was built together with this one.
pub(crate) fn beside(name: &str) -> PathBuf {
    std::env::current_exe().expect("this program").with_file_name(name)
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
    listener.local_addr().expect("a bound address")
}

const NGINX: &str = include_str!("nginx.conf");
const HAPROXY: &str = include_str!("haproxy.cfg");
