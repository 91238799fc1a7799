use super::{Filter, Step};
use crate::{refusal::Refusal, router::RequestInfo, wire::Exchange};

/// Finds out what a request is about.
///
/// Go: `apiserver/pkg/endpoints/filters/requestinfo.go` `WithRequestInfo`.
pub(super) struct RequestInfos;

impl Filter for RequestInfos {
    fn enter<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        match RequestInfo::of(&exchange.head) {
            Ok(info) => {
                exchange.facts.put(info);
                Step::Next
            }
            Err(error) => Step::Refuse(Refusal::Internal(format!("failed to create RequestInfo: {error}"))),
        }
    }
}
