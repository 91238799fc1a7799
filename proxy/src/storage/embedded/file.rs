use std::{
    fmt,
    io::{self, ErrorKind},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{Arc, RwLock, RwLockReadGuard},
};

use redb::{Builder, Database, Durability, Error, ReadableDatabase as _};

use super::{
    backend::{Backend, Image},
    tables::{self, Draft, FORMAT_NOW},
};
use crate::{
    config::limits::STORE_FILE_CACHE_BYTES,
    storage::{KeyRange, Listing, ReadAt, Revision, StoreError},
    world::{BlockFile, Disk},
};

/// The store's file.
pub(super) struct StoreFile {
    path: PathBuf,
    blocks: Arc<dyn BlockFile>,
    /// Locked for writing only while it is opened again; none when that failed.
    database: RwLock<Option<Database>>,
}

/// How a group of transactions was not written.
#[derive(Debug)]
pub(super) enum Failed {
    /// There is no room: nothing was written.
    Full,
    /// Nothing was written.
    Before(String),
    /// While it was made to last: it may have been written.
    During(String),
}

impl StoreFile {
    pub(super) fn open(disk: &dyn Disk, path: &Path) -> Result<Self, StoreError> {
        let fresh = || empty().map_err(io::Error::other);
        let blocks = disk.blocks(path, &fresh).map_err(|error| wrong(path, Error::Io(error)))?;
        let blocks: Arc<dyn BlockFile> = Arc::from(blocks);
        let database = open(&blocks).map_err(|error| wrong(path, error))?;
        let file = Self { path: path.to_owned(), blocks, database: RwLock::new(Some(database)) };
        file.check_format()?;
        Ok(file)
    }

    fn check_format(&self) -> Result<(), StoreError> {
        let database = self.database();
        let database = database.as_ref().ok_or_else(|| self.gone())?;
        let format = database.begin_read().map_err(Error::from).and_then(|read| tables::format(&read));
        match format.map_err(|error| self.wrong(error))? {
            Some(FORMAT_NOW) => Ok(()),
            Some(other) => Err(self.corrupt(&format!("it has format {other}, expected {FORMAT_NOW}"))),
            None => Err(self.corrupt("it is not a store of Weir")),
        }
    }

    /// The newest revision, and the bytes of what it does not have. Reads all of the file.
    pub(super) fn measure(&self) -> Result<(Revision, u64), StoreError> {
        let database = self.database();
        let database = database.as_ref().ok_or_else(|| self.gone())?;
        let measured = database.begin_read().map_err(Error::from).and_then(|read| tables::measure(&read));
        measured.map_err(|error| self.wrong(error))
    }

    /// The records of a range at a revision.
    pub(super) fn range(
        &self,
        keys: &KeyRange,
        at: ReadAt,
        limit: Option<NonZeroUsize>,
    ) -> Result<Listing, StoreError> {
        let database = self.database();
        let database = database.as_ref().ok_or_else(|| self.gone())?;
        let read = database.begin_read().map_err(|error| self.wrong(error.into()))?;
        let span = tables::span(&read).map_err(|error| self.wrong(error))?;
        let at = match at {
            ReadAt::Latest => span.newest,
            ReadAt::Exactly(revision) if revision > span.newest => return Err(StoreError::Future(span.newest)),
            ReadAt::Exactly(revision) if revision < span.oldest => return Err(StoreError::Compacted(span.oldest)),
            ReadAt::Exactly(revision) => revision,
        };
        tables::list(&read, keys, at, limit).map_err(|error| self.wrong(error))
    }

    /// Writes what `draft` says, and makes it last as `durability` says. `history` is what the draft before has counted.
    pub(super) fn write<T>(
        &self,
        durability: Durability,
        history: u64,
        draft: impl FnOnce(&mut Draft<'_>) -> Result<T, Error>,
    ) -> Result<T, Failed> {
        let database = self.database();
        let database = database.as_ref().ok_or_else(|| Failed::Before(self.gone().to_string()))?;
        let drafted = || {
            let mut write = database.begin_write()?;
            write.set_durability(durability)?;
            let mut tables = Draft::of(&write, history)?;
            let made = draft(&mut tables)?;
            let changed = tables.changed;
            drop(tables);
            Ok((made, changed.then_some(write)))
        };
        let (made, write) = drafted().map_err(|error| self.failed(error, Failed::Before))?;
        // What changed nothing needs no sync: it saw only what lasts already.
        if let Some(write) = write {
            write.commit().map_err(|error| self.failed(error.into(), Failed::During))?;
        }
        Ok(made)
    }

    fn failed(&self, error: Error, how: fn(String) -> Failed) -> Failed {
        match error {
            Error::Io(error) if is_full(error.kind()) => Failed::Full,
            error => how(format!("{}: {error}", self.path.display())),
        }
    }

    /// Opens it again behind a failure: gives its newest revision.
    pub(super) fn reopen(&self) -> Result<Revision, StoreError> {
        let mut database = self.database.write().expect("nothing panics while it opens the file");
        // The old one first: it writes when it is dropped.
        *database = None;
        *database = Some(open(&self.blocks).map_err(|error| self.wrong(error))?);
        drop(database);
        Ok(self.measure()?.0)
    }

    fn database(&self) -> RwLockReadGuard<'_, Option<Database>> {
        self.database.read().expect("nothing panics while it opens the file")
    }

    fn gone(&self) -> StoreError {
        StoreError::Unavailable(format!("{}: it could not be opened again", self.path.display()))
    }

    fn corrupt(&self, what: &str) -> StoreError {
        StoreError::Corrupt(format!("{}: {what}", self.path.display()))
    }

    fn wrong(&self, error: Error) -> StoreError {
        wrong(&self.path, error)
    }
}

fn open(blocks: &Arc<dyn BlockFile>) -> Result<Database, Error> {
    let mut builder = Builder::new();
    // All of it is read once anyway, for the watch cache; a flipped bit is found then and not later.
    builder.set_cache_size(STORE_FILE_CACHE_BYTES).set_check_integrity_on_open(true);
    Ok(builder.create_with_backend(Backend(Arc::clone(blocks)))?)
}

/// The bytes of a file with an empty store in it.
fn empty() -> Result<Vec<u8>, Error> {
    let image = Image::default();
    let database = Builder::new().create_with_backend(image.clone())?;
    let write = database.begin_write()?;
    tables::make(&write)?;
    write.commit()?;
    // It writes what it knows of its pages when it is dropped.
    drop(database);
    Ok(image.bytes())
}

fn wrong(path: &Path, error: Error) -> StoreError {
    let text = match &error {
        Error::Io(error) => format!("{}: {error}", path.display()),
        error => format!("{}: {error}", path.display()),
    };
    match error {
        Error::Corrupted(_) | Error::UpgradeRequired(_) | Error::TableTypeMismatch { .. } => StoreError::Corrupt(text),
        // redb's way to say that the file does not begin as one of its own.
        Error::Io(error) if error.kind() == ErrorKind::InvalidData => StoreError::Corrupt(text),
        Error::Io(error) if is_full(error.kind()) => StoreError::Full,
        _ => StoreError::Unavailable(text),
    }
}

fn is_full(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}

impl fmt::Debug for StoreFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreFile({})", self.path.display())
    }
}
