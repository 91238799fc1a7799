//! Frames written and read by hand, for tests.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

/// A peer that writes its frames by hand.
pub(crate) struct Raw(pub(crate) DuplexStream);

/// A frame as it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn reset(stream: u32, code: u32) -> Self {
        Self { kind: 3, flags: 0, stream, payload: code.to_be_bytes().to_vec() }
    }

    pub(crate) fn goaway(last: u32, code: u32, debug: &str) -> Self {
        let payload = [&last.to_be_bytes()[..], &code.to_be_bytes(), debug.as_bytes()].concat();
        Self { kind: 7, flags: 0, stream: 0, payload }
    }

    fn ends_stream(&self) -> bool {
        self.kind == 3 || (self.kind < 2 && self.flags & 1 == 1)
    }
}

impl Raw {
    /// Sends a preface and empty SETTINGS.
    pub(crate) async fn connect(io: DuplexStream) -> Self {
        let mut raw = Self(io);
        raw.0.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        raw.frame(4, 0, 0, &[]).await;
        raw
    }

    /// Takes a client's preface in and sends empty SETTINGS.
    pub(crate) async fn accept(io: DuplexStream) -> Self {
        let mut raw = Self(io);
        raw.0.read_exact(&mut [0; 24]).await.unwrap();
        raw.frame(4, 0, 0, &[]).await;
        raw
    }

    pub(crate) async fn goaway(&mut self, last: u32, code: u32) {
        let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
        self.frame(7, 0, 0, &payload).await;
    }

    pub(crate) async fn reset(&mut self, stream: u32, code: u32) {
        self.frame(3, 0, stream, &code.to_be_bytes()).await;
    }

    pub(crate) async fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        bytes.extend([kind, flags]);
        bytes.extend(stream.to_be_bytes());
        bytes.extend(payload);
        self.0.write_all(&bytes).await.unwrap();
    }

    /// HEADERS of a request without a body, every field a literal that nobody remembers.
    pub(crate) async fn headers(&mut self, stream: u32, fields: &[(&str, &str)]) {
        self.headers_with(5, stream, fields).await;
    }

    /// The same with a body to come.
    pub(crate) async fn open_headers(&mut self, stream: u32, fields: &[(&str, &str)]) {
        self.headers_with(4, stream, fields).await;
    }

    async fn headers_with(&mut self, flags: u8, stream: u32, fields: &[(&str, &str)]) {
        let mut block = Vec::new();
        for (name, value) in fields {
            block.push(0);
            for text in [name, value] {
                assert!(text.len() < 127);
                block.push(text.len() as u8);
                block.extend(text.as_bytes());
            }
        }
        self.frame(1, flags, stream, &block).await;
    }

    /// The next frame that concerns a stream, or GOAWAY; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            let mut head = [0; 9];
            self.0.read_exact(&mut head).await.ok()?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            self.0.read_exact(&mut payload).await.ok()?;
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let frame = Frame { kind: head[3], flags: head[4], stream, payload };
            if !matches!(frame.kind, 4 | 6 | 8) {
                return Some(frame);
            }
        }
    }

    /// All frames of a stream, to its end.
    pub(crate) async fn stream(&mut self, stream: u32) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            assert_eq!(frame.stream, stream);
            let ends = frame.ends_stream();
            frames.push(frame);
            if ends {
                break;
            }
        }
        frames
    }
}

/// The SETTINGS that come next: number and value.
pub(crate) async fn settings(io: &mut DuplexStream) -> Vec<(u16, u32)> {
    let mut head = [0; 9];
    io.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4);
    let mut payload = vec![0; usize::from(head[2])];
    io.read_exact(&mut payload).await.unwrap();
    let setting =
        |six: &[u8]| (u16::from_be_bytes([six[0], six[1]]), u32::from_be_bytes([six[2], six[3], six[4], six[5]]));
    payload.chunks(6).map(setting).collect()
}
