use super::Revision;

/// Why a store does not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The revision that was asked for is forgotten; the oldest that can be asked for is this one.
    #[error("required revision has been compacted, the oldest is {0}")]
    Compacted(Revision),
    /// The revision that was asked for is not reached yet; the store stands at this one.
    #[error("required revision is a future revision, the latest is {0}")]
    Future(Revision),
    /// It cannot be asked at present; nothing was written.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// It failed while it wrote: what was to be written may be there after a restart, or not.
    #[error("the store failed and the outcome is unknown: {0}")]
    Unknown(String),
    /// There is no room for more; nothing was written, and what was there is still there.
    #[error("the store's disk is full")]
    Full,
    /// The transaction is larger than any may be; nothing was written. The words are etcd's, which clients know.
    #[error("etcdserver: request is too large")]
    TooLarge,
    /// What is stored cannot be read.
    #[error("the store is corrupt: {0}")]
    Corrupt(String),
}
