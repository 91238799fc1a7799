//! What clients were told, held against what is there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use weir_conformance::process::Client;

/// An object as far as it is looked at: the number that was written into it last, and its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    number: Option<String>,
    address: Option<String>,
}

impl Content {
    pub(crate) fn of(object: &Value) -> Self {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        Self { number: text("/metadata/labels/number"), address: text("/spec/clusterIP") }
    }
}

/// What is to become of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It has this number from now on, and is there.
    Write(u32),
    /// It is not there any more.
    Delete,
}

/// What is known of every object of a collection.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    objects: BTreeMap<String, Known>,
    /// Changes that were acknowledged so far.
    acknowledged: usize,
}

#[derive(Debug, Default)]
struct Known {
    /// As the last acknowledged change left it; none: it is not there.
    content: Option<Content>,
    /// What was asked for behind that, without an answer.
    asked: Option<Change>,
}

impl Ledger {
    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged
    }

    pub(crate) fn ask(&mut self, name: &str, change: Change) {
        self.objects.entry(name.to_owned()).or_default().asked = Some(change);
    }

    pub(crate) fn acknowledge(&mut self, name: &str, content: Option<Content>) {
        self.objects.insert(name.to_owned(), Known { content, asked: None });
        self.acknowledged += 1;
    }

    /// What is not as it was acknowledged, nor as a change without an answer may have left it. What is found is known from now on:
    /// no change of a process that has ended comes later.
    pub(crate) fn compare(&mut self, mut found: BTreeMap<String, Content>) -> Vec<String> {
        let mut wrong = Vec::new();
        let addresses: Vec<&String> = found.values().filter_map(|content| content.address.as_ref()).collect();
        if addresses.iter().collect::<BTreeSet<_>>().len() < addresses.len() {
            wrong.push("two have one address".to_owned());
        }
        for (name, known) in &mut self.objects {
            let now = found.remove(name);
            if now != known.content && !known.asked.is_some_and(|change| known.may_be(change, now.as_ref())) {
                wrong.push(format!("{name}: {now:?} of {known:?}"));
            }
            *known = Known { content: now, asked: None };
        }
        wrong.extend(found.into_keys().filter(|name| name.starts_with("kill-")));
        wrong
    }
}

impl Known {
    fn may_be(&self, change: Change, now: Option<&Content>) -> bool {
        match (change, now) {
            (Change::Delete, now) => now.is_none(),
            (Change::Write(_), None) => false,
            (Change::Write(number), Some(now)) => {
                let kept = self.content.as_ref().is_none_or(|before| before.address == now.address);
                kept && now.number == Some(number.to_string())
            }
        }
    }
}

/// All objects of a collection, page by page.
pub(crate) fn list(client: &Client, token: &str, path: &str) -> BTreeMap<String, Content> {
    let mut all = BTreeMap::new();
    let mut from = String::new();
    loop {
        // To 1.0, so that no chunks stand between.
        let first = format!("GET {path}?limit={PAGE}{from} HTTP/1.0\r\nHost: localhost");
        let page = client.send(format!("{first}\r\nAuthorization: Bearer {token}\r\n\r\n").as_bytes());
        assert_eq!(page.status, 200, "{}", page.body);
        let list: Value = serde_json::from_str(&page.body).unwrap();
        for object in list["items"].as_array().unwrap() {
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            assert_eq!(all.insert(name, Content::of(object)), None, "twice: {object}");
        }
        match list["metadata"]["continue"].as_str() {
            Some(token) if !token.is_empty() => from = format!("&continue={token}"),
            _ => return all,
        }
    }
}

/// So many that paging is tried, too.
const PAGE: usize = 2_000;
