//! Text in YAML: plain where it can be, else quoted; folded behind column 80.

use super::Writer;

/// Lines are folded at the first blank behind this column. Go: `emitterc.go` `best_width`.
const WIDTH: usize = 80;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

/// Whether a text may be folded: a key may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Folds {
    Yes,
    No,
}

impl Writer {
    /// A text whose further lines are indented so far.
    pub(super) fn scalar(&mut self, text: &str, indent: usize) {
        self.styled(text, style(text), indent, Folds::Yes);
    }

    /// A key that stands before its colon on one line.
    pub(super) fn simple_key(&mut self, text: &str) {
        let style = if text.is_empty() { Style::SingleQuoted } else { style(text) };
        self.styled(text, style, 0, Folds::No);
    }

    fn styled(&mut self, text: &str, style: Style, indent: usize, folds: Folds) {
        match style {
            Style::Plain => self.folded(text, indent, folds, |writer, character| writer.put_char(character)),
            Style::SingleQuoted => {
                self.put("'");
                self.folded(text, indent, folds, |writer, character| {
                    if character == '\'' {
                        writer.put_char(character);
                    }
                    writer.put_char(character);
                });
                self.put("'");
            }
            Style::DoubleQuoted => self.double_quoted(text, indent, folds),
            Style::Literal => self.literal(text, indent),
        }
    }

    /// Go: `yaml_emitter_write_plain_scalar`, `yaml_emitter_write_single_quoted_scalar`.
    fn folded(&mut self, text: &str, indent: usize, folds: Folds, put: impl Fn(&mut Self, char)) {
        let mut behind_space = false;
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next_is_space = characters.peek().is_some_and(|(_, next)| *next == ' ');
            let inside = at > 0 && characters.peek().is_some();
            if character == ' ' && self.may_fold(folds, behind_space) && inside && !next_is_space {
                self.line(indent);
            } else {
                put(self, character);
            }
            behind_space = character == ' ';
        }
    }

    fn may_fold(&self, folds: Folds, behind_space: bool) -> bool {
        folds == Folds::Yes && !behind_space && self.column > WIDTH
    }

    /// Go: `yaml_emitter_write_double_quoted_scalar`.
    fn double_quoted(&mut self, text: &str, indent: usize, folds: Folds) {
        self.put("\"");
        let mut behind_space = false;
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            if character == ' ' && self.may_fold(folds, behind_space) && at > 0 && next.is_some() {
                self.line(indent);
                if next == Some(' ') {
                    self.put("\\");
                }
            } else {
                self.escaped(character);
            }
            behind_space = character == ' ';
        }
        self.put("\"");
    }

    fn escaped(&mut self, character: char) {
        let short = match character {
            '\0' => '0',
            '\x07' => 'a',
            '\x08' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\x0b' => 'v',
            '\x0c' => 'f',
            '\r' => 'r',
            '\x1b' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{a0}' if !is_printable(character) => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            other if is_printable(other) => return self.put_char(other),
            other => {
                let code = u32::from(other);
                let escape = match code {
                    ..=0xff => format!("\\x{code:02X}"),
                    0x100..=0xffff => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                return self.put(&escape);
            }
        };
        self.put("\\");
        self.put_char(short);
    }

    /// Go: `yaml_emitter_write_literal_scalar`, `yaml_emitter_write_block_scalar_hints`.
    fn literal(&mut self, text: &str, indent: usize) {
        self.put("|");
        if text.starts_with([' ', '\n']) {
            self.put("2");
        }
        match text.strip_suffix('\n') {
            None => self.put("-"),
            Some(before) if before.is_empty() || before.ends_with('\n') => self.put("+"),
            Some(_) => {}
        }
        self.out.push('\n');
        for line in text.split_inclusive('\n') {
            if line != "\n" {
                self.indent(indent);
            }
            self.out.push_str(line);
        }
        self.column = indent;
    }
}

/// Go: `encode.go` `stringv`, `emitterc.go` `yaml_emitter_analyze_scalar` and `yaml_emitter_select_scalar_style`.
fn style(text: &str) -> Style {
    let special = text.chars().any(|character| character != '\n' && !is_printable(character));
    let blank_before_break = text.contains(" \n") || special;
    if text.contains('\n') {
        let literal = !blank_before_break && !text.ends_with(' ');
        return if literal { Style::Literal } else { Style::DoubleQuoted };
    }
    if resolves(text) {
        return Style::DoubleQuoted;
    }
    if special {
        return Style::DoubleQuoted;
    }
    let quoted = text.starts_with(' ') || text.ends_with(' ') || has_indicators(text);
    if quoted { Style::SingleQuoted } else { Style::Plain }
}

/// Whether plain text would be read as structure.
fn has_indicators(text: &str) -> bool {
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    if text.starts_with("---") || text.starts_with("...") {
        return true;
    }
    let mut first = true;
    while let Some(character) = characters.next() {
        let blank_follows = characters.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
        let indicates = match character {
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' if first => {
                true
            }
            '?' | '-' if first => blank_follows,
            ':' => blank_follows,
            '#' => matches!(before, ' ' | '\t'),
            _ => false,
        };
        if indicates {
            return true;
        }
        first = false;
        before = character;
    }
    false
}

/// Go: `yamlprivateh.go` `is_printable`.
fn is_printable(character: char) -> bool {
    matches!(character, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(character, '\u{2028}' | '\u{2029}')
}

/// Whether plain text would be read as something else than text. Go: `resolve.go` `resolve`, `encode.go` `isBase60Float`.
fn resolves(text: &str) -> bool {
    let words = [
        "", "~", "null", "Null", "NULL", "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "n",
        "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", ".nan", ".NaN", ".NAN", ".inf", ".Inf",
        ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", "<<",
    ];
    words.contains(&text) || is_number(text) || is_base_60(text) || is_timestamp(text)
}

fn is_number(text: &str) -> bool {
    if !text.starts_with(['+', '-', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) {
        return false;
    }
    let plain = if text.starts_with('.') { text.to_owned() } else { text.replace('_', "") };
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let digits = |text: &str, radix: u32| !text.is_empty() && text.chars().all(|digit| digit.is_digit(radix));
    let radix = match unsigned.get(..2) {
        Some("0x" | "0X") => digits(&unsigned[2..], 16),
        Some("0o" | "0O") => digits(&unsigned[2..], 8),
        Some("0b" | "0B") => digits(&unsigned[2..], 2),
        _ => false,
    };
    radix || is_float(unsigned)
}

/// `1`, `1.5`, `.5`, `1e3`: what `yamlStyleFloat` takes, without its sign.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = !whole.is_empty() || !part.is_empty();
    let exponent_is_right = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    has_digits && digits(whole) && digits(part) && exponent_is_right
}

/// `1:30`, which YAML 1.1 reads as ninety.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.starts_with(|first: char| first.is_ascii_digit()) {
        return false;
    }
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut places = whole.split(':');
    let first = places.next().is_some_and(|place| place.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_'));
    let mut more = places.peekable();
    let right = |place: &str| match place.as_bytes() {
        [one] => one.is_ascii_digit(),
        [b'0'..=b'5', one] => one.is_ascii_digit(),
        _ => false,
    };
    first && more.peek().is_some() && more.all(right) && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

/// A date, or a date and a time. Go: `resolve.go` `parseTimestamp`.
fn is_timestamp(text: &str) -> bool {
    let (date, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, ""));
    let numbers = |text: &str, separator: char, count: usize| {
        let parts: Vec<&str> = text.split(separator).collect();
        let right = |part: &&str| matches!(part.len(), 1 | 2) && part.bytes().all(|byte| byte.is_ascii_digit());
        parts.len() == count && parts.iter().all(right)
    };
    let Some((year, day)) = date.split_at_checked(4) else { return false };
    let is_date = year.bytes().all(|byte| byte.is_ascii_digit()) && day.starts_with('-') && numbers(&day[1..], '-', 2);
    if !is_date || text.len() == date.len() {
        return is_date;
    }
    let zone = time.find(['Z', '+', '-']);
    let clock = &time[..zone.unwrap_or(time.len())];
    let clock = clock.split_once(['.', ',']).map_or(clock, |(clock, _)| clock);
    let has_right_zone = text.contains(' ') != zone.is_some();
    has_right_zone && numbers(clock, ':', 3)
}
