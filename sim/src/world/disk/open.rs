//! What a process has open. It is worth nothing once the process has ended.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use weir::world::BlockFile;

use super::{Files, SimDisk, inode::Inode};

/// A file.
#[derive(Debug)]
pub(super) struct SimFile {
    disk: SimDisk,
    number: u64,
    life: u64,
}

impl SimFile {
    pub(super) fn new(disk: &SimDisk, files: &Files, number: u64) -> Self {
        Self { disk: disk.clone(), number, life: files.lives }
    }

    fn look<T>(&self, what: impl FnOnce(&mut Inode) -> io::Result<T>) -> io::Result<T> {
        what(self.own(&mut self.disk.files())?)
    }

    fn change<T>(&self, what: impl FnOnce(&mut Inode) -> io::Result<T>) -> io::Result<T> {
        let mut files = self.disk.files();
        self.own(&mut files)?;
        files.count()?;
        what(self.own(&mut files)?)
    }

    fn own<'a>(&self, files: &'a mut Files) -> io::Result<&'a mut Inode> {
        let own = if files.lives == self.life { files.inodes.get_mut(&self.number) } else { None };
        own.ok_or_else(|| io::Error::from_raw_os_error(libc::EBADF))
    }
}

impl BlockFile for SimFile {
    fn length(&self) -> io::Result<u64> {
        self.look(|inode| Ok(inode.bytes().len() as u64))
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.look(|inode| {
            let at = place(offset)?;
            let found = inode.bytes().get(at..at + out.len()).ok_or(ErrorKind::UnexpectedEof)?;
            out.copy_from_slice(found);
            Ok(())
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.change(|inode| {
            inode.write(place(offset)?, bytes);
            Ok(())
        })
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let room = self.disk.files().room;
        self.change(|inode| {
            if room.is_some_and(|room| length > room) && length > inode.bytes().len() as u64 {
                return Err(io::Error::from_raw_os_error(libc::ENOSPC));
            }
            inode.set_len(place(length)?);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.change(|inode| {
            inode.sync();
            Ok(())
        })
    }
}

/// A lock.
#[derive(Debug)]
pub(super) struct SimLock {
    disk: SimDisk,
    path: PathBuf,
    number: u64,
}

impl SimLock {
    pub(super) fn new(disk: &SimDisk, path: &Path, number: u64) -> Self {
        Self { disk: disk.clone(), path: path.to_owned(), number }
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut files = self.disk.files();
        // Another process may have it by now.
        if files.locks.get(&self.path) == Some(&self.number) {
            files.locks.remove(&self.path);
        }
    }
}

fn place(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| ErrorKind::FileTooLarge.into())
}
