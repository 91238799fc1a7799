use crate::config::limits::{
    STORE_EVENTS_BYTES_KEPT, STORE_EVENTS_KEPT, STORE_HISTORY_BYTES_KEPT, STORE_REVISIONS_KEPT,
};

/// How much of what was is kept. What is forgotten first is the oldest; the newest event is kept however large it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Batches in memory, and snapshots.
    pub events: usize,
    /// Keys and values of these batches; and of the records that only these snapshots have.
    pub event_bytes: usize,
    /// Revisions of a file.
    pub revisions: u64,
    /// Keys and values of a file that its newest revision does not have.
    pub history_bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            events: STORE_EVENTS_KEPT,
            event_bytes: STORE_EVENTS_BYTES_KEPT,
            revisions: STORE_REVISIONS_KEPT,
            history_bytes: STORE_HISTORY_BYTES_KEPT,
        }
    }
}
