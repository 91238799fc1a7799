//! Inputs as files: those that were found, and those that are known.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Writes an input that failed, under a name that its bytes give.
pub(crate) fn keep(folder: &Path, input: &[u8]) -> io::Result<PathBuf> {
    write(folder, "found", input)
}

/// Writes an input, under a name that its bytes give.
pub(crate) fn write(folder: &Path, kind: &str, input: &[u8]) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{kind}-{:016x}", fnv1a(input)));
    fs::write(&path, input)?;
    Ok(path)
}

/// The inputs of a folder with their names, sorted by name; none if there is no folder.
pub(crate) fn read(folder: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut inputs = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(inputs),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        inputs.push((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?));
    }
    inputs.sort();
    Ok(inputs)
}

/// A shorter input that still fails: pieces are left out, the large ones first, as long as that helps.
pub(crate) fn minimise(input: &[u8], fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut smallest = input.to_vec();
    let mut size = smallest.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < smallest.len() {
            let mut shorter = smallest.clone();
            shorter.drain(at..(at + size).min(smallest.len()));
            if fails(&shorter) {
                smallest = shorter;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    smallest
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
