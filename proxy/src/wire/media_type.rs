//! The media type that a `Content-Type` names.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// The media type in lower case, without its parameters; `None` where Go finds none.
///
/// A parameter that cannot be read ends the reading and the type stands; the same parameter twice with two values leaves no type.
///
/// Go: `mime/mediatype.go` `ParseMediaType` (go1.26.8). Trace: `fixtures/vectors/media_type.json`.
pub fn media_type(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
    let (base, parameters) = value.split_at(end);
    let base = lower_case(base)?;
    (is_type(&base) && !contradicts_itself(parameters)).then_some(base)
}

/// Whether a body is server-sent events, which are flushed as they come. Go: `httputil/reverseproxy.go` `flushInterval`.
pub fn is_event_stream(value: &[u8]) -> bool {
    // Asked for every answer, and nearly always no: the parameters are looked at only where they matter.
    let begins =
        trim_start(value).get(..EVENT_STREAM.len()).is_some_and(|base| base.eq_ignore_ascii_case(EVENT_STREAM));
    begins && media_type(value).is_some_and(|base| *base == *EVENT_STREAM)
}

/// In lower case and without the blanks around it; borrowed where it is so already. `None` if it has bytes that no type has.
fn lower_case(base: &[u8]) -> Option<Cow<'_, [u8]>> {
    let base = trim_end(trim_start(base));
    if !base.is_ascii() {
        // Two characters beyond ASCII have a lower case within: the Kelvin sign, and the dotted capital I.
        let text = std::str::from_utf8(base).ok()?.replace('\u{212a}', "k").replace('\u{130}', "i");
        return Some(Cow::Owned(text.to_ascii_lowercase().into_bytes()));
    }
    if base.iter().any(u8::is_ascii_uppercase) {
        return Some(Cow::Owned(base.to_ascii_lowercase()));
    }
    Some(Cow::Borrowed(base))
}

/// `token`, as in a disposition, or `token/token`. Go: `checkMediaTypeDisposition`.
fn is_type(base: &[u8]) -> bool {
    let (first, rest) = split_token(base);
    let (second, end) = match rest {
        [] => return !first.is_empty(),
        [b'/', rest @ ..] => split_token(rest),
        _ => return false,
    };
    !first.is_empty() && !second.is_empty() && end.is_empty()
}

/// Whether two readable parameters have one name and two values.
fn contradicts_itself(mut rest: &[u8]) -> bool {
    let mut first = None;
    let mut seen = BTreeMap::new();
    while let Some((parameter, after)) = split_parameter(rest) {
        rest = after;
        // A single parameter is the usual case, and needs no map.
        let Some(Parameter { name, value }) = &first else {
            first = Some(parameter);
            continue;
        };
        if seen.is_empty() {
            seen.insert(name.to_ascii_lowercase(), value.clone());
        }
        let Parameter { name, value } = parameter;
        if *seen.entry(name.to_ascii_lowercase()).or_insert_with(|| value.clone()) != value {
            return true;
        }
    }
    false
}

struct Parameter<'a> {
    name: &'a [u8],
    /// Without its quotes.
    value: Cow<'a, [u8]>,
}

/// `; name=value` and what follows. Go: `consumeMediaParam`.
fn split_parameter(rest: &[u8]) -> Option<(Parameter<'_>, &[u8])> {
    let rest = trim_start(trim_start(rest).strip_prefix(b";")?);
    let (name, rest) = split_token(rest);
    if name.is_empty() {
        return None;
    }
    let rest = trim_start(trim_start(rest).strip_prefix(b"=")?);
    if let Some(quoted) = rest.strip_prefix(b"\"") {
        let (value, after) = split_quoted(quoted)?;
        return Some((Parameter { name, value }, after));
    }
    let (value, after) = split_token(rest);
    (!value.is_empty()).then_some((Parameter { name, value: Cow::Borrowed(value) }, after))
}

/// The value of a quoted string whose first quote is gone. A backslash escapes only a special, as in paths that old browsers send.
fn split_quoted(quoted: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let mut value = Cow::Borrowed(&quoted[..0]);
    let mut at = 0;
    loop {
        match quoted.get(at..)? {
            [b'"', after @ ..] => return Some((value, after)),
            [b'\r' | b'\n', ..] | [] => return None,
            [b'\\', special, ..] if is_special(*special) => {
                value.to_mut().push(*special);
                at += 2;
            }
            [byte, ..] => {
                match &mut value {
                    Cow::Borrowed(plain) => *plain = &quoted[..=at],
                    Cow::Owned(changed) => changed.push(*byte),
                }
                at += 1;
            }
        }
    }
}

fn split_token(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| !byte.is_ascii_graphic() || is_special(*byte));
    bytes.split_at(end.unwrap_or(bytes.len()))
}

/// RFC 2045's `tspecials`. Unlike a token of HTTP, a token here may have braces.
fn is_special(byte: u8) -> bool {
    b"()<>@,;:\\\"/[]?=".contains(&byte)
}

/// Go's blanks are Unicode's.
fn trim_start(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.trim_ascii_start();
    match bytes.first() {
        None | Some(b'!'..=b'~') => bytes,
        Some(_) => bytes.utf8_chunks().next().map_or(bytes, |chunk| &bytes[blanks(chunk.valid().chars())..]),
    }
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.trim_ascii_end();
    match bytes.last() {
        None | Some(b'!'..=b'~') => bytes,
        Some(_) => match bytes.utf8_chunks().last() {
            Some(chunk) if chunk.invalid().is_empty() => &bytes[..bytes.len() - blanks(chunk.valid().chars().rev())],
            _ => bytes,
        },
    }
}

/// How many bytes the leading blanks have.
fn blanks(characters: impl Iterator<Item = char>) -> usize {
    characters.take_while(|character| character.is_whitespace()).map(char::len_utf8).sum()
}

const EVENT_STREAM: &[u8] = b"text/event-stream";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_event_stream_is_one_in_any_case_and_with_bad_parameters() {
        assert!(is_event_stream(b"Text/Event-Stream; charset"));
        assert!(is_event_stream(b"text/event-stream;charset=utf-8"));
        assert!(!is_event_stream(b"text/event-streams"));
        assert!(!is_event_stream(b"text/event-stream, text/html"));
    }

    #[test]
    fn two_values_of_one_parameter_leave_no_type() {
        assert_eq!(media_type(b"text/html; a=1; A=1"), Some(Cow::Borrowed(&b"text/html"[..])));
        assert_eq!(media_type(b"text/html; a=1; A=2"), None);
        assert_eq!(media_type(b"text/html; bad; a=1; a=2"), Some(Cow::Borrowed(&b"text/html"[..])));
    }

    #[test]
    fn a_type_in_lower_case_is_not_copied() {
        assert!(matches!(media_type(b" text/html ;charset=utf-8"), Some(Cow::Borrowed(b"text/html"))));
    }

    #[test]
    fn a_long_list_of_parameters_is_read_once() {
        // Each name compared with all before it would be 5 000 000 000 comparisons.
        let parameters: String = (0..100_000).map(|at| format!(";a{at}=1")).collect();
        assert!(is_event_stream(format!("text/event-stream{parameters}").as_bytes()));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, parameters in "text/html(;| |=|a|\"|\\\\|é|\u{2003}){0,12}") {
            media_type(&bytes);
            media_type(parameters.as_bytes());
        }
    }
}
