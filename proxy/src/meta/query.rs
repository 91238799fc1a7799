//! The query of a request, as Kubernetes reads options out of it.

use super::Status;
use crate::wire::{RequestHead, token::go_quote, url::Values};

/// The parameters of a request. Of a parameter that is there more than once the first counts, but for [`Query::texts`].
///
/// Go: `apimachinery/pkg/runtime/converter.go`, the functions `Convert_Slice_string_To_...`.
#[derive(Clone, Debug, Default)]
pub struct Query(Values);

impl Query {
    /// The parameters that can be read.
    pub fn of(head: &RequestHead) -> Self {
        Self(Values::parse(&head.target.url.raw_query).0)
    }

    /// The value of a parameter; empty if there is none.
    pub fn text(&self, name: &str) -> String {
        self.0.get(name.as_bytes()).map(|value| lossy(value)).unwrap_or_default()
    }

    /// All values of a parameter, in order.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.0.all(name.as_bytes()).iter().map(|value| lossy(value)).collect()
    }

    /// Whether a parameter is on, if it is given. Everything but `false` and `0` is true.
    pub fn bool(&self, name: &str) -> Option<bool> {
        let value = self.0.get(name.as_bytes())?.to_ascii_lowercase();
        Some(!matches!(&*value, b"false" | b"0"))
    }

    /// A number, if it is given.
    ///
    /// # Errors
    /// 400: it is none.
    pub fn int(&self, name: &str) -> Result<Option<i64>, Status> {
        let Some(value) = self.0.get(name.as_bytes()) else { return Ok(None) };
        lossy(value).parse().map(Some).map_err(|_| {
            let text = go_quote(value);
            Status::bad_request(format!("strconv.ParseInt: parsing {text}: invalid syntax"))
        })
    }
}

fn lossy(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}
