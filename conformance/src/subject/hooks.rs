use http::StatusCode;
use weir::{
    forward::ReverseProxy,
    refusal::Refusal,
    wire::{Answer, Name},
};

use crate::scenario::{Modify, OnError, Subject};

/// Hangs the hooks of a subject into its proxy.
pub(super) fn hang(mut proxy: ReverseProxy, subject: &Subject) -> ReverseProxy {
    match subject.modify {
        Modify::Nothing => {}
        Modify::Edit => {
            proxy = proxy.modify_response(Box::new(|head| {
                if head.status == StatusCode::OK {
                    head.status = StatusCode::ACCEPTED;
                }
                head.headers.set(Name::from_slice(b"X-Edited"), "yes");
                head.headers.remove(&Name::from_slice(b"X-Secret"));
                Ok(())
            }));
        }
        Modify::Fail => {
            proxy = proxy.modify_response(Box::new(|_| Err("the answer is not to our liking".into())));
        }
    }
    match subject.on_error {
        OnError::Default => proxy,
        OnError::Words => proxy.handle_error(Box::new(|request, refusal| {
            let (head, body) = Refusal::Text(StatusCode::BAD_GATEWAY, refusal.words().into()).render(request);
            Answer::Reply(head, body)
        })),
    }
}
