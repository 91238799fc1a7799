//! A file of which every place is written, on a disk that may lose its power in the middle.

use std::{
    collections::btree_map::Entry,
    io::{self, ErrorKind},
    ops::Range,
    path::{Path, PathBuf},
};

use weir::world::{BlockFile, Dice};

use super::{Files, SimDisk};

/// The file as its process sees it, and what would be left of it.
#[derive(Debug)]
pub(super) struct Blocks {
    bytes: Vec<u8>,
    /// What a loss of power leaves in any case.
    durable: Vec<u8>,
    /// What was done since the last sync.
    pending: Vec<Pending>,
    /// The opening that it is locked by.
    pub(super) holder: Option<u64>,
}

#[derive(Debug)]
enum Pending {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Blocks {
    /// A file that has just come into being, safely.
    fn new(bytes: Vec<u8>) -> Self {
        Self { durable: bytes.clone(), bytes, pending: Vec::new(), holder: None }
    }

    /// Of everything that was not synced each sector is kept or lost, on its own.
    pub(super) fn lose_power(&mut self, dice: &mut Dice) {
        // Whole runs of luck are as likely as mixtures: they find what mixtures hide.
        let kept_of_four = dice.below(5);
        for pending in std::mem::take(&mut self.pending) {
            match pending {
                Pending::Length(length) if dice.below(4) < kept_of_four => self.durable.resize(length, 0),
                Pending::Length(_) => {}
                Pending::Write { offset, bytes } => {
                    for sector in sectors(offset, bytes.len()) {
                        if dice.below(4) < kept_of_four {
                            put(&mut self.durable, sector.start, &bytes[sector.start - offset..sector.end - offset]);
                        }
                    }
                }
            }
        }
        self.bytes.clone_from(&self.durable);
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.bytes);
        self.durable.clone_from(&self.bytes);
        self.pending.clear();
    }

    fn sync(&mut self) {
        for pending in self.pending.drain(..) {
            match pending {
                Pending::Length(length) => self.durable.resize(length, 0),
                Pending::Write { offset, bytes } => put(&mut self.durable, offset, &bytes),
            }
        }
    }
}

/// The parts of a write that reach the disk whole or not at all.
fn sectors(offset: usize, length: usize) -> impl Iterator<Item = Range<usize>> {
    let end = offset + length;
    let first = offset - offset % SECTOR_BYTES;
    (first..end).step_by(SECTOR_BYTES).map(move |at| at.max(offset)..(at + SECTOR_BYTES).min(end))
}

fn put(into: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    into.resize(into.len().max(offset + bytes.len()), 0);
    into[offset..offset + bytes.len()].copy_from_slice(bytes);
}

/// A process's hold on such a file. It is worth nothing once the process has ended.
#[derive(Debug)]
pub(super) struct SimBlocks {
    disk: SimDisk,
    path: PathBuf,
    opening: u64,
}

impl SimBlocks {
    pub(super) fn open(disk: &SimDisk, path: &Path, fresh: &dyn Fn() -> io::Result<Vec<u8>>) -> io::Result<Self> {
        let mut files = disk.files();
        files.openings += 1;
        let opening = files.openings;
        let blocks = match files.blocks.entry(path.to_owned()) {
            Entry::Occupied(blocks) => blocks.into_mut(),
            Entry::Vacant(place) => place.insert(Blocks::new(fresh()?)),
        };
        if blocks.holder.is_some() {
            return Err(io::Error::new(ErrorKind::ResourceBusy, "in use by another process"));
        }
        blocks.holder = Some(opening);
        drop(files);
        Ok(Self { disk: disk.clone(), path: path.to_owned(), opening })
    }

    fn look<T>(&self, what: impl FnOnce(&mut Blocks) -> io::Result<T>) -> io::Result<T> {
        what(self.held(&mut self.disk.files())?)
    }

    fn change<T>(&self, what: impl FnOnce(&mut Blocks) -> io::Result<T>) -> io::Result<T> {
        let mut files = self.disk.files();
        self.held(&mut files)?;
        if files.fails_from.is_some_and(|from| files.writes >= from) {
            return Err(io::Error::from_raw_os_error(libc::EIO));
        }
        files.writes += 1;
        what(self.held(&mut files)?)
    }

    fn held<'a>(&self, files: &'a mut Files) -> io::Result<&'a mut Blocks> {
        let blocks = files.blocks.get_mut(&self.path).filter(|blocks| blocks.holder == Some(self.opening));
        blocks.ok_or_else(|| io::Error::from_raw_os_error(libc::EBADF))
    }
}

impl BlockFile for SimBlocks {
    fn length(&self) -> io::Result<u64> {
        self.look(|blocks| Ok(blocks.bytes.len() as u64))
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.look(|blocks| {
            let at = place(offset)?;
            let found = blocks.bytes.get(at..at + out.len()).ok_or(ErrorKind::UnexpectedEof)?;
            out.copy_from_slice(found);
            Ok(())
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.change(|blocks| {
            let offset = place(offset)?;
            put(&mut blocks.bytes, offset, bytes);
            blocks.pending.push(Pending::Write { offset, bytes: bytes.to_vec() });
            Ok(())
        })
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let room = self.disk.files().room;
        self.change(|blocks| {
            if room.is_some_and(|room| length > room) && length > blocks.bytes.len() as u64 {
                return Err(io::Error::from_raw_os_error(libc::ENOSPC));
            }
            let length = place(length)?;
            blocks.bytes.resize(length, 0);
            blocks.pending.push(Pending::Length(length));
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.change(|blocks| {
            blocks.sync();
            Ok(())
        })
    }
}

impl Drop for SimBlocks {
    fn drop(&mut self) {
        let mut files = self.disk.files();
        if let Ok(blocks) = self.held(&mut files) {
            blocks.holder = None;
        }
    }
}

fn place(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| ErrorKind::FileTooLarge.into())
}

/// What a disk writes whole.
const SECTOR_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use weir::world::Disk as _;

    use super::*;

    fn file(disk: &SimDisk) -> Box<dyn BlockFile> {
        disk.blocks(Path::new("store"), &|| Ok(Vec::new())).unwrap()
    }

    fn read(disk: &SimDisk) -> Vec<u8> {
        let file = file(disk);
        let mut bytes = vec![0; file.length().unwrap() as usize];
        file.read_at(0, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_was_synced_is_never_lost_and_the_rest_is_lost_by_sectors() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..64 {
            let disk = SimDisk::default();
            let first = file(&disk);
            first.set_len(2048).unwrap();
            first.write_at(0, &[1; 2048]).unwrap();
            first.sync().unwrap();
            first.write_at(100, &[2; 1000]).unwrap();
            disk.lose_power(&Dice::new([seed; 32]));
            let left = read(&disk);
            assert!(left[..100].iter().chain(&left[1100..]).all(|byte| *byte == 1));
            seen.insert([left[100], left[512], left[1024]]);
        }
        assert_eq!(seen.len(), 8, "every mixture of lost and kept sectors");
    }

    #[test]
    fn a_file_that_is_open_is_not_opened_again_until_its_process_has_ended() {
        let disk = SimDisk::default();
        let first = file(&disk);
        first.set_len(1).unwrap();
        first.sync().unwrap();
        assert_eq!(disk.blocks(Path::new("store"), &|| Ok(Vec::new())).unwrap_err().kind(), ErrorKind::ResourceBusy);
        disk.drop_processes();
        let second = file(&disk);
        assert!(first.write_at(0, b"x").is_err() && first.length().is_err());
        drop(first);
        assert!(
            disk.blocks(Path::new("store"), &|| Ok(Vec::new())).is_err(),
            "the ended process does not unlock what another has locked"
        );
        second.write_at(0, b"y").unwrap();
    }

    #[test]
    fn a_full_disk_says_so_when_a_file_grows() {
        let disk = SimDisk::default();
        disk.set_room(Some(1024));
        let file = file(&disk);
        file.set_len(1024).unwrap();
        assert_eq!(file.set_len(1025).unwrap_err().kind(), ErrorKind::StorageFull);
        file.write_at(0, &[1; 1024]).unwrap();
    }
}
