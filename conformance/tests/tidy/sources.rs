//! The house's own files.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file of Rust.
pub(crate) struct Source {
    /// From the top of the repository: `proxy/src/lib.rs`.
    pub(crate) path: String,
    /// As it stands there.
    pub(crate) text: String,
    /// Without comments and without what stands in quotes.
    pub(crate) code: String,
}

impl Source {
    /// Whether all of it is tests.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// Whether a program wrote it.
    pub(crate) fn is_generated(&self) -> bool {
        self.text.lines().next().is_some_and(|line| line.ends_with("; do not edit."))
    }

    /// What stands before the tests at the end of the file.
    pub(crate) fn code_without_tests(&self) -> &str {
        self.code.split("#[cfg(test)]").next().unwrap_or_default()
    }
}

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files of Rust below a folder, sorted.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("a folder of the repository") {
            let entry = entry.expect("a file of the repository");
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.ends_with(".rs") {
                let text = fs::read_to_string(entry.path()).expect("Rust is UTF-8");
                let code = code(&text);
                found.push(Source { path, text, code });
            }
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

/// Lines without comments; what stands in quotes on one line is emptied.
fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let mut quoted = false;
        let mut last = ' ';
        for character in line.chars() {
            if character == '"' && last != '\\' && last != '\'' {
                quoted = !quoted;
            } else if !quoted && character == '/' && last == '/' {
                out.pop();
                break;
            }
            if !quoted {
                out.push(character);
            }
            last = character;
        }
        out.push('\n');
    }
    out
}
