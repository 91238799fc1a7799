use std::{
    fmt::Write as _,
    future::poll_fn,
    task::{Context, Poll},
};

use bytes::{BufMut as _, Bytes};

use crate::{
    config::limits,
    wire::{
        Body, Cut, Frame,
        http1::{Framing, Output, Piece},
    },
};

/// The body of a request on its way out: pulled only while the output has room, framed as the head has said.
///
/// A piece becomes a chunk, or several if it is long. Trailers are dropped, as Go drops them.
#[derive(Debug)]
pub(super) struct Upload {
    body: Body,
    framing: Framing,
    /// Bytes given so far, of those that the head declares.
    given: u64,
    /// Bytes that were pulled and not yet put into the output.
    ahead: Bytes,
    end: End,
}

/// What is known of a body's end.
#[derive(Debug)]
enum End {
    /// Nothing yet.
    Unknown,
    /// Nothing comes behind the bytes pulled so far.
    Clean,
    /// It broke off behind the bytes pulled so far; told when they have been written.
    Broken(Cut),
}

/// What a pull gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// Bytes; there may be more.
    More,
    /// The end: all of the body is in the output.
    End,
}

/// Why a body cannot be sent to its end.
#[derive(Debug)]
pub(super) enum BadUpload {
    /// It broke off.
    Cut(Cut),
    /// It is shorter or longer than the head has declared.
    Length {
        /// What the head says.
        declared: u64,
        /// What came, as far as it was pulled.
        given: u64,
    },
}

impl Upload {
    pub(super) fn new(body: Body, framing: Framing) -> Self {
        let end = if matches!(framing, Framing::None | Framing::Exactly(0)) { End::Clean } else { End::Unknown };
        Self { body, framing, given: 0, ahead: Bytes::new(), end }
    }

    /// Whether its length stands in the head.
    pub(super) fn is_of_known_length(&self) -> bool {
        matches!(self.framing, Framing::Exactly(_))
    }

    /// Puts the next bytes of the body into the output, which has room.
    ///
    /// # Errors
    /// The body broke off, or has another length than it said.
    pub(super) fn poll_feed(&mut self, cx: &mut Context<'_>, output: &mut Output) -> Poll<Result<Fed, BadUpload>> {
        if self.ahead.is_empty() {
            self.pull(cx);
        }
        if self.ahead.is_empty() {
            return match std::mem::replace(&mut self.end, End::Unknown) {
                End::Unknown => Poll::Pending,
                End::Clean => {
                    self.end = End::Clean;
                    Poll::Ready(self.finish(output))
                }
                // Go's backend gets what came before the break.
                End::Broken(cut) if output.is_empty() => Poll::Ready(Err(BadUpload::Cut(cut))),
                broken => {
                    self.end = broken;
                    Poll::Pending
                }
            };
        }
        let piece = self.ahead.split_to(self.ahead.len().min(limits::UPLOAD_CHUNK_BYTES_MAX));
        if self.ahead.is_empty() && piece.len() <= limits::UPLOAD_COPIED_BYTES_MAX {
            // A small body is pulled to its end, so that head, body and end leave in one write.
            self.pull(cx);
        }
        Poll::Ready(self.put(piece, output))
    }

    /// Nobody asks for the body any more: who waits for a 100 does not get one.
    pub(super) fn forget_continue(&mut self) {
        self.body.forget_continue();
    }

    /// Nobody waits for the rest of the body: the server answers without it.
    pub(super) fn give_up(&mut self) {
        self.body.give_up();
    }

    /// Waits until the body has a further piece, or has ended.
    ///
    /// # Errors
    /// It broke off.
    pub(super) async fn settle(&mut self) -> Result<Fed, Cut> {
        poll_fn(|cx| {
            self.pull(cx);
            let piece = std::mem::take(&mut self.ahead);
            if !piece.is_empty() {
                if piece.len() <= limits::UPLOAD_COPIED_BYTES_MAX {
                    self.pull(cx); // a small body is read to its end
                }
                return Poll::Ready(Ok(Fed::More));
            }
            match std::mem::replace(&mut self.end, End::Clean) {
                End::Unknown => {
                    self.end = End::Unknown;
                    Poll::Pending
                }
                End::Clean => Poll::Ready(Ok(Fed::End)),
                End::Broken(cut) => Poll::Ready(Err(cut)),
            }
        })
        .await
    }

    /// Pulls one piece of the body, if it has one now.
    fn pull(&mut self, cx: &mut Context<'_>) {
        while matches!(self.end, End::Unknown) {
            match self.body.poll_frame(cx) {
                Poll::Ready(Some(Ok(Frame::Data(data)))) => {
                    self.ahead = data;
                    return;
                }
                Poll::Ready(Some(Ok(Frame::Flush | Frame::Trailers(_)))) => {}
                Poll::Ready(Some(Err(cut))) => self.end = End::Broken(cut),
                Poll::Ready(None) => self.end = End::Clean,
                Poll::Pending => return,
            }
        }
    }

    fn put(&mut self, piece: Bytes, output: &mut Output) -> Result<Fed, BadUpload> {
        self.given += piece.len() as u64;
        let is_last = self.ahead.is_empty() && matches!(self.end, End::Clean);
        let (closing, fed): (&'static [u8], Fed) = match self.framing {
            Framing::Exactly(declared) if self.given > declared => return Err(self.bad_length(declared)),
            Framing::Exactly(declared) => (b"", if is_last && self.given == declared { Fed::End } else { Fed::More }),
            Framing::Chunked if is_last => (b"\r\n0\r\n\r\n", Fed::End),
            Framing::Chunked => (b"\r\n", Fed::More),
            Framing::None => return Err(self.bad_length(0)),
        };
        if self.framing == Framing::Chunked {
            // A buffer that grows refuses nothing.
            let _infallible = write!(output.buffer(), "{:x}\r\n", piece.len());
        }
        if piece.len() > limits::UPLOAD_COPIED_BYTES_MAX {
            output.put_piece(Piece { bytes: piece, closing });
        } else {
            output.buffer().put_slice(&piece);
            output.buffer().put_slice(closing);
        }
        Ok(fed)
    }

    fn finish(&self, output: &mut Output) -> Result<Fed, BadUpload> {
        match self.framing {
            Framing::Exactly(declared) if self.given < declared => return Err(self.bad_length(declared)),
            Framing::Exactly(_) | Framing::None => {}
            Framing::Chunked => output.buffer().put_slice(b"0\r\n\r\n"),
        }
        Ok(Fed::End)
    }

    fn bad_length(&self, declared: u64) -> BadUpload {
        BadUpload::Length { declared, given: self.given }
    }
}
