//! A client of HTTP/2 that counts answers: it reads frames, and nothing of what stands in them.

/// One connection's state.
#[derive(Debug)]
pub(crate) struct Http2 {
    stream: u32,
    /// The head of the frame that is being read.
    head: Vec<u8>,
    /// The bytes left of its payload.
    left: usize,
    /// The payload of a PING.
    ping: Vec<u8>,
    /// Bytes of bodies that the server may not send again yet.
    unacknowledged: u32,
    request: Vec<u8>,
}

impl Http2 {
    /// A connection, whose preface is put into the output.
    pub(crate) fn new(out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        // SETTINGS: no table of fields, no push, streams as wide as can be.
        let settings: [(u16, u32); 3] = [(1, 0), (2, 0), (4, WINDOW_MAX)];
        frame(out, SETTINGS, 0, 0, settings.len() * 6);
        for (name, value) in settings {
            out.extend_from_slice(&name.to_be_bytes());
            out.extend_from_slice(&value.to_be_bytes());
        }
        window_update(out, WINDOW_MAX - 65_535);
        Self { stream: 1, head: Vec::new(), left: 0, ping: Vec::new(), unacknowledged: 0, request: request() }
    }

    /// Puts the next request into the output.
    pub(crate) fn ask(&mut self, out: &mut Vec<u8>) {
        frame(out, HEADERS, END_STREAM | END_HEADERS, self.stream, self.request.len());
        out.extend_from_slice(&self.request);
        self.stream += 2;
    }

    /// Takes bytes of frames. Gives how many answers have ended.
    pub(crate) fn take(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> usize {
        let mut ended = 0;
        while !bytes.is_empty() {
            if self.head.len() < HEAD_BYTES {
                let taken = bytes.len().min(HEAD_BYTES - self.head.len());
                self.head.extend_from_slice(&bytes[..taken]);
                bytes = &bytes[taken..];
                if self.head.len() < HEAD_BYTES {
                    break;
                }
                self.left =
                    usize::from(self.head[0]) << 16 | usize::from(self.head[1]) << 8 | usize::from(self.head[2]);
            }
            let taken = bytes.len().min(self.left);
            self.left -= taken;
            if self.head[3] == PING {
                self.ping.extend_from_slice(&bytes[..taken]);
            }
            bytes = &bytes[taken..];
            if self.left == 0 {
                ended += usize::from(self.whole_frame(out));
                self.head.clear();
            }
        }
        ended
    }

    /// A frame has been read. True when an answer ends with it.
    fn whole_frame(&mut self, out: &mut Vec<u8>) -> bool {
        let length = u32::from_be_bytes([0, self.head[0], self.head[1], self.head[2]]);
        let (kind, flags) = (self.head[3], self.head[4]);
        match kind {
            SETTINGS if flags & ACK == 0 => frame(out, SETTINGS, ACK, 0, 0),
            PING if flags & ACK == 0 => {
                frame(out, PING, ACK, 0, self.ping.len());
                out.append(&mut self.ping);
            }
            DATA => {
                self.unacknowledged += length;
                if self.unacknowledged > ACKNOWLEDGED_TOGETHER {
                    window_update(out, std::mem::take(&mut self.unacknowledged));
                }
            }
            RST_STREAM | GOAWAY => panic!("the contender ended a stream or the connection"),
            _ => {}
        }
        matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0
    }
}

fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, length: usize) {
    let length = u32::try_from(length).expect("short frames").to_be_bytes();
    out.extend_from_slice(&[length[1], length[2], length[3], kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
}

fn window_update(out: &mut Vec<u8>, more: u32) {
    frame(out, WINDOW_UPDATE, 0, 0, 4);
    out.extend_from_slice(&more.to_be_bytes());
}

/// The same request as on HTTP/1; no field is left in a table.
fn request() -> Vec<u8> {
    let mut block = vec![0x82, 0x87]; // GET, https
    for (index, value) in [
        (4, "/small/apis/example.dev/v1/namespaces/default/things?limit=500"), // :path
        (1, "api.example.dev"),                                                // :authority
    ] {
        block.push(index);
        string(&mut block, value);
    }
    for (name, value) in [
        ("user-agent", "kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0"),
        ("accept", "application/json"),
        ("accept-encoding", "gzip"),
        ("authorization", "Bearer abcdefghijklmnopqrstuvwxyz0123456789"),
        ("kubectl-command", "kubectl get"),
    ] {
        block.push(0);
        string(&mut block, name);
        string(&mut block, value);
    }
    block
}

fn string(block: &mut Vec<u8>, text: &str) {
    block.push(u8::try_from(text.len()).ok().filter(|length| *length < 127).expect("short texts"));
    block.extend_from_slice(text.as_bytes());
}

const HEAD_BYTES: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const WINDOW_MAX: u32 = (1 << 31) - 1;
const ACKNOWLEDGED_TOGETHER: u32 = 8 << 20;
