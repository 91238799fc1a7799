//! What Go itself is not steady in: both sides are masked in the same way. `fixtures/masks.toml` is the list.

use std::{fs, io, path::Path};

use regex::Regex;
use serde::Deserialize;

/// All masks, in the order they are applied.
#[derive(Debug)]
pub struct Masks(Vec<Mask>);

#[derive(Debug)]
struct Mask {
    pattern: Regex,
    replace: String,
}

/// Why the masks cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct MaskError {
    path: String,
    reason: MaskFault,
}

#[derive(Debug, thiserror::Error)]
enum MaskFault {
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    #[error(transparent)]
    Wrong(#[from] toml::de::Error),
    #[error("mask {name:?}: {source}")]
    Pattern { name: String, source: regex::Error },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaskFile {
    #[serde(default)]
    mask: Vec<MaskEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaskEntry {
    name: String,
    pattern: String,
    replace: String,
    #[serde(rename = "reason")]
    _reason: String,
}

impl Masks {
    /// Reads the list.
    ///
    /// # Errors
    /// The file cannot be read, or is not of the format.
    pub fn read(path: &Path) -> Result<Self, MaskError> {
        let wrong = |reason| MaskError { path: path.display().to_string(), reason };
        let text = fs::read_to_string(path).map_err(|error| wrong(error.into()))?;
        let file: MaskFile = toml::from_str(&text).map_err(|error| wrong(error.into()))?;
        let mut masks = Vec::new();
        for MaskEntry { name, pattern, replace, .. } in file.mask {
            let pattern = Regex::new(&pattern).map_err(|source| wrong(MaskFault::Pattern { name, source }))?;
            masks.push(Mask { pattern, replace });
        }
        Ok(Self(masks))
    }

    /// Masks one text that was received.
    pub fn apply(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, mask| mask.pattern.replace_all(&text, mask.replace.as_str()).into_owned())
    }
}
