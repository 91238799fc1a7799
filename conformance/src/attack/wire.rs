//! A connection whose every byte is kept.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf},
    sync::Notify,
    task::AbortHandle,
    time::timeout,
};
use weir::wire::Channel;

/// A connection. It is read all the time; dropping it closes it.
pub(super) struct Wire {
    write: WriteHalf<Channel>,
    came: Rc<Came>,
    reader: AbortHandle,
}

/// How a peer ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// In order; over TLS with close_notify.
    Fin,
    /// With a reset, or without close_notify.
    Broken,
}

/// What came on a connection.
#[derive(Default)]
struct Came {
    bytes: RefCell<Vec<u8>>,
    end: Cell<Option<End>>,
    more: Notify,
}

impl Wire {
    /// Begins to read.
    pub(super) fn open(channel: Channel) -> Self {
        let (read, write) = tokio::io::split(channel);
        let came = Rc::new(Came::default());
        let reader = tokio::task::spawn_local(keep(read, Rc::clone(&came))).abort_handle();
        Self { write, came, reader }
    }

    /// Writes, as far as the peer takes it.
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        let all = async {
            self.write.write_all(bytes).await?;
            self.write.flush().await
        };
        let _the_peer_closed_or_reads_no_more = timeout(STUCK, all).await;
    }

    /// Ends the writing side.
    pub(super) async fn half_close(&mut self) {
        let _the_peer_closed_before = timeout(STUCK, self.write.shutdown()).await;
    }

    /// All that came.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.came.bytes.borrow().clone()
    }

    /// How the peer ended it, if it has.
    pub(super) fn end(&self) -> Option<End> {
        self.came.end.get()
    }

    /// Waits until what came is enough, or the connection has ended, or nothing more has come for a while.
    pub(super) async fn until(&self, patience: Duration, enough: impl Fn(&[u8]) -> bool) {
        while self.end().is_none() && !enough(&self.came.bytes.borrow()) {
            let more = self.came.more.notified();
            if timeout(patience, more).await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn keep(mut read: ReadHalf<Channel>, came: Rc<Came>) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        match read.read(&mut buffer).await {
            Ok(0) => came.end.set(Some(End::Fin)),
            Ok(count) => came.bytes.borrow_mut().extend_from_slice(&buffer[..count]),
            Err(_) => came.end.set(Some(End::Broken)),
        }
        came.more.notify_one();
        if came.end.get().is_some() {
            return;
        }
    }
}

/// When a peer that takes nothing is given up.
const STUCK: Duration = Duration::from_secs(10);
