use super::{Filter, Step};
use crate::{
    router::Relayed,
    wire::{Exchange, Name, ResponseHead},
};

/// Answers are nobody's to keep, unless they say otherwise.
///
/// Go: `apiserver/pkg/endpoints/filters/cachecontrol.go` `WithCacheControl`.
pub(super) struct CacheControl;

impl Filter for CacheControl {
    fn enter<'a>(&'a self, _exchange: &'a mut Exchange) -> Step<'a> {
        Step::Next
    }

    /// What a backend says stands behind what we say, as in Go.
    fn leave(&self, exchange: &Exchange, head: &mut ResponseHead) {
        if exchange.facts.get::<Relayed>().is_some() || !head.headers.contains(&Name::CACHE_CONTROL) {
            head.headers.prepend(Name::CACHE_CONTROL, "no-cache, private");
        }
    }
}
