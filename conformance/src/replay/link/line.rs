use std::{
    cell::RefCell,
    io,
    pin::Pin,
    task::{Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    sync::Mutex,
    time::timeout,
};
use weir::wire::Channel;

/// The bytes of a connection, both ways. Silent before the TLS handshake, and after our own script closed the connection.
#[derive(Default)]
pub(super) struct Line {
    channel: RefCell<Option<Channel>>,
    /// Held while something is written, so that answers to frames do not run into a script's bytes.
    writing: Mutex<()>,
}

impl Line {
    /// The handshake is over.
    pub(super) fn open(&self, channel: Channel) {
        self.channel.replace(Some(channel));
    }

    /// The connection, to end it; nothing comes or goes here from now on.
    pub(super) fn take(&self) -> Option<Channel> {
        self.channel.take()
    }

    pub(super) async fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        std::future::poll_fn(|cx| {
            let mut channel = self.channel.borrow_mut();
            let Some(channel) = channel.as_mut() else { return Poll::Pending };
            let mut into = ReadBuf::new(buffer);
            ready!(Pin::new(channel).poll_read(cx, &mut into))?;
            Poll::Ready(Ok(into.filled().len()))
        })
        .await
    }

    pub(super) async fn write(&self, bytes: &[u8]) {
        let _turn = self.writing.lock().await;
        let mut rest = bytes;
        let all = std::future::poll_fn(|cx| -> Poll<io::Result<()>> {
            let mut channel = self.channel.borrow_mut();
            let Some(channel) = channel.as_mut() else { return Poll::Ready(Ok(())) };
            while !rest.is_empty() {
                match ready!(Pin::new(&mut *channel).poll_write(cx, rest))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    count => rest = &rest[count..],
                }
            }
            Pin::new(channel).poll_flush(cx)
        });
        drop(timeout(STUCK, all).await);
    }

    pub(super) async fn half_close(&self) {
        let _turn = self.writing.lock().await;
        let end = std::future::poll_fn(|cx| match self.channel.borrow_mut().as_mut() {
            Some(channel) => Pin::new(channel).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        });
        drop(timeout(STUCK, end).await);
    }
}

/// When a write or a handshake is given up.
pub(super) const STUCK: Duration = Duration::from_secs(10);
