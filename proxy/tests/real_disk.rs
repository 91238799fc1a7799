//! The embedded store on the operating system's disk: who may have its file, and what is left in it.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use tokio::task::LocalSet;
use weir::{
    storage::{Embedded, KeyRange, Op, ReadAt, Store as _, StoreError, Txn},
    world::{Mode, real},
};

/// A folder of one test, removed behind it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("data/store.redb")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn run<T>(body: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, body)
}

/// Opens it; waits for a writer that is about to end.
async fn open(path: &Path) -> Embedded {
    loop {
        match Embedded::open(&real::world([1; 32]), path).await {
            Err(StoreError::Unavailable(_)) => tokio::task::yield_now().await,
            opened => return opened.unwrap(),
        }
    }
}

#[test]
fn a_second_process_is_told_who_has_the_file() {
    let folder = Folder::new("taken");
    run(async {
        let _first = open(&folder.file()).await;
        let second = Embedded::open(&real::world([2; 32]), &folder.file()).await.unwrap_err();
        let holder = format!("{}: in use by process {}", folder.file().display(), std::process::id());
        assert_eq!(second, StoreError::Unavailable(holder));
    });
}

#[test]
fn what_was_written_is_there_when_the_file_is_opened_again_and_only_its_owner_may_read_it() {
    let folder = Folder::new("again");
    let put = Op::Put { key: "/a".into(), value: "1".into() };
    let revision = run(async {
        let store = open(&folder.file()).await;
        store.commit(Txn { then: vec![put], ..Txn::default() }).await.unwrap().revision
    });
    run(async {
        let store = open(&folder.file()).await;
        let listing = store.range(&KeyRange::all(), ReadAt::Latest, None).await.unwrap();
        assert_eq!((listing.revision, &*listing.records[0].value), (revision, &b"1"[..]));
    });
    for name in ["store.redb", "store.redb.lock"] {
        let mode = std::fs::metadata(folder.0.join("data").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_file_that_is_no_store_is_refused_by_name() {
    let folder = Folder::new("strange");
    for content in ["", "certainly no database"] {
        real::world([1; 32]).disk.replace(&folder.file(), content.as_bytes(), Mode::Public).unwrap();
        let refused = run(Embedded::open(&real::world([1; 32]), &folder.file())).unwrap_err();
        let StoreError::Corrupt(text) = &refused else { panic!("{refused}") };
        assert!(text.starts_with(&*folder.file().to_string_lossy()), "{text}");
    }
}
