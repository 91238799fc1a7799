//! What is fuzzed: one file each. A target plays one input, and panics when a promise is broken.

mod backend_answer;
mod chunked_body;
mod end_to_end;
mod fields;
mod http2_server;
mod path_and_query;
mod request_head;

/// Something that takes bytes from the network.
#[derive(Debug)]
pub struct Target {
    /// Its name: that of its folder in `fixtures/fuzz`.
    pub name: &'static str,
    /// What it promises about every input.
    pub promises: &'static str,
    /// Bytes that mean something to it.
    pub words: &'static [&'static [u8]],
    /// Plays one input.
    ///
    /// # Panics
    /// The promise is broken.
    pub play: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[Target] = &[
    request_head::TARGET,
    chunked_body::TARGET,
    fields::TARGET,
    path_and_query::TARGET,
    http2_server::TARGET,
    backend_answer::TARGET,
    end_to_end::TARGET,
];
