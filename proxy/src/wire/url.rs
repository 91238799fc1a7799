//! Go's URL.
use bytes::Bytes;

/// A URL as Go's `net/url` takes it apart. Empty is Go's empty string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// `http`
    pub scheme: Bytes,
    /// Behind the scheme, where no slash follows it.
    pub opaque: Bytes,
    /// User and password, encoded.
    pub user: Option<Bytes>,
    /// Host, or host:port.
    pub host: Bytes,
    /// The path, decoded.
    pub path: Bytes,
    /// The path as it came, where its default encoding differs.
    pub raw_path: Bytes,
    /// A `?` with nothing behind it.
    pub force_query: bool,
    /// Behind the `?`, encoded.
    pub raw_query: Bytes,
    /// Whether an empty host is left out.
    pub omit_host: bool,
}
