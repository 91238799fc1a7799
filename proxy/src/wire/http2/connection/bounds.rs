/// Who we are on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The peer asks.
    Server,
    /// We ask.
    Client,
}

/// Bounds of a connection, and what the peer is told of them.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Streams at a time; of a client, until the server has said how many.
    pub streams_max: u32,
    /// The fields of a head: names and values, and 32 for each.
    pub header_list_bytes_max: u32,
    /// A frame that the peer sends.
    pub frame_bytes_max: u32,
    /// What the peer may send on one stream before it is read.
    pub stream_window_bytes: u32,
    /// The same for all streams together.
    pub connection_window_bytes: u32,
    /// What may lie unread of all streams before their windows are made small.
    pub held_bytes_max: u32,
    /// Fields of all 1xx heads of one stream; further heads are dropped.
    pub informational_bytes_max: usize,
    /// Streams that came to nothing, more than those that were answered; one more and the connection ends.
    pub wasted_streams_max: usize,
    /// DATA of fewer than four bytes, at once; then so often a second.
    pub crumbs_max: usize,
    /// Whether requests may ask for a tunnel (RFC 8441).
    pub tunnels: Tunnels,
}

/// Whether requests may ask for a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tunnels {
    /// As Go's server does by default: `:protocol` is malformed.
    Refused,
    /// CONNECT with `:protocol` is taken.
    Taken,
}
