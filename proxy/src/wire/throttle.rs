//! Channels that carry so many bytes a second and no more.

use std::{
    io,
    num::NonZeroU64,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::channel::Channel;

/// A channel each of whose directions carries so many bytes a second and no more.
///
/// Go: `github.com/mxk/go-flowrate/flowrate` `Reader`, `Writer`.
#[derive(Debug)]
pub struct Throttled {
    channel: Channel,
    read: Rate,
    written: Rate,
}

impl Throttled {
    /// Bounds a channel.
    pub fn new(channel: Channel, bytes_per_second: NonZeroU64) -> Self {
        Self { channel, read: Rate::new(bytes_per_second), written: Rate::new(bytes_per_second) }
    }

    /// The channel that is bounded.
    pub fn get_ref(&self) -> &Channel {
        &self.channel
    }

    /// The channel, no longer bounded.
    pub fn into_inner(self) -> Channel {
        self.channel
    }
}

impl AsyncRead for Throttled {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let most = ready!(this.read.poll(cx)).min(buf.remaining());
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
        ready!(Pin::new(&mut this.channel).poll_read(cx, &mut part))?;
        let read = part.filled().len();
        buf.advance(read);
        this.read.carried(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Throttled {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let most = match this.written.poll(cx) {
            Poll::Ready(most) => most.min(buf.len()),
            Poll::Pending => {
                // What was written is not to wait with what was not.
                ready!(Pin::new(&mut this.channel).poll_flush(cx))?;
                return Poll::Pending;
            }
        };
        let written = ready!(Pin::new(&mut this.channel).poll_write(cx, &buf[..most]))?;
        this.written.carried(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().channel).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().channel).poll_shutdown(cx)
    }
}

/// What one direction may carry, sample by sample.
#[derive(Debug)]
struct Rate {
    bytes_per_sample: usize,
    carried: usize,
    began: Instant,
    next: Pin<Box<Sleep>>,
}

impl Rate {
    fn new(bytes_per_second: NonZeroU64) -> Self {
        let began = Instant::now();
        Self {
            // At least one byte goes in each, or nothing ever would.
            bytes_per_sample: ((bytes_per_second.get().saturating_add(5) / 10) as usize).max(1),
            carried: 0,
            began,
            next: Box::pin(sleep_until(began + SAMPLE)),
        }
    }

    /// How many bytes may go now, at least one; pending until one may.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        loop {
            let now = Instant::now();
            if now >= self.began + SAMPLE {
                self.began = now;
                self.carried = 0;
            }
            if self.carried < self.bytes_per_sample {
                return Poll::Ready(self.bytes_per_sample - self.carried);
            }
            self.next.as_mut().reset(self.began + SAMPLE);
            ready!(self.next.as_mut().poll(cx));
        }
    }

    fn carried(&mut self, bytes: usize) {
        self.carried += bytes;
    }
}

/// Go: `flowrate.go` `New`.
const SAMPLE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::wire::pipe::pipe;

    fn throttled(channel: Channel, bytes_per_second: u64) -> Throttled {
        Throttled::new(channel, NonZeroU64::new(bytes_per_second).unwrap())
    }

    /// How long 2,000 bytes take in a direction, in milliseconds.
    async fn written_in(bytes_per_second: u64) -> u128 {
        let (mut peer, channel) = pipe(64 << 10);
        let mut channel = throttled(channel, bytes_per_second);
        let begun = Instant::now();
        channel.write_all(&[1; 2000]).await.unwrap();
        let mut got = [0; 2000];
        peer.read_exact(&mut got).await.unwrap();
        begun.elapsed().as_millis()
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_are_written_so_many_a_second() {
        assert_eq!(written_in(1000).await / 100, 19, "the first hundred go at once");
        assert!(written_in(1_000_000).await < 100);
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_are_read_so_many_a_second() {
        let (mut peer, channel) = pipe(64 << 10);
        let mut channel = throttled(channel, 1000);
        peer.write_all(&[1; 2000]).await.unwrap();
        let begun = Instant::now();
        let mut got = [0; 2000];
        channel.read_exact(&mut got).await.unwrap();
        assert_eq!(begun.elapsed().as_millis() / 100, 19);
    }

    #[tokio::test(start_paused = true)]
    async fn a_direction_does_not_slow_the_other() {
        let (mut peer, channel) = pipe(64 << 10);
        let mut channel = throttled(channel, 1000);
        channel.write_all(&[1; 100]).await.unwrap(); // all that may be written by now
        peer.write_all(b"answer").await.unwrap();
        let begun = Instant::now();
        let mut got = [0; 6];
        channel.read_exact(&mut got).await.unwrap();
        assert_eq!((&got, begun.elapsed().as_millis()), (b"answer", 0));
    }

    #[tokio::test(start_paused = true)]
    async fn the_lowest_rate_is_a_byte_a_sample() {
        let (mut peer, channel) = pipe(64);
        let mut channel = throttled(channel, 1);
        let begun = Instant::now();
        channel.write_all(b"abc").await.unwrap();
        assert_eq!(begun.elapsed().as_millis() / 100, 2);
        let mut got = [0; 3];
        peer.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"abc");
    }
}
