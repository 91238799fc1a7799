//! What a peer did on an HTTP/2 connection, as lines of a trace.

use weir::wire::http2::Code;

use crate::latin1;

/// Something that a peer did on an HTTP/2 connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// 0 for the connection.
    pub(crate) stream: u32,
    pub(crate) what: What,
    /// The stream has ended with it.
    pub(crate) ends: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Names and values.
    Headers(Vec<(Vec<u8>, Vec<u8>)>),
    Data(Vec<u8>),
    Reset(Code),
    GoAway(Code),
}

/// Writes events down: streams in the order of their numbers and then the connection's own; neighbouring DATA of a stream is joined.
pub(crate) fn lines(mut events: Vec<Event>) -> Vec<String> {
    events.sort_by_key(|event| event.stream.wrapping_sub(1)); // 0, the connection, wraps round and comes last
    let mut joined: Vec<Event> = Vec::new();
    for event in events {
        if let (Some(Event { stream, what: What::Data(before), ends }), What::Data(more)) =
            (joined.last_mut(), &event.what)
            && *stream == event.stream
            && !*ends
        {
            before.extend_from_slice(more);
            *ends = event.ends;
        } else {
            joined.push(event);
        }
    }
    joined.iter().map(line).collect()
}

fn line(event: &Event) -> String {
    let ends = if event.ends { " end_stream" } else { "" };
    let stream = event.stream;
    match &event.what {
        What::Headers(fields) => format!("HEADERS {stream} {}{ends}", field_list(fields)),
        What::Data(bytes) => format!("DATA {stream} {}{ends}", quoted(bytes)),
        What::Reset(code) => format!("RST_STREAM {stream} {code}"),
        What::GoAway(code) => format!("GOAWAY {code}"),
    }
}

/// Pseudo-header fields first, sorted, then the others sorted by name; values of one name stay in their order.
fn field_list(fields: &[(Vec<u8>, Vec<u8>)]) -> String {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|(name, _)| (!name.starts_with(b":"), name));
    let pairs: Vec<String> =
        fields.into_iter().map(|(name, value)| format!("[{}, {}]", quoted(name), quoted(value))).collect();
    format!("[{}]", pairs.join(", "))
}

fn quoted(bytes: &[u8]) -> String {
    latin1::quote(&latin1::to_text(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_joined_and_the_connection_comes_last() {
        let data = |stream, text: &str, ends| Event { stream, what: What::Data(text.into()), ends };
        let events = vec![
            Event { stream: 0, what: What::GoAway(Code(0)), ends: false },
            data(3, "x", false),
            data(1, "a", false),
            Event { stream: 3, what: What::Reset(Code(0x99)), ends: true },
            data(1, "b", true),
        ];
        let expected =
            ["DATA 1 \"ab\" end_stream", "DATA 3 \"x\"", "RST_STREAM 3 unknown error code 0x99", "GOAWAY NO_ERROR"];
        assert_eq!(lines(events), expected);
    }

    #[test]
    fn fields_are_sorted_pseudo_fields_first() {
        let field = |name: &str, value: &str| (name.into(), value.into());
        let fields = vec![field("b", "1"), field(":status", "200"), field("a", "2"), field("b", "0")];
        let event = Event { stream: 1, what: What::Headers(fields), ends: true };
        let expected = r#"HEADERS 1 [[":status", "200"], ["a", "2"], ["b", "1"], ["b", "0"]] end_stream"#;
        assert_eq!(lines(vec![event]), [expected]);
    }
}
