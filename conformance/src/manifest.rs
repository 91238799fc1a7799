//! SHA-256 of every scenario, of all that was recorded, and of the tables made from Go's types: no one changes evidence by accident.

use std::{collections::BTreeMap, fs, io, path::Path};

use sha2::{Digest as _, Sha256};

use crate::evidence::{EvidenceError, files};

/// File names below `fixtures/` and their SHA-256 in hexadecimal.
pub type Manifest = BTreeMap<String, String>;

/// The manifest of the files as they are.
///
/// # Errors
/// A file cannot be read.
pub fn measure(root: &Path) -> Result<Manifest, EvidenceError> {
    let mut manifest = Manifest::new();
    for (folder, extension) in FOLDERS {
        for (id, path) in files(&root.join(folder), extension)? {
            let name = format!("{folder}/{id}.{extension}");
            if name != FILE {
                let bytes = fs::read(&path)
                    .map_err(|source| EvidenceError::Folder { path: path.display().to_string(), source })?;
                manifest.insert(name, hex(&Sha256::digest(&bytes)));
            }
        }
    }
    Ok(manifest)
}

/// The manifest that was written.
///
/// # Errors
/// It cannot be read.
pub fn read(root: &Path) -> io::Result<Manifest> {
    Ok(serde_json::from_str(&fs::read_to_string(root.join(FILE))?)?)
}

/// Writes the manifest of the files as they are.
///
/// # Errors
/// A file cannot be read or written.
pub fn write(root: &Path) -> Result<(), EvidenceError> {
    let mut text = serde_json::to_string_pretty(&measure(root)?).expect("text to text is JSON");
    text.push('\n');
    let path = root.join(FILE);
    fs::write(&path, text).map_err(|source| EvidenceError::Folder { path: path.display().to_string(), source })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const FILE: &str = "traces/manifest.json";

/// Folders below `fixtures/`, each with the ending of its files.
const FOLDERS: [(&str, &str); 8] = [
    ("scenarios", "yaml"),
    ("traces", "json"),
    ("traces", "snap"),
    ("vectors", "json"),
    ("documents", "json"),
    ("documents", "gz"),
    ("documents", "pb"),
    ("../proxy/src/rest/kinds", "json"),
];
