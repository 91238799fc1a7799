/// How many bytes of an answer wait in the second of Go's buffers, that of the connection: it is written when it is full, and a write that
/// is larger than it passes it by when it is empty.
///
/// Go: `net/http/server.go` `newBufioWriterSize`, `bufio/bufio.go` `Writer.Write`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backlog(usize);

impl Backlog {
    pub(super) fn bytes(self) -> usize {
        self.0
    }

    /// One write of so many bytes.
    pub(super) fn take(&mut self, bytes: usize) {
        let left = (self.0 + bytes).saturating_sub(BUFFER);
        self.0 = match left {
            0 => self.0 + bytes,
            _ if self.0 == 0 || left > BUFFER => 0,
            left => left,
        };
    }

    /// Many small writes, of so many bytes together.
    pub(super) fn take_small(&mut self, bytes: usize) {
        let all = self.0 + bytes;
        self.0 = if all > BUFFER { (all - 1) % BUFFER + 1 } else { all };
    }
}

const BUFFER: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn left(writes: &[usize]) -> usize {
        let mut backlog = Backlog::default();
        writes.iter().for_each(|bytes| backlog.take(*bytes));
        backlog.bytes()
    }

    #[test]
    fn a_full_buffer_leaves_and_what_is_larger_passes_it_by() {
        assert_eq!(left(&[100, 3996]), 4096, "full, and nothing behind it");
        assert_eq!(left(&[100, 3997]), 1);
        assert_eq!(left(&[100, 4000, 4096]), 4);
        assert_eq!(left(&[4097]), 0);
        assert_eq!(left(&[100, 8092]), 4096);
        assert_eq!(left(&[100, 8093]), 0);
        let mut head = Backlog::default();
        head.take_small(9000);
        assert_eq!(head.bytes(), 808);
    }
}
