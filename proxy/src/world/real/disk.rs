//! The operating system's files.
#![expect(clippy::disallowed_methods, reason = "this is the world that the bans point to")]

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::Path,
};

use bytes::Bytes;

use crate::world::{BlockFile, Disk, Lock, Mode, folder_of};

#[derive(Debug)]
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn read(&self, path: &Path) -> io::Result<Bytes> {
        let mut bytes = Vec::new();
        File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            let words = format!("found more than {FILE_BYTES_MAX} bytes, expected less");
            return Err(io::Error::new(ErrorKind::FileTooLarge, words));
        }
        Ok(bytes.into())
    }

    fn write(&self, path: &Path, bytes: &[u8], mode: Mode) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(match mode {
                Mode::Secret => 0o600,
                Mode::Public => 0o644,
            })
            .open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir(folder)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)?;
        match std::fs::remove_dir(folder_of(path)) {
            Err(error) if error.kind() != ErrorKind::DirectoryNotEmpty => Err(error),
            _ => Ok(()),
        }
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn BlockFile>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Box::new(RealBlocks(file)))
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        Ok(Box::new(locked(path)?))
    }
}

/// A file that this process has locked, and that tells others who that is. The lock ends with the process, however it ends.
fn locked(path: &Path) -> io::Result<File> {
    let mut lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    match lock.try_lock() {
        Ok(()) => {
            lock.set_len(0)?;
            lock.write_all(std::process::id().to_string().as_bytes())?;
            Ok(lock)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Whoever has just locked it may not have written it yet.
            let holder = match lock.read_to_string(&mut holder) {
                Ok(1..) => format!("process {holder}"),
                Ok(0) | Err(_) => "another process".to_owned(),
            };
            Err(io::Error::new(ErrorKind::ResourceBusy, format!("in use by {holder}")))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[derive(Debug)]
struct RealBlocks(File);

impl BlockFile for RealBlocks {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(out, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        // Zeros that are written take their room now; a hole would take it when a commit is half done.
        let mut grown = self.length()?;
        while grown < length {
            let piece = usize::try_from(length - grown).map_or(ZEROS.len(), |left| left.min(ZEROS.len()));
            self.0.write_all_at(&ZEROS[..piece], grown)?;
            grown += piece as u64;
        }
        self.0.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// No certificate and no list of users is larger.
const FILE_BYTES_MAX: u64 = 64 << 20;
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];
