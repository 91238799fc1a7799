use bytes::Bytes;

/// Bytes of a body that are held back: one piece as it came, or several in one.
#[derive(Debug, Default)]
pub(super) struct Held {
    piece: Bytes,
    /// Empty while there is a piece.
    several: Vec<u8>,
}

impl Held {
    pub(super) fn len(&self) -> usize {
        self.piece.len() + self.several.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them.
    pub(super) fn bytes(&self) -> &[u8] {
        if self.piece.is_empty() { &self.several } else { &self.piece }
    }

    /// Puts a piece behind the others. The first one is not copied: usually it is the only one.
    pub(super) fn push(&mut self, piece: Bytes) {
        if self.is_empty() {
            self.piece = piece;
            return;
        }
        self.several.extend_from_slice(&std::mem::take(&mut self.piece));
        self.several.extend_from_slice(&piece);
    }

    /// Forgets them; the memory of several serves again.
    pub(super) fn clear(&mut self) {
        self.piece = Bytes::new();
        self.several.clear();
    }
}
