//! Unix sockets that listen: each is a file too, which outlives a process that is killed.

use std::{
    fs, io,
    os::unix::{fs::FileTypeExt as _, net::UnixListener},
    path::{Path, PathBuf},
    sync::Arc,
};

use socket2::{Domain, SockAddr, Socket, Type};

use crate::world::Listener;

/// The file of a unix socket. It is gone when nobody listens any more.
///
/// Go: `net/unixsock_posix.go` `UnixListener.close`.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %self.0.display(), "a socket's file cannot be removed");
        }
    }
}

/// One listener per worker, all of them on one socket. A socket at which nobody listens any more is replaced.
pub(super) fn listen(path: &Path, workers: usize) -> io::Result<Vec<Listener>> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_behind(path) => {
            fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && !is_socket(path) => {
            return Err(io::Error::new(
                error.kind(),
                "found what is no socket, expected nothing there, or one that was left behind",
            ));
        }
        bound => bound?,
    };
    let file = Arc::new(SocketFile(path.to_owned()));
    listener.set_nonblocking(true)?;
    (0..workers.max(1)).map(|_| Ok(Listener::BoundUnix(Arc::clone(&file), listener.try_clone()?))).collect()
}

/// Whether a socket is there that refuses connections: its process was killed. Whatever else is there is somebody's.
fn is_left_behind(path: &Path) -> bool {
    is_socket(path) && connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
}

/// Connects, but does not wait where a queue is full.
fn connect(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_socket_is_gone_with_its_last_listener() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let mut listeners = listen(&path, 2).unwrap();
        listeners.pop();
        connect(&path).unwrap();
        drop(listeners);
        assert!(!path.exists());
    }

    #[test]
    fn a_socket_that_a_killed_process_has_left_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let _listeners = listen(&path, 1).unwrap();
        connect(&path).unwrap();
    }

    #[test]
    fn a_socket_that_is_listened_at_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _listeners = listen(&path, 1).unwrap();
        assert_eq!(listen(&path, 1).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        connect(&path).unwrap();
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::File::create_new(&path).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        for path in [path, link] {
            assert_eq!(listen(&path, 1).unwrap_err().kind(), io::ErrorKind::AddrInUse);
            assert!(path.exists());
        }
    }
}
