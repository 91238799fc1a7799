use bytes::{Bytes, BytesMut};
use http::StatusCode;

use super::{
    super::{
        request::has_word,
        request_writer::{OWN_BYTES, write_content_length},
        response_head::write_status_line,
    },
    COPIED_BYTES_MAX, ResponseWriter, Settled,
};
use crate::wire::{
    headers::{Headers, Lines, Name},
    message::Version,
    sniff::detect_content_type,
};

/// What is known of a head before it is written.
pub(super) struct Plan {
    /// The length that was counted, where nobody has said it.
    computed: Option<u64>,
    /// What is declared.
    length: Option<u64>,
    /// A client of HTTP/1.0 is told that the connection goes on.
    kept: bool,
    pub(super) close: bool,
    chunked: bool,
}

/// What a head that is out has told the client.
#[derive(Clone, Copy, Debug)]
pub(super) struct WrittenHead {
    pub(super) chunked: bool,
    pub(super) close: bool,
    /// What it declared, if anything.
    pub(super) length: Option<u64>,
}

impl ResponseWriter {
    /// What is known of the head when so many bytes of the body are there, and all of them if `done`.
    pub(super) fn plan(&self, first: usize, done: bool) -> Plan {
        let takes_body = self.head.may_have_body();
        let old = self.asked.version <= Version::Http10;
        // Without bytes nobody knows whether a HEAD request was meant to have none.
        let countable =
            done && takes_body && self.head.announced.is_empty() && (!self.asked.method_is_head || first > 0);
        let uncounted = self.head.content_length.is_none() && !self.head.withheld.contains(&Name::CONTENT_LENGTH);
        let computed = (countable && uncounted).then_some(first as u64);
        let length = self.head.content_length.or(computed);
        let kept = self.asked.keep_alive_asked && (self.asked.method_is_head || length.is_some() || !takes_body);
        let said_close = self.head.headers.get(&Name::CONNECTION) == Some(b"close");
        let close = (!kept && (old || self.asked.close)) || said_close || self.settled == Settled::Close;
        let chunked = takes_body && !self.asked.method_is_head && length.is_none() && !old;
        Plan { computed, length, kept, close, chunked }
    }

    /// Writes the head, knowing these first bytes of the body, which are all of it if `done`.
    ///
    /// Go: `net/http/server.go` `chunkWriter.writeHeader`.
    pub(super) fn write_head(&mut self, first: &[u8], done: bool, out: &mut BytesMut) -> WrittenHead {
        let plan = self.plan(first.len(), done);
        if self.head.status == StatusCode::NOT_MODIFIED {
            self.head.headers.remove(&Name::CONTENT_TYPE);
        }
        let copied = if first.len() > COPIED_BYTES_MAX { 0 } else { first.len() };
        let bytes = self.head.headers.written_bytes() + OWN_BYTES;
        out.reserve(bytes + copied);
        if !self.head.announced.is_empty() {
            let announced: Vec<Bytes> = self.head.announced_lines().map(list).collect();
            announced.into_iter().for_each(|names| self.head.headers.append(Name::TRAILER, names));
        }
        let connection = self.connection(&plan);
        let mut lines = Lines::new(out, bytes);
        let before = lines.position();
        write_status_line(self.asked.version, self.head.status, &mut lines);
        let declared = self.head.content_length.filter(|_| self.head.may_have_body());
        write_fields(&self.head.headers, declared, &mut lines);
        if let Some(date) = self.date.filter(|_| self.head.lacks(&Name::DATE)) {
            lines.field(&Name::DATE, &date);
        }
        if let Some(length) = plan.computed {
            write_content_length(length, &mut lines);
        }
        if self.head.may_have_body() && !first.is_empty() && self.head.lacks_type() {
            lines.field(&Name::CONTENT_TYPE, detect_content_type(first).as_bytes());
        }
        if let Some(value) = connection {
            lines.field(&Name::CONNECTION, value);
        }
        if plan.chunked {
            lines.put(b"Transfer-Encoding: chunked\r\n");
        }
        lines.put(b"\r\n");
        self.backlog.take_small(lines.position() - before);
        drop(lines);
        // A body may take long, and needs no fields.
        self.head.headers = Headers::new();
        let head = WrittenHead { chunked: plan.chunked, close: plan.close, length: plan.length };
        self.written_head = Some(head);
        head
    }

    /// The value of the `Connection` line that the server adds; takes out the one it stands for.
    fn connection(&mut self, plan: &Plan) -> Option<&'static [u8]> {
        if !plan.close {
            return (plan.kept && self.head.lacks(&Name::CONNECTION)).then_some(b"keep-alive");
        }
        let headers = &mut self.head.headers;
        let own = headers.get(&Name::CONNECTION);
        let switched = self.head.status == StatusCode::SWITCHING_PROTOCOLS
            && headers.get(&Name::UPGRADE).is_some_and(|protocol| !protocol.is_empty())
            && headers.has_token(&Name::CONNECTION, b"upgrade");
        if switched || own.is_some_and(|own| has_word(own, b"close")) {
            return None;
        }
        headers.remove(&Name::CONNECTION);
        // HTTP/1.0 ends the connection anyway, but a client that asked otherwise is told.
        (self.asked.version > Version::Http10 || plan.kept).then_some(b"close")
    }
}

/// Writes fields and the declared length, sorted by name.
fn write_fields(headers: &Headers, mut declared: Option<u64>, lines: &mut Lines<'_>) {
    headers.each_line(|line| {
        if let Some(length) = declared.take_if(|_| *line.name > Name::CONTENT_LENGTH) {
            write_content_length(length, lines);
        }
        lines.line(&line);
    });
    if let Some(length) = declared {
        write_content_length(length, lines);
    }
}

fn list(names: &[Name]) -> Bytes {
    let names: Vec<&[u8]> = names.iter().map(Name::as_bytes).collect();
    names.join(&b", "[..]).into()
}
