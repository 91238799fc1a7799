use std::{fmt, io, path::Path};

use bytes::Bytes;

/// Files: certificates, configuration, logs, the store.
pub trait Disk: fmt::Debug + Send + Sync {
    /// The whole file.
    fn read(&self, path: &Path) -> io::Result<Bytes>;

    /// Puts a whole file in the place of another, or nowhere: write, sync, rename, sync the folder.
    fn replace(&self, path: &Path, bytes: &[u8], mode: Mode) -> io::Result<()>;

    /// Opens a file to be written at its end.
    fn append(&self, path: &Path) -> io::Result<Box<dyn Append>>;
}

/// A file that grows at its end.
pub trait Append: fmt::Debug + Send {
    /// Writes all of `bytes` at the end.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns when all that was written survives a loss of power.
    fn sync(&mut self) -> io::Result<()>;
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The owner alone, 0600: keys and tokens.
    Secret,
    /// Everybody, 0644.
    Public,
}
