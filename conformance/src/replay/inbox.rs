//! What came on a connection and no await has taken yet.

use super::event::{self, Event, What};
use crate::{latin1, scenario::Await, trace::Received};

/// What came on a connection and no await has taken yet.
#[derive(Default)]
pub(super) struct Inbox {
    /// Frames are read.
    pub(super) http2: bool,
    /// Without HTTP/2.
    pub(super) bytes: Vec<u8>,
    /// With HTTP/2.
    pub(super) events: Vec<Event>,
}

/// Which bytes or events are taken.
pub(super) enum Wanted<'a> {
    /// Those that an await asks for.
    This(&'a Await),
    /// All of them.
    Everything,
}

impl Inbox {
    /// Forgets all of it.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.events.clear();
    }

    /// How many bytes or events an await takes; none while they have not come.
    pub(super) fn measure(&self, what: &Await) -> Option<usize> {
        match what {
            Await::Head => head_end(&self.bytes),
            Await::Bytes(count) => (self.bytes.len() >= *count).then_some(*count),
            Await::Until(octets) => {
                let wanted = octets.plain();
                let at = self.bytes.windows(wanted.len()).position(|window| window == wanted)?;
                Some(at + wanted.len())
            }
            Await::Stream(stream) => self.first(|event| event.stream == *stream && event.ends),
            Await::Headers(stream) => {
                self.first(|event| event.stream == *stream && (event.ends || matches!(event.what, What::Headers(_))))
            }
            Await::Quiet | Await::End => None,
        }
    }

    fn first(&self, wanted: impl Fn(&Event) -> bool) -> Option<usize> {
        self.events.iter().position(wanted).map(|at| at + 1)
    }

    /// Takes what an await has read. One that gave up, or whose connection ended, takes all there is (of its stream).
    pub(super) fn take(&mut self, wanted: Wanted<'_>) -> Received {
        let (count, stream) = match wanted {
            Wanted::Everything => (None, None),
            Wanted::This(what @ (Await::Stream(stream) | Await::Headers(stream))) => {
                (self.measure(what), Some(*stream))
            }
            Wanted::This(what) => (self.measure(what), None),
        };
        if !self.http2 {
            let count = count.unwrap_or(self.bytes.len());
            return Received::Bytes(latin1::to_text(&self.bytes.drain(..count).collect::<Vec<u8>>()));
        }
        let count = count.unwrap_or(self.events.len());
        let mut taken = Vec::new();
        let mut left = Vec::new();
        for (at, event) in std::mem::take(&mut self.events).into_iter().enumerate() {
            let mine = at < count && stream.is_none_or(|stream| stream == event.stream);
            if mine { taken.push(event) } else { left.push(event) }
        }
        self.events = left;
        Received::Events(event::lines(taken))
    }
}

/// The length of the part that ends with the first empty line. A line ends with LF; a CR before it belongs to the line's end.
fn head_end(bytes: &[u8]) -> Option<usize> {
    let mut end = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        end += line.len();
        if line == b"\n" || line == b"\r\n" {
            return Some(end);
        }
    }
    None
}
