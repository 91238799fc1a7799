//! The bytes of a file, on a disk that may lose its power in the middle of a write.

use std::ops::Range;

use weir::world::Dice;

/// The bytes as their process sees them, and what would be left of them.
#[derive(Debug)]
pub(super) struct Inode {
    bytes: Vec<u8>,
    /// What a loss of power leaves in any case.
    durable: Vec<u8>,
    /// What was done since the last sync.
    pending: Vec<Pending>,
}

#[derive(Debug)]
enum Pending {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Inode {
    /// Bytes that are safe.
    pub(super) fn synced(bytes: Vec<u8>) -> Self {
        Self { durable: bytes.clone(), bytes, pending: Vec::new() }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        put(&mut self.bytes, offset, bytes);
        self.pending.push(Pending::Write { offset, bytes: bytes.to_vec() });
    }

    pub(super) fn set_len(&mut self, length: usize) {
        self.bytes.resize(length, 0);
        self.pending.push(Pending::Length(length));
    }

    pub(super) fn sync(&mut self) {
        for pending in self.pending.drain(..) {
            match pending {
                Pending::Length(length) => self.durable.resize(length, 0),
                Pending::Write { offset, bytes } => put(&mut self.durable, offset, &bytes),
            }
        }
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

/// What a disk writes whole.
const SECTOR_BYTES: usize = 512;
