use bytes::Bytes;
use http::Method;
use weir::{
    forward::{ForwardedFor, Outbound, Rules},
    upstream::StrippedHeaders,
    wire::{Headers, Name, url::Url},
};

use crate::scenario::Mode;

/// The rules that a mode names.
pub(super) fn of(mode: Mode, target: Url) -> Rules {
    match mode {
        Mode::Director => Rules::single_host(target),
        Mode::DirectorNilForwarded => directed(target, |out| out.forwarded_for = ForwardedFor::Omit),
        Mode::DirectorAdds => directed(target, |out| out.headers.set(Name::from_slice(b"X-Added"), "rule")),
        Mode::DirectorParsesForm => directed(target, Outbound::clean_query),
        Mode::DirectorBadValue => directed(target, |out| out.headers.set(Name::from_slice(b"X-Added"), "a\nb")),
        Mode::Rewrite => Rules::rewrite_to(target),
        Mode::RewriteMin => Rules::Rewrite(Box::new(move |request| request.set_url(&target))),
        Mode::RewriteKeep => Rules::Rewrite(Box::new(move |request| {
            request.set_url(&target);
            request.out.host = request.inbound.host.clone();
            for prior in request.inbound.headers.all(&Name::X_FORWARDED_FOR) {
                request.out.headers.append(Name::X_FORWARDED_FOR, Bytes::copy_from_slice(prior));
            }
            request.set_x_forwarded();
            request.out.url.raw_query = request.inbound.target.url.raw_query.clone();
        })),
        Mode::RewriteAdds => Rules::Rewrite(Box::new(move |request| {
            request.set_url(&target);
            request.out.headers.set(Name::from_slice(b"X-Added"), "rule");
        })),
        Mode::RewriteReplaces => Rules::Rewrite(Box::new(move |request| {
            let mut headers = Headers::new();
            headers.set(Name::from_slice(b"X-Replaced"), "yes");
            let out = &mut request.out;
            out.method = Method::PUT;
            out.url.path = Bytes::from_static(b"/replaced");
            out.url.raw_path = Bytes::new();
            out.url.raw_query = Bytes::from_static(b"own=1");
            out.host = Bytes::from_static(b"replaced.test");
            out.headers = StrippedHeaders::ours(headers);
        })),
    }
}

/// As the single host's Director, and something more.
fn directed(target: Url, change: fn(&mut Outbound<Headers>)) -> Rules {
    Rules::Director(Box::new(move |out| {
        out.redirect(&target);
        change(out);
    }))
}
