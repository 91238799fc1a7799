//! What a machine's kernel does beside its programs.

use std::{
    io::{self, ErrorKind},
    time::Duration,
};

use super::frames::{Frame, Wire};

/// What the kernel does for a closed connection whose other end is still open: acknowledges in silence, and resets when bytes come.
pub(super) async fn outlive(mut wire: Wire, ended_there: bool) {
    let mut ended_there = ended_there;
    let mut wait = FIN_WAIT;
    loop {
        if ended_there {
            wait = TIME_WAIT;
        }
        match tokio::time::timeout(wait, std::future::poll_fn(|cx| wire.poll_next(cx))).await {
            Ok(Ok(Frame::Hello | Frame::Room(_))) => {}
            Ok(Ok(Frame::End)) => ended_there = true,
            Ok(Ok(Frame::Data(_))) => {
                // If that fails the connection is void already.
                drop(wire.send(&Frame::Reset));
                return;
            }
            Ok(Ok(Frame::Reset) | Err(_)) | Err(_) => return,
        }
    }
}

/// The error that Linux would give, text and number included.
pub(super) fn os_error(kind: ErrorKind) -> io::Error {
    match kind {
        ErrorKind::ConnectionReset => io::Error::from_raw_os_error(libc::ECONNRESET),
        ErrorKind::BrokenPipe => io::Error::from_raw_os_error(libc::EPIPE),
        ErrorKind::ConnectionRefused => io::Error::from_raw_os_error(libc::ECONNREFUSED),
        ErrorKind::HostUnreachable => io::Error::from_raw_os_error(libc::EHOSTUNREACH),
        ErrorKind::AddrInUse => io::Error::from_raw_os_error(libc::EADDRINUSE),
        ErrorKind::AddrNotAvailable => io::Error::from_raw_os_error(libc::EADDRNOTAVAIL),
        ErrorKind::TimedOut => io::Error::from_raw_os_error(libc::ETIMEDOUT),
        other => other.into(),
    }
}

/// How long Linux keeps a closed connection whose other end stays open (tcp_fin_timeout).
const FIN_WAIT: Duration = Duration::from_secs(60);
/// Long enough for what is still on the link; Linux waits a minute.
const TIME_WAIT: Duration = Duration::from_secs(1);
