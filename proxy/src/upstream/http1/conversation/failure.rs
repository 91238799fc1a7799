use tokio::time::timeout;

use super::{
    super::{
        fault::{Fault, Heard},
        upload::{BadUpload, Fed},
    },
    Conversation,
};
use crate::{
    config::limits,
    upstream::{
        ConnectionFault, Outgoing, SendCause,
        again::{Again, Failed},
        send_error::Delivered,
    },
    wire::Body,
    world::Bug,
};

/// What is left of a conversation that got no answer.
impl Conversation {
    /// Says what went wrong, and gives the request back where it may be sent again.
    pub(super) fn fail(self, fault: Fault) -> Failed {
        let unsent = self.connection.output.written() == self.written_before;
        let heard = Heard::of(self.request.as_deref());
        let may_repeat = fault.may_repeat(unsent);
        let ends = self.connection.ends();
        let copied = self.is_copied();
        let again = self.request.filter(|_| may_repeat && self.bodyless).and_then(|head| {
            let request = Outgoing { head, body: Body::empty() };
            match unsent || self.connection.has(Bug::RepeatsPosts) {
                true => Again::unsent(request),
                false => Again::replay(request),
            }
        });
        let delivered = if unsent { Delivered::Nothing } else { Delivered::Maybe };
        let cause = match fault {
            Fault::Upload(BadUpload::Cut(cut)) if copied => SendCause::Copied { ends, cut },
            fault => fault.into_cause(ends, delivered, heard),
        };
        Failed { cause, delivered, again }
    }

    /// What is left of a conversation whose backend has failed while the request's body is read. It waits a little for the body, whose own
    /// end is told before that of the backend; then nobody waits for it any more.
    ///
    /// Go: `net/http/transport.go` `persistConn.mapRoundTripError`, which waits without end.
    pub(super) async fn fail_within_body(self: Box<Self>, fault: Fault) -> Failed {
        let copied = self.is_copied();
        let Self { connection, mut upload, request, .. } = *self;
        let ends = connection.ends();
        drop(connection);
        let settled = timeout(limits::LATE_BODY_WAIT, upload.settle()).await;
        if settled.is_err() {
            upload.give_up();
        }
        let cause = match settled {
            Ok(Ok(Fed::More)) if copied => SendCause::CopiedToNobody { ends },
            Ok(Ok(Fed::More)) => SendCause::Connection(ConnectionFault::Closed(ends)),
            Ok(Err(cut)) if copied => SendCause::Copied { ends, cut },
            Ok(Err(cut)) => SendCause::Body(cut),
            Ok(Ok(Fed::End)) | Err(_) => fault.into_cause(ends, Delivered::Maybe, Heard::of(request.as_deref())),
        };
        Failed { cause, delivered: Delivered::Maybe, again: None }
    }

    /// Whether Go copies the body straight to the connection.
    fn is_copied(&self) -> bool {
        self.upload.is_of_known_length() && self.connection.ends().are_known() && !self.connection.is_tls()
    }
}
