use std::{fmt, io, path::Path};

use bytes::Bytes;

/// Files: certificates, configuration, logs, the store.
pub trait Disk: fmt::Debug + Send + Sync {
    /// The whole file.
    fn read(&self, path: &Path) -> io::Result<Bytes>;

    /// Puts a whole file in the place of another, or nowhere: write, sync, rename, sync the folder. Makes the folder if there is none.
    fn replace(&self, path: &Path, bytes: &[u8], mode: Mode) -> io::Result<()>;

    /// Takes a file away, and its folder too where nothing else is in it.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Opens a file to be written at its end.
    fn append(&self, path: &Path) -> io::Result<Box<dyn Append>>;

    /// Opens a file to be read and written anywhere, for its owner alone. If there is none it comes into being, and its folder too,
    /// with all that `fresh` gives, or not at all.
    ///
    /// # Errors
    /// [`io::ErrorKind::ResourceBusy`]: another process has it open; the text names that process where it is known.
    fn blocks(&self, path: &Path, fresh: &dyn Fn() -> io::Result<Vec<u8>>) -> io::Result<Box<dyn BlockFile>>;
}

/// A file of which every place can be read and written. Nobody else has it open.
pub trait BlockFile: fmt::Debug + Send + Sync {
    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;

    /// Fills `out` from `offset` on; an error if the file ends before.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes` from `offset` on.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts it, or grows it with zeros: what it grows by can be written to then, the disk has room for it.
    fn set_len(&self, length: u64) -> io::Result<()>;

    /// Returns when all that was written survives a loss of power. After an error what was written may be lost, whatever a later
    /// call says.
    fn sync(&self) -> io::Result<()>;
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
