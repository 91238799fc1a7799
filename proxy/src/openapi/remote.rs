//! What other servers describe: their indexes, merged with ours.

use std::collections::BTreeMap;

use arc_swap::ArcSwap;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::document::Documents;
use crate::meta::{Layout, encode_json};

/// The indexes of other servers by the names of their APIServices; each index has paths of documents, and where each is found.
#[derive(Debug, Default)]
pub(super) struct Remote(ArcSwap<BTreeMap<String, BTreeMap<String, String>>>);

impl Remote {
    pub(super) fn set(&self, service: &str, index: BTreeMap<String, String>) {
        self.0.rcu(|all| {
            let mut all = BTreeMap::clone(all);
            all.insert(service.to_owned(), index.clone());
            all
        });
    }

    pub(super) fn remove(&self, service: &str) {
        self.0.rcu(|all| {
            let mut all = BTreeMap::clone(all);
            all.remove(service);
            all
        });
    }

    /// The first APIService by name whose server has the document.
    pub(super) fn service_of(&self, path: &str) -> Option<String> {
        self.0.load().iter().find(|(_, index)| index.contains_key(path)).map(|(service, _)| service.clone())
    }

    /// The index of all documents. Where two servers have the same one, ours wins, then the first by name; Go's choice differs from
    /// one request to the next.
    pub(super) fn merged(&self, own: &Documents) -> Bytes {
        let remote = self.0.load();
        let mut urls: BTreeMap<&str, String> = BTreeMap::new();
        for (path, url) in remote.values().rev().flatten() {
            urls.insert(path, url.clone());
        }
        for path in own.paths() {
            if let Some(document) = own.v3(path) {
                urls.insert(path, document.url(path));
            }
        }
        let paths: BTreeMap<&str, _> =
            urls.iter().map(|(path, url)| (*path, json!({"serverRelativeURL": url}))).collect();
        encode_json(&json!({"paths": paths}), Layout::Bare)
    }
}

/// Reads an index: paths of documents, and where each is found.
///
/// # Errors
/// The text is no JSON, or no index.
pub fn read_index(json: &[u8]) -> Result<BTreeMap<String, String>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Index {
        #[serde(default)]
        paths: BTreeMap<String, Item>,
    }
    #[derive(Deserialize)]
    struct Item {
        #[serde(default, rename = "serverRelativeURL")]
        url: String,
    }
    let index: Index = serde_json::from_slice(json)?;
    Ok(index.paths.into_iter().map(|(path, item)| (path, item.url)).collect())
}
