//! A client of HTTP/1 that counts answers.

use memchr::memmem;

use super::backend::LARGE_BYTES;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A kilobyte.
    Small,
    /// Megabytes.
    Large,
    /// Another protocol, and then megabytes for each message.
    Tunnel,
}

/// One connection's state.
#[derive(Debug)]
pub(crate) struct Http1 {
    ask: Ask,
    /// What came of an answer's head.
    head: Vec<u8>,
    /// What is left of the answer's body; none while its head is read.
    left: Option<usize>,
}

impl Http1 {
    pub(crate) fn new(ask: Ask) -> Self {
        Self { ask, head: Vec::new(), left: None }
    }

    /// Puts the next request into the output.
    pub(crate) fn ask(&mut self, out: &mut Vec<u8>) {
        match (self.ask, self.left) {
            (Ask::Tunnel, Some(_)) => {
                self.left = Some(LARGE_BYTES);
                out.extend_from_slice(b"more");
            }
            (ask, _) => {
                self.left = None;
                out.extend_from_slice(match ask {
                    Ask::Small => SMALL,
                    Ask::Large => LARGE,
                    Ask::Tunnel => TUNNEL,
                });
            }
        }
    }

    /// Takes bytes of answers. True when an answer has ended.
    pub(crate) fn take(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> bool {
        let left = match self.left {
            Some(left) => left,
            None => {
                let seen = self.head.len();
                self.head.extend_from_slice(&bytes[..bytes.len().min(HEAD_BYTES_MAX)]);
                let Some(end) = memmem::find(&self.head, b"\r\n\r\n") else {
                    assert!(self.head.len() < HEAD_BYTES_MAX, "no head: {}", self.head.escape_ascii());
                    return false;
                };
                let length = length(&self.head[..end]);
                bytes = &bytes[end + 4 - seen..];
                self.head.clear();
                if self.ask == Ask::Tunnel {
                    out.extend_from_slice(b"more");
                    LARGE_BYTES
                } else {
                    length
                }
            }
        };
        assert!(bytes.len() <= left, "{} bytes behind the answer", bytes.len() - left);
        self.left = Some(left - bytes.len());
        left == bytes.len()
    }
}

/// What an answer's head declares.
fn length(head: &[u8]) -> usize {
    let status = &head[..head.len().min(12)];
    assert!(status.ends_with(b" 200") || status.ends_with(b" 101"), "{}", head.escape_ascii());
    let value = memmem::find(head, b"ontent-").and_then(|_| {
        head.split(|byte| *byte == b'\n').find_map(|line| {
            let (name, value) = line.split_at_checked(NAME.len())?;
            name.eq_ignore_ascii_case(NAME).then(|| std::str::from_utf8(value).ok())?
        })
    });
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

const NAME: &[u8] = b"content-length:";
const HEAD_BYTES_MAX: usize = 4096;

/// As a Kubernetes client asks.
const SMALL: &[u8] =
    b"GET /small/apis/example.dev/v1/namespaces/default/things?limit=500 HTTP/1.1\r\nHost: api.example.dev\r\n\
User-Agent: kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\n\
Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789\r\nKubectl-Command: kubectl get\r\n\r\n";
const LARGE: &[u8] = b"GET /large HTTP/1.1\r\nHost: api.example.dev\r\nAccept-Encoding: identity\r\n\r\n";
const TUNNEL: &[u8] = b"GET /tunnel HTTP/1.1\r\nHost: api.example.dev\r\nConnection: Upgrade\r\nUpgrade: race\r\n\r\n";
