/// A request, as its client means it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The request's number.
    pub id: u64,
    /// Its method.
    pub method: String,
    /// Bytes of body that the head promises.
    pub body_bytes: usize,
    /// After so many of them the client leaves.
    pub leaves_after: Option<usize>,
}

/// What a client got for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The request's number.
    pub id: u64,
    /// What it got.
    pub got: Got,
}

/// What a client got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    /// A response whose framing says that it is whole.
    Whole(Reply),
    /// A response that was cut.
    Cut(Reply),
    /// A tunnel.
    Tunnel(Tunnelled),
    /// No response, and why.
    Nothing(String),
    /// The client left by itself.
    Left,
}

/// A response, as the client read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Heads of 103 that came before it.
    pub hints: usize,
    /// The backend that it says it comes from; none if the proxy made it.
    pub backend: Option<String>,
    /// The request that it says it answers.
    pub answers: Option<u64>,
    /// The checksum of the request's body that the backend says it read.
    pub echo: Option<u64>,
    /// The trailer that tells the checksum of the body.
    pub trailer: Option<u64>,
    /// Bytes of body.
    pub body_bytes: usize,
    /// Their checksum.
    pub body: u64,
}

/// What came out of a tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tunnelled {
    /// Bytes.
    pub bytes: usize,
    /// Their checksum.
    pub sum: u64,
    /// Behind them came an end, not an error.
    pub clean: bool,
}

/// A request's head, as a backend read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The request's number.
    pub id: u64,
    /// The backend.
    pub backend: String,
    /// The names of its fields, lower case, in their order.
    pub fields: Vec<String>,
}

/// A request's body, as a backend read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyEnded {
    /// The request's number.
    pub id: u64,
    /// The backend.
    pub backend: String,
    /// Its framing says that it is whole.
    pub whole: bool,
    /// Bytes.
    pub bytes: usize,
    /// Their checksum.
    pub body: u64,
}

/// An answer, as its backend has done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replied {
    /// The request's number.
    pub id: u64,
    /// The backend.
    pub backend: String,
    /// How far it came.
    pub end: ReplyEnd,
}

/// How far a backend came with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyEnd {
    /// All of it was sent.
    Whole,
    /// The backend left in the middle of it.
    Cut,
    /// Nobody wants it any more.
    Unwanted,
}

impl Got {
    /// A backend's answer, whole.
    pub(crate) fn is_success(&self) -> bool {
        matches!(self, Self::Whole(reply) if reply.status == 200)
    }
}
