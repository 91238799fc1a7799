//! What a client is told beside the answer.

use std::collections::BTreeSet;

use crate::config::limits;

/// What the client is told beside the answer, in `Warning` fields: each text once, and no more than fits into a head.
///
/// Go: `apiserver/pkg/endpoints/filters/warning.go` `recorder`.
#[derive(Debug, Default)]
pub struct Warnings {
    known: BTreeSet<String>,
    /// In the order in which they came, each as long as it may be.
    told: Vec<String>,
    /// Characters of `told`.
    characters: usize,
    /// They were more than may be told: each is cut from now on.
    cut: bool,
}

impl Warnings {
    /// Adds a text. One that was said already, or cannot stand in a field, is left out.
    pub fn add(&mut self, text: impl Into<String>) {
        let text = text.into();
        let full = self.cut && self.characters >= limits::WARNING_CHARACTERS_MAX;
        if full || text.is_empty() || text.contains(char::is_control) || !self.known.insert(text.clone()) {
            return;
        }
        self.tell(text);
        if !self.cut && self.characters > limits::WARNING_CHARACTERS_MAX {
            self.cut = true;
            self.characters = 0;
            for text in std::mem::take(&mut self.told) {
                self.tell(text);
            }
        }
    }

    /// The values of the fields. Go: `apimachinery/pkg/util/net/http.go` `NewWarningHeader`.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = String> {
        self.told.iter().map(|text| format!("299 - \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
    }

    fn tell(&mut self, text: String) {
        let text: String = if self.cut { text.chars().take(limits::WARNING_CUT_CHARACTERS).collect() } else { text };
        self.characters += text.chars().count();
        self.told.push(text);
    }
}

impl Extend<String> for Warnings {
    fn extend<I: IntoIterator<Item = String>>(&mut self, texts: I) {
        for text in texts {
            self.add(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(texts: impl IntoIterator<Item = String>) -> Vec<String> {
        let mut warnings = Warnings::default();
        warnings.extend(texts);
        warnings.values().collect()
    }

    #[test]
    fn each_text_is_told_once_and_quoted() {
        let texts = ["a \"b\" \\c", "", "a \"b\" \\c", "two\nlines", "é"].map(str::to_owned);
        assert_eq!(values(texts), [r#"299 - "a \"b\" \\c""#, "299 - \"é\""]);
    }

    #[test]
    fn what_fits_is_told_whole() {
        let texts = [format!("a{}", "x".repeat(4_000)), "y".repeat(95)];
        assert_eq!(values(texts).iter().map(String::len).collect::<Vec<_>>(), [4_009, 103]);
    }

    /// A body of 3 MiB with 300,000 unknown fields made a head of 10 MB: the client was told of an error where the object was created.
    #[test]
    fn texts_that_do_not_fit_are_cut_and_then_left_out() {
        let mut warnings = Warnings::default();
        for at in 0..300_000 {
            warnings.add(format!("{at:06}{}", "é".repeat(300)));
        }
        let lengths: Vec<usize> = warnings.values().map(|value| value.chars().count()).collect();
        assert_eq!(lengths, [256 + 8; 16], "the first ones too are cut when they are too many together");
        assert!(warnings.known.len() < 100, "nothing is kept of what is not told");
    }
}
