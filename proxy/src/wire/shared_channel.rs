//! A channel with more than one owner.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::timeout,
};

use super::channel::Channel;

/// A channel that outlives the `h2` crate's connection, which never gives back what it was given.
#[derive(Clone, Debug)]
pub struct SharedChannel(Rc<RefCell<Channel>>);

impl SharedChannel {
    /// A channel to be shared.
    pub fn new(channel: Channel) -> Self {
        Self(Rc::new(RefCell::new(channel)))
    }

    /// Ends the writing side, then reads and forgets until the peer ends too, or for at most `bound`.
    ///
    /// A socket that is closed with unread bytes sends a reset, and the peer may lose what it has not read yet.
    pub async fn linger(mut self, bound: Duration) {
        let rest = async {
            poll_fn(|cx| Pin::new(&mut self).poll_shutdown(cx)).await?;
            let mut forgotten = [0; 4096];
            loop {
                let mut buffer = ReadBuf::new(&mut forgotten);
                poll_fn(|cx| Pin::new(&mut self).poll_read(cx, &mut buffer)).await?;
                if buffer.filled().is_empty() {
                    return io::Result::Ok(());
                }
            }
        };
        // The connection is over, however this ends.
        let _ = timeout(bound, rest).await;
    }
}

impl AsyncRead for SharedChannel {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_read(cx, buffer)
    }
}

impl AsyncWrite for SharedChannel {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.borrow().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_shutdown(cx)
    }
}
