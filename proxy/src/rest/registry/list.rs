//! Listing objects. Go: `apiserver/pkg/storage/etcd3/store.go` `GetList`, `pkg/storage/cacher`.

use std::num::NonZeroUsize;

use super::{Registry, object_of, parse_revision, prefix_of, refuse};
use crate::{
    meta::{Object, Status},
    rest::{continue_token::ContinueToken, kinds::Kind, options::ListOptions},
    storage::{Key, KeyRange, ListAt, Revision, StoreError},
};

/// What a list found.
#[derive(Debug)]
pub struct List {
    /// The objects, sorted by namespace and name.
    pub items: Vec<Object>,
    /// The revision at which they were read.
    pub revision: Revision,
    /// Where the list goes on; empty if it is whole.
    pub continue_token: String,
    /// How many more there are, where that is known.
    pub remaining: Option<usize>,
}

impl Registry {
    /// The objects of a kind, in one namespace or in all.
    ///
    /// # Errors
    /// 400: a revision or a token that cannot be read; 410: the revision is forgotten; 504: it is not reached.
    pub async fn list(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
        options: &ListOptions,
    ) -> Result<List, Status> {
        let prefix = prefix_of(kind, namespace);
        let whole = KeyRange::prefix(&*prefix);
        let (keys, at) = page(&whole, &prefix, options)?;
        let limit = NonZeroUsize::new(options.limit)
            .filter(|_| options.resource_version != "0" || !options.continue_token.is_empty());
        // With a selector, how many records make a page is not known before they are read.
        let records_max = limit.filter(|_| options.selector.is_empty());
        let listed = self.0.cache.list(&keys, at, records_max).await;
        let listing =
            listed.map_err(|error| expired(&error, &keys, &prefix, options).unwrap_or_else(|| refuse(&error, at)))?;
        let mut list =
            List { items: Vec::new(), revision: listing.revision, continue_token: String::new(), remaining: None };
        let mut records = listing.records.iter().peekable();
        while let Some(record) = records.next() {
            let object = object_of(record)?;
            if options.selector.selects(&object) {
                list.items.push(object);
            }
            let is_full = limit.is_some_and(|limit| list.items.len() >= limit.get());
            if is_full && (records.peek().is_some() || listing.remaining > 0) {
                let token = ContinueToken { revision: Some(listing.revision), start: start(&record.key, &prefix) };
                list.continue_token = token.encode();
                list.remaining = options.selector.is_empty().then_some(listing.remaining);
                break;
            }
        }
        Ok(list)
    }
}

/// Which keys, and how new.
fn page(whole: &KeyRange, prefix: &str, options: &ListOptions) -> Result<(KeyRange, ListAt), Status> {
    let asked = revision(&options.resource_version)?;
    if !options.continue_token.is_empty() {
        let token = ContinueToken::decode(&options.continue_token)?;
        if asked.is_some() {
            return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
        }
        let keys = whole.from(format!("{prefix}{}", token.start).into());
        return Ok((keys, token.revision.map_or(ListAt::Latest, ListAt::Exactly)));
    }
    let at = match asked {
        None => ListAt::Latest,
        Some(revision) if options.resource_version_match == "Exact" => ListAt::Exactly(revision),
        Some(revision) if options.limit > 0 && options.resource_version_match.is_empty() => ListAt::Exactly(revision),
        Some(revision) => ListAt::NotOlderThan(revision),
    };
    Ok((whole.clone(), at))
}

/// A revision that a read asks for.
///
/// # Errors
/// 400: it is no number.
pub(in crate::rest) fn revision(text: &str) -> Result<Option<Revision>, Status> {
    parse_revision(text).map_err(|fault| {
        let text = crate::wire::token::go_quote(text.as_bytes());
        Status::bad_request(format!("invalid resource version: resourceVersion: Invalid value: {text}: {fault}"))
    })
}

/// What is said of a token whose revision is forgotten: how the list may go on all the same.
fn expired(error: &StoreError, keys: &KeyRange, prefix: &str, options: &ListOptions) -> Option<Status> {
    if options.continue_token.is_empty() || !matches!(error, StoreError::Compacted(_)) {
        return None;
    }
    let start = String::from_utf8_lossy(keys.start.as_bytes()).into_owned();
    let start = start.strip_prefix(prefix)?.to_owned();
    let mut status = Status::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the \
         continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with \
         the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the \
         first chunk was returned and now may show up in the list.",
    );
    status.continue_token = ContinueToken { revision: None, start: format!("/{start}") }.encode();
    Some(status)
}

/// The first key behind a record, without what all keys of the list begin with.
fn start(key: &Key, prefix: &str) -> String {
    let next = key.successor();
    let next = String::from_utf8_lossy(next.as_bytes());
    // As from Go's watch cache: the last slash of the prefix stays.
    format!("/{}", next.strip_prefix(prefix).unwrap_or(&next))
}
