//! A machine's disk, in memory. It outlives a crash; what was not synced does not outlive a loss of power.

mod blocks;

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use weir::world::{Append, BlockFile, Dice, Disk, Mode};

use self::blocks::{Blocks, SimBlocks};

/// A machine's files. Folders need not be made.
#[derive(Clone, Debug, Default)]
pub struct SimDisk(Arc<Mutex<Files>>);

#[derive(Debug, Default)]
struct Files {
    /// Files that are replaced whole or grow at their end.
    plain: BTreeMap<PathBuf, File>,
    /// Files of which every place is written.
    blocks: BTreeMap<PathBuf, Blocks>,
    /// So many times such a file was opened: tells who has it open now.
    openings: u64,
    /// So many writes and syncs of such files there were.
    writes: u64,
    /// From this one on they fail.
    fails_from: Option<u64>,
    /// Such files cannot become longer.
    room: Option<u64>,
}

/// A file's bytes: the first `synced` are safe, the rest is in the machine's memory.
#[derive(Debug, Default)]
struct File {
    bytes: Vec<u8>,
    synced: usize,
    /// The file's name itself is safe.
    named: bool,
}

impl SimDisk {
    /// Forgets what was not synced: all of it, some of it or none of it, as the dice say. Nobody has a file open any more.
    pub fn lose_power(&self, dice: &Dice) {
        self.drop_processes();
        let mut files = self.files();
        files.plain.retain(|_, file| {
            file.bytes.truncate(file.synced);
            file.named
        });
        for (path, blocks) in &mut files.blocks {
            blocks.lose_power(&mut dice.split(&path.to_string_lossy()));
        }
    }

    /// The processes that had files open have ended, and write nothing any more, not even while their memory is taken apart.
    pub fn drop_processes(&self) {
        self.files().blocks.values_mut().for_each(|blocks| blocks.holder = None);
    }

    /// So many writes and syncs of block files there were.
    pub fn writes(&self) -> u64 {
        self.files().writes
    }

    /// After so many more writes and syncs of block files, all of them fail; none: none of them does.
    pub fn fail_after(&self, writes: Option<u64>) {
        let mut files = self.files();
        files.fails_from = writes.map(|writes| files.writes + writes);
    }

    /// Block files cannot become longer than this; none: they can.
    pub fn set_room(&self, bytes: Option<u64>) {
        self.files().room = bytes;
    }

    /// What a block file has in it now, to be looked at or changed from outside.
    pub fn change_blocks(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(blocks) = self.files().blocks.get_mut(path) {
            blocks.change(change);
        }
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.0.lock().expect("nothing panics while it holds the disk's lock")
    }
}

impl Disk for SimDisk {
    fn read(&self, path: &Path) -> io::Result<Bytes> {
        let files = self.files();
        let file = files.plain.get(path).ok_or_else(missing)?;
        Ok(Bytes::copy_from_slice(&file.bytes))
    }

    fn replace(&self, path: &Path, bytes: &[u8], _mode: Mode) -> io::Result<()> {
        self.files().plain.insert(path.to_owned(), File { bytes: bytes.to_vec(), synced: bytes.len(), named: true });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files().plain.remove(path).map(|_| ()).ok_or_else(missing)
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn Append>> {
        self.files().plain.entry(path.to_owned()).or_default();
        Ok(Box::new(SimAppend { disk: self.clone(), path: path.to_owned() }))
    }

    fn blocks(&self, path: &Path, fresh: &dyn Fn() -> io::Result<Vec<u8>>) -> io::Result<Box<dyn BlockFile>> {
        Ok(Box::new(SimBlocks::open(self, path, fresh)?))
    }
}

#[derive(Debug)]
struct SimAppend {
    disk: SimDisk,
    path: PathBuf,
}

impl Append for SimAppend {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.files().plain.get_mut(&self.path).ok_or_else(missing)?.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut files = self.disk.files();
        let file = files.plain.get_mut(&self.path).ok_or_else(missing)?;
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

        disk.lose_power(&Dice::new([0; 32]));

        assert_eq!(disk.read(log).unwrap(), "one");
        assert_eq!(disk.read(key).unwrap(), "secret");
        assert_eq!(disk.read(never).unwrap_err().kind(), ErrorKind::NotFound);
    }
}
