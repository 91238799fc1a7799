//! Bytes as lines of a transcript.

use std::fmt::Write as _;

/// A line of a transcript.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Text, its end visible.
    Line(String),
    /// So many lines above stand there so many times in all.
    Repeat {
        /// One line, or several.
        lines: String,
        /// How often, the shown time included.
        times: usize,
    },
}

/// Text as lines; lines that repeat are shown once.
pub(super) fn folded(text: &str) -> Vec<Shown> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut shown = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let (width, times) = repetition(&lines[at..], LINES_FOLDED_MAX);
        let folds = width * times >= LINES_FOLDED_MIN;
        shown.extend(lines[at..at + width].iter().map(|line| Shown::Line(visible(line))));
        if folds {
            let lines = if width == 1 { "the line".to_owned() } else { format!("the {width} lines") };
            shown.push(Shown::Repeat { lines, times });
        }
        at += if folds { width * times } else { width };
    }
    shown
}

/// One line without control bytes, its end visible and its runs counted.
pub(super) fn visible(line: &str) -> String {
    let (line, end) = match (line.strip_suffix("\r\n"), line.strip_suffix('\n')) {
        (Some(line), _) => (line, "↵"),
        (None, Some(line)) => (line, "␊"),
        (None, None) => (line, ""),
    };
    let characters: Vec<char> = line.chars().collect();
    let mut out = String::with_capacity(line.len() + 4);
    let mut at = 0;
    while at < characters.len() {
        let (width, times) = repetition(&characters[at..], UNIT_FOLDED_MAX);
        if width * times >= RUN_FOLDED_MIN && times > 2 {
            out.push('(');
            characters[at..at + width].iter().for_each(|character| push(&mut out, *character));
            write!(out, " × {times})").expect("a String takes what is written");
            at += width * times;
        } else {
            push(&mut out, characters[at]);
            at += 1;
        }
    }
    out.push_str(end);
    out
}

fn push(out: &mut String, character: char) {
    if matches!(character, ' '..='~') {
        out.push(character);
    } else {
        write!(out, "\\x{:02x}", u32::from(character)).expect("a String takes what is written");
    }
}

/// What the list begins with, repeated most: how wide it is and how often it stands there in a row.
fn repetition<T: PartialEq>(list: &[T], width_max: usize) -> (usize, usize) {
    let mut best = (1, 1);
    for width in 1..=width_max.min(list.len() / 2) {
        let times = 1 + list[width..].chunks_exact(width).take_while(|chunk| *chunk == &list[..width]).count();
        if times > 1 && width * times > best.0 * best.1 {
            best = (width, times);
        }
    }
    best
}

/// A run of a few characters is folded when it is so long.
const RUN_FOLDED_MIN: usize = 48;
const UNIT_FOLDED_MAX: usize = 16;
/// Lines are folded when there would be so many.
const LINES_FOLDED_MIN: usize = 6;
const LINES_FOLDED_MAX: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_visible() {
        let lines = ["a↵", "b␊", "\\x0dc"].map(|line| Shown::Line(line.to_owned()));
        assert_eq!(folded("a\r\nb\n\rc"), lines);
    }

    #[test]
    fn runs_are_counted() {
        assert_eq!(visible(&format!("x{}yy", "a".repeat(40_000))), "x(a × 40000)yy");
        assert_eq!(visible(&"\u{0}\u{ff}".repeat(100)), "(\\x00\\xff × 100)");
        assert_eq!(visible(&"a".repeat(20)), "a".repeat(20));
    }

    #[test]
    fn repeated_lines_are_counted() {
        assert_eq!(
            folded(&format!("{}0\r\n", "1\r\na\r\n".repeat(100))),
            [
                Shown::Line("1↵".to_owned()),
                Shown::Line("a↵".to_owned()),
                Shown::Repeat { lines: "the 2 lines".to_owned(), times: 100 },
                Shown::Line("0↵".to_owned()),
            ]
        );
    }
}
