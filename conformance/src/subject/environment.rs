//! A process in whose environment a proxy is named.

use std::{ffi::OsString, io, sync::Arc};

use weir::{
    upstream::egress::Egress,
    world::{LocalTask, Process, Running, Signals, World},
};

/// A process in whose environment a proxy is named, for every scheme.
#[derive(Debug)]
struct Proxied {
    process: Arc<dyn Process>,
    url: String,
}

impl Process for Proxied {
    fn workers(&self) -> usize {
        self.process.workers()
    }

    fn start(&self, name: &str, body: LocalTask) -> Running {
        self.process.start(name, body)
    }

    fn signals(&self) -> io::Result<Signals> {
        self.process.signals()
    }

    fn env(&self, name: &str) -> Option<OsString> {
        ["HTTP_PROXY", "HTTPS_PROXY"].contains(&name).then(|| self.url.clone().into())
    }
}

/// The way through the proxy at `url`.
pub(super) fn egress(world: &World, url: String) -> Egress {
    let process = Arc::new(Proxied { process: Arc::clone(&world.process), url });
    Egress::from_environment(&World { process, ..world.clone() }).expect("a case names a proxy that Go takes")
}
