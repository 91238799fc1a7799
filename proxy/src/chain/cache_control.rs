use super::{Filter, Step};
use crate::wire::{Exchange, Name, ResponseHead};

/// Answers are nobody's to keep, unless they say otherwise.
///
/// Go: `apiserver/pkg/endpoints/filters/cachecontrol.go` `WithCacheControl`.
pub(super) struct CacheControl;

impl Filter for CacheControl {
    fn enter<'a>(&'a self, _exchange: &'a mut Exchange) -> Step<'a> {
        Step::Next
    }

    fn leave(&self, _exchange: &Exchange, head: &mut ResponseHead) {
        if !head.headers.contains(&Name::CACHE_CONTROL) {
            head.headers.append(Name::CACHE_CONTROL, "no-cache, private");
        }
    }
}
