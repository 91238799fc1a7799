//! The names of files and folders: as processes see them, and as a loss of power leaves them.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use weir::world::{Dice, folder_of};

use super::missing;

/// What has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A folder.
    Folder,
    /// A file, by its number.
    File(u64),
}

/// All names. `/` and `.` are always there.
#[derive(Debug, Default)]
pub(super) struct Names {
    now: BTreeMap<PathBuf, Entry>,
    /// What a loss of power leaves in any case.
    durable: BTreeMap<PathBuf, Entry>,
    /// What was done since the last sync of its folder, in this order: each is done as a whole.
    pending: Vec<Change>,
}

/// Names that change together: to what they name from then on, if anything.
type Change = Vec<(PathBuf, Option<Entry>)>;

impl Names {
    pub(super) fn get(&self, path: &Path) -> Option<Entry> {
        if [Path::new("/"), Path::new("."), Path::new("")].contains(&path) {
            return Some(Entry::Folder);
        }
        self.now.get(path).copied()
    }

    /// Changes names of one folder at once.
    pub(super) fn change<const N: usize>(&mut self, change: [(&Path, Option<Entry>); N]) -> io::Result<()> {
        if change.iter().any(|(path, _)| self.get(folder_of(path)) != Some(Entry::Folder)) {
            return Err(missing());
        }
        let change: Change = change.into_iter().map(|(path, entry)| (path.to_owned(), entry)).collect();
        apply(&mut self.now, &change);
        self.pending.push(change);
        Ok(())
    }

    /// Removes a folder if nothing is in it.
    pub(super) fn remove_if_empty(&mut self, folder: &Path) -> io::Result<()> {
        let is_used = self.now.keys().any(|path| folder_of(path) == folder);
        if is_used || !self.now.contains_key(folder) { Ok(()) } else { self.change([(folder, None)]) }
    }

    /// Makes the names in a folder safe.
    pub(super) fn sync(&mut self, folder: &Path) {
        for change in std::mem::take(&mut self.pending) {
            if change.iter().all(|(path, _)| folder_of(path) == folder) {
                apply(&mut self.durable, &change);
            } else {
                self.pending.push(change);
            }
        }
    }

    /// Of what was not made safe the first changes are kept: none, some or all. What stands in a folder that is lost is lost with it.
    pub(super) fn lose_power(&mut self, dice: &mut Dice) {
        let all = self.pending.len();
        let kept = match dice.below(3) {
            0 => 0,
            1 => all,
            _ => dice.below(all as u64 + 1) as usize,
        };
        self.pending.drain(..).take(kept).for_each(|change| apply(&mut self.durable, &change));
        self.now.clear();
        // A folder stands before what is in it.
        for (path, entry) in std::mem::take(&mut self.durable) {
            if self.get(folder_of(&path)) == Some(Entry::Folder) {
                self.now.insert(path, entry);
            }
        }
        self.durable.clone_from(&self.now);
    }
}

fn apply(names: &mut BTreeMap<PathBuf, Entry>, change: &Change) {
    for (path, entry) in change {
        match entry {
            Some(entry) => drop(names.insert(path.clone(), *entry)),
            None => drop(names.remove(path)),
        }
    }
}
