use std::{
    ffi::OsString,
    fmt,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use bytes::Bytes;

/// Files: certificates, configuration, the store.
///
/// What a disk can do stands first; behind it what is made of that, the same for every disk.
pub trait Disk: fmt::Debug + Send + Sync {
    /// The whole file.
    ///
    /// # Errors
    /// [`ErrorKind::FileTooLarge`]: it is larger than any certificate or list of users is, or has no end, as `/dev/zero`.
    fn read(&self, path: &Path) -> io::Result<Bytes>;

    /// Makes a file, or empties the one that is there, and writes `bytes`, which survive a loss of power; its name does so behind
    /// [`Disk::sync_folder`].
    fn write(&self, path: &Path, bytes: &[u8], mode: Mode) -> io::Result<()>;

    /// Gives a file another name in the same folder, in the place of whatever had it: at once, or not at all.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes a folder in one that is there.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`], [`ErrorKind::NotFound`]: the one that it is to stand in.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;

    /// Returns when the names in a folder, as they are, survive a loss of power.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Takes a file away, and its folder too where nothing else is in it.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Opens a file that is there to be read and written anywhere.
    fn open(&self, path: &Path) -> io::Result<Box<dyn BlockFile>>;

    /// Locks a file, and makes it if there is none. The lock ends with what is returned, and with the process, however that ends.
    ///
    /// # Errors
    /// [`ErrorKind::ResourceBusy`]: another process has it; the text names that process where it is known.
    fn lock(&self, path: &Path) -> io::Result<Lock>;

    /// Puts a whole file in the place of another, or nowhere. Makes the folder if there is none. All of it survives a loss of power.
    fn replace(&self, path: &Path, bytes: &[u8], mode: Mode) -> io::Result<()> {
        let folder = folder_of(path);
        make_folders(self, folder)?;
        let draft = beside(path, ".", ".draft")?;
        self.write(&draft, bytes, mode)?;
        self.rename(&draft, path)?;
        self.sync_folder(folder)
    }

    /// Opens a file to be read and written anywhere, for its owner alone. If there is none it comes into being, and its folder too,
    /// with all that `fresh` gives, or not at all. Its name survives a loss of power.
    ///
    /// # Errors
    /// [`ErrorKind::ResourceBusy`]: another process has it open; the text names that process where it is known.
    fn blocks(&self, path: &Path, fresh: &dyn Fn() -> io::Result<Vec<u8>>) -> io::Result<Box<dyn BlockFile>> {
        let folder = folder_of(path);
        make_folders(self, folder)?;
        let lock = self.lock(&beside(path, "", ".lock")?)?;
        let file = match self.open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.replace(path, &fresh()?, Mode::Secret)?;
                self.open(path)?
            }
            opened => opened?,
        };
        // Whoever made the file or the folders above it may have been killed before their names were safe.
        self.sync_folder(folder)?;
        for above in folder.ancestors().skip(1) {
            let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
            match self.sync_folder(above) {
                // A folder that this process may not read or that its file system does not sync: others look after it.
                Err(error) if !UNSYNCABLE.contains(&error.kind()) => return Err(error),
                _ => {}
            }
        }
        Ok(Box::new(Locked { file, _lock: lock }))
    }
}

/// How a file system says that a folder is none of this process's business.
const UNSYNCABLE: [ErrorKind; 4] =
    [ErrorKind::PermissionDenied, ErrorKind::InvalidInput, ErrorKind::Unsupported, ErrorKind::ReadOnlyFilesystem];

/// Makes a folder and those above it, and returns when their names survive a loss of power.
fn make_folders(disk: &(impl Disk + ?Sized), folder: &Path) -> io::Result<()> {
    let above = folder_of(folder);
    match disk.make_folder(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make_folders(disk, above)?;
            disk.make_folder(folder)?;
        }
        made => made?,
    }
    disk.sync_folder(above)
}

/// The folder that a file or a folder stands in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file in the same folder, whose name has something before and behind.
fn beside(path: &Path, before: &str, behind: &str) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::other("a path without a file name"))?;
    let mut other = OsString::from(before);
    other.push(name);
    other.push(behind);
    Ok(folder_of(path).join(other))
}

/// What holds a lock until it is dropped.
pub type Lock = Box<dyn fmt::Debug + Send + Sync>;

/// A file that is open as long as it is locked.
#[derive(Debug)]
struct Locked {
    file: Box<dyn BlockFile>,
    _lock: Lock,
}

impl BlockFile for Locked {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, out)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, bytes)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
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

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The owner alone, 0600: keys and tokens.
    Secret,
    /// Everybody, 0644.
    Public,
}
