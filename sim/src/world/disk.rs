//! A machine's disk, in memory. It outlives a crash; what was not synced does not outlive a loss of power.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use weir::world::{Append, Disk, Mode};

/// A machine's files. Folders need not be made.
#[derive(Clone, Debug, Default)]
pub struct SimDisk(Arc<Mutex<BTreeMap<PathBuf, File>>>);

/// A file's bytes: the first `synced` are safe, the rest is in the machine's memory.
#[derive(Debug, Default)]
struct File {
    bytes: Vec<u8>,
    synced: usize,
    /// The file's name itself is safe.
    named: bool,
}

impl SimDisk {
    /// Forgets what was not synced.
    pub fn lose_power(&self) {
        self.files().retain(|_, file| {
            file.bytes.truncate(file.synced);
            file.named
        });
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<PathBuf, File>> {
        self.0.lock().expect("nothing panics while it holds the disk's lock")
    }
}

impl Disk for SimDisk {
    fn read(&self, path: &Path) -> io::Result<Bytes> {
        let files = self.files();
        let file = files.get(path).ok_or_else(missing)?;
        Ok(Bytes::copy_from_slice(&file.bytes))
    }

    fn replace(&self, path: &Path, bytes: &[u8], _mode: Mode) -> io::Result<()> {
        self.files().insert(path.to_owned(), File { bytes: bytes.to_vec(), synced: bytes.len(), named: true });
        Ok(())
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn Append>> {
        self.files().entry(path.to_owned()).or_default();
        Ok(Box::new(SimAppend { disk: self.clone(), path: path.to_owned() }))
    }
}

#[derive(Debug)]
struct SimAppend {
    disk: SimDisk,
    path: PathBuf,
}

impl Append for SimAppend {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.files().get_mut(&self.path).ok_or_else(missing)?.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut files = self.disk.files();
        let file = files.get_mut(&self.path).ok_or_else(missing)?;
        file.synced = file.bytes.len();
        file.named = true;
        Ok(())
    }
}

fn missing() -> io::Error {
    // The text and number that Linux gives.
    debug_assert_eq!(io::Error::from_raw_os_error(libc::ENOENT).kind(), ErrorKind::NotFound);
    io::Error::from_raw_os_error(libc::ENOENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_synced_is_lost_with_the_power() {
        let disk = SimDisk::default();
        let (log, key, never) = (Path::new("log"), Path::new("key"), Path::new("never"));
        let mut file = disk.append(log).unwrap();
        file.write(b"one").unwrap();
        file.sync().unwrap();
        file.write(b"two").unwrap();
        disk.append(never).unwrap().write(b"x").unwrap();
        disk.replace(key, b"secret", Mode::Secret).unwrap();
        assert_eq!(disk.read(log).unwrap(), "onetwo");

        disk.lose_power();

        assert_eq!(disk.read(log).unwrap(), "one");
        assert_eq!(disk.read(key).unwrap(), "secret");
        assert_eq!(disk.read(never).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
