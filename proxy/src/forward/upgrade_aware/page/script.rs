use super::tokens::{ends_element, is_word};

/// Where in a `<script>` its next byte stands: its text may be hidden from old browsers in a comment, and hold scripts itself there.
///
/// Go: `golang.org/x/net/html` `Tokenizer.readScript`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Script {
    #[default]
    Plain,
    /// In a comment; so many dashes were the last, two are as good as more.
    Hidden(u8),
    /// In a script in a comment.
    Nested(u8),
}

impl Script {
    /// How many bytes of `rest` belong to the script; true if its end tag follows, else more must come to tell.
    pub(super) fn length(&mut self, rest: &[u8]) -> (usize, bool) {
        let mut at = 0;
        while let Some(byte) = rest.get(at) {
            if *byte != b'<' {
                *self = self.behind(*byte);
                at += 1;
                continue;
            }
            match self.bracket(&rest[at..]) {
                Some(Bracket::EndTag) => return (at, true),
                Some(Bracket::Goes(bytes, state)) => {
                    *self = state;
                    at += bytes;
                }
                None => return (at, false),
            }
        }
        (at, false)
    }

    /// The state behind a byte that is no `<`.
    fn behind(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Plain, _) | (Self::Hidden(2) | Self::Nested(2), b'>') => Self::Plain,
            (Self::Hidden(dashes), b'-') => Self::Hidden((dashes + 1).min(2)),
            (Self::Nested(dashes), b'-') => Self::Nested((dashes + 1).min(2)),
            (Self::Hidden(_), _) => Self::Hidden(0),
            (Self::Nested(_), _) => Self::Nested(0),
        }
    }

    /// What the `<` at the beginning of `rest` begins; none if too little has come.
    fn bracket(self, rest: &[u8]) -> Option<Bracket> {
        let goes = |bytes, state| Some(Bracket::Goes(bytes, state));
        let next = *rest.get(1)?;
        match (self, next) {
            (Self::Plain | Self::Hidden(_), b'/') if ends_element(rest, SCRIPT)? => Some(Bracket::EndTag),
            (Self::Plain, b'!') => match (rest.get(2)?, rest.get(3)) {
                (b'-', dash) if *dash? == b'-' => goes(4, Self::Hidden(2)),
                (b'-', _) => goes(3, Self::Plain),
                _ => goes(2, Self::Plain),
            },
            (Self::Plain, _) => goes(1, Self::Plain),
            (Self::Hidden(_), b'/') => goes(2, Self::Hidden(0)),
            (Self::Hidden(_), letter) if letter.is_ascii_alphabetic() => {
                if is_word(&rest[1..], SCRIPT)? {
                    goes(2 + SCRIPT.len(), Self::Nested(0))
                } else {
                    goes(1, Self::Hidden(0))
                }
            }
            // Go leaves the comment here; browsers do not.
            (Self::Hidden(_), _) => goes(1, Self::Plain),
            (Self::Nested(_), b'/') if ends_element(rest, SCRIPT)? => goes(3 + SCRIPT.len(), Self::Hidden(0)),
            (Self::Nested(_), b'/') => goes(2, Self::Nested(0)),
            (Self::Nested(_), _) => goes(1, Self::Nested(0)),
        }
    }
}

enum Bracket {
    /// The end of the script.
    EndTag,
    /// So many bytes, and the state behind them.
    Goes(usize, Script),
}

const SCRIPT: &[u8] = b"script";
