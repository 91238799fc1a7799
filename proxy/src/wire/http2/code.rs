use std::fmt;

/// A code of RST_STREAM or GOAWAY, written as Go writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub u32);

impl Code {
    /// Nothing is wrong.
    pub const NO_ERROR: Self = Self(0);
    /// The peer broke the rules.
    pub const PROTOCOL_ERROR: Self = Self(1);
    /// We broke our promise.
    pub const INTERNAL_ERROR: Self = Self(2);
    /// More bytes came than the window had room for, or a window grew too large.
    pub const FLOW_CONTROL_ERROR: Self = Self(3);
    /// A frame came behind the end of its stream.
    pub const STREAM_CLOSED: Self = Self(5);
    /// A frame is too long, or not as long as its kind.
    pub const FRAME_SIZE_ERROR: Self = Self(6);
    /// Nobody has begun with the request.
    pub const REFUSED_STREAM: Self = Self(7);
    /// Nobody wants the rest.
    pub const CANCEL: Self = Self(8);
    /// A header block cannot be read.
    pub const COMPRESSION_ERROR: Self = Self(9);
    /// The peer makes too much work.
    pub const ENHANCE_YOUR_CALM: Self = Self(11);
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match CODES.get(self.0 as usize) {
            Some(name) => f.write_str(name),
            None => write!(f, "unknown error code {:#x}", self.0),
        }
    }
}

/// Go: `net/http/h2_bundle.go` `errCodeName`.
const CODES: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];
