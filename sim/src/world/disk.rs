//! A machine's disk, in memory. It outlives a crash; what was not synced does not outlive a loss of power: bytes, and names.

mod inode;
mod names;
mod open;

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use weir::world::{BlockFile, Dice, Disk, Lock, Mode};

use self::{
    inode::Inode,
    names::{Entry, Names},
    open::{SimFile, SimLock},
};

/// A machine's files.
#[derive(Clone, Debug, Default)]
pub struct SimDisk(Arc<Mutex<Files>>);

#[derive(Debug, Default)]
struct Files {
    names: Names,
    /// By number. One without a name is nobody's.
    inodes: BTreeMap<u64, Inode>,
    /// The locked files, each with the number of its locking.
    locks: BTreeMap<PathBuf, u64>,
    /// So many files were made and locked: the next one's number.
    next: u64,
    /// So often all processes have ended: what an ended one has open is worth nothing.
    lives: u64,
    /// So many changes and syncs there were.
    writes: u64,
    /// From this one on they fail.
    fails_from: Option<u64>,
    /// Files that are open at any place cannot become longer.
    room: Option<u64>,
    /// A bug that is planted: names are not made safe.
    forgets_names: bool,
}

impl Files {
    /// Counts a change, which fails if the disk does.
    fn count(&mut self) -> io::Result<()> {
        if self.fails_from.is_some_and(|from| self.writes >= from) {
            return Err(io::Error::from_raw_os_error(libc::EIO));
        }
        self.writes += 1;
        Ok(())
    }

    fn inode(&mut self, path: &Path) -> io::Result<&mut Inode> {
        let number = self.number(path)?;
        self.inodes.get_mut(&number).ok_or_else(missing)
    }

    fn number(&self, path: &Path) -> io::Result<u64> {
        match self.names.get(path) {
            Some(Entry::File(number)) => Ok(number),
            Some(Entry::Folder) => Err(ErrorKind::IsADirectory.into()),
            None => Err(missing()),
        }
    }

    fn make(&mut self, path: &Path, inode: Inode) -> io::Result<u64> {
        self.next += 1;
        self.names.change([(path, Some(Entry::File(self.next)))])?;
        self.inodes.insert(self.next, inode);
        Ok(self.next)
    }
}

impl SimDisk {
    /// Forgets what was not synced: all of it, some of it or none of it, as the dice say. Nobody has a file open any more.
    pub fn lose_power(&self, dice: &Dice) {
        self.drop_processes();
        let mut files = self.files();
        files.names.lose_power(&mut dice.split("names"));
        for (number, inode) in &mut files.inodes {
            inode.lose_power(&mut dice.split(&number.to_string()));
        }
    }

    /// The processes that had files open have ended, and write nothing any more, not even while their memory is taken apart.
    pub fn drop_processes(&self) {
        let mut files = self.files();
        files.lives += 1;
        files.locks.clear();
    }

    /// So many changes and syncs there were.
    pub fn writes(&self) -> u64 {
        self.files().writes
    }

    /// After so many more changes and syncs, all of them fail; none: none of them does.
    pub fn fail_after(&self, writes: Option<u64>) {
        let mut files = self.files();
        files.fails_from = writes.map(|writes| files.writes + writes);
    }

    /// Files of which every place is written cannot become longer than this; none: they can.
    pub fn set_room(&self, bytes: Option<u64>) {
        self.files().room = bytes;
    }

    /// From now on folders are not synced, whatever is asked for: a bug that tests have to see.
    pub fn forget_names(&self) {
        self.files().forgets_names = true;
    }

    /// What a file has in it now, to be looked at or changed from outside.
    pub fn change_file(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        if let Ok(inode) = self.files().inode(path) {
            inode.change(change);
        }
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.0.lock().expect("nothing panics while it holds the disk's lock")
    }
}

impl Disk for SimDisk {
    fn read(&self, path: &Path) -> io::Result<Bytes> {
        self.files().inode(path).map(|inode| Bytes::copy_from_slice(inode.bytes()))
    }

    fn write(&self, path: &Path, bytes: &[u8], _mode: Mode) -> io::Result<()> {
        let mut files = self.files();
        files.count()?;
        files.make(path, Inode::synced(bytes.to_vec())).map(drop)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.files();
        files.count()?;
        let number = files.number(from)?;
        files.names.change([(from, None), (to, Some(Entry::File(number)))])
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let mut files = self.files();
        if files.names.get(folder).is_some() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        files.count()?;
        files.names.change([(folder, Some(Entry::Folder))])
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut files = self.files();
        files.count()?;
        if !files.forgets_names {
            files.names.sync(folder);
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut files = self.files();
        files.count()?;
        files.number(path)?;
        files.names.change([(path, None)])?;
        files.names.remove_if_empty(weir::world::folder_of(path))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn BlockFile>> {
        let files = self.files();
        let number = files.number(path)?;
        Ok(Box::new(SimFile::new(self, &files, number)))
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        let mut files = self.files();
        if files.locks.contains_key(path) {
            return Err(io::Error::new(ErrorKind::ResourceBusy, "in use by another process"));
        }
        files.next += 1;
        let number = files.next;
        files.locks.insert(path.to_owned(), number);
        Ok(Box::new(SimLock::new(self, path, number)))
    }
}

fn missing() -> io::Error {
    // The text and number that Linux gives.
    debug_assert_eq!(io::Error::from_raw_os_error(libc::ENOENT).kind(), ErrorKind::NotFound);
    io::Error::from_raw_os_error(libc::ENOENT)
}

#[cfg(test)]
mod tests;
