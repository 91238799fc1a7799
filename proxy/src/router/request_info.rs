mod list_options;
#[cfg(test)]
mod tests;

use bytes::BytesMut;
use http::Method;

use self::list_options::ListAsked;
use crate::{meta::Query, wire::RequestHead};

/// What a request is about, as its method and target tell.
///
/// Go: `apiserver/pkg/endpoints/request/requestinfo.go` `RequestInfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestInfo {
    /// Whether it is about a resource of the API; otherwise only `path` and `verb` mean anything.
    pub is_resource: bool,
    /// The decoded path.
    pub path: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, `proxy`; the method in lower case off resources;
    /// empty for a method that means nothing to a resource.
    pub verb: String,
    /// `api` or `apis`.
    pub api_prefix: String,
    /// The group; empty is the core group.
    pub api_group: String,
    /// The version of the group.
    pub api_version: String,
    /// The namespace; of a namespace its own name.
    pub namespace: String,
    /// The resource, in the plural.
    pub resource: String,
    /// The part of the object that is asked for.
    pub subresource: String,
    /// The object, also where a list is narrowed to it by a field selector.
    pub name: String,
    /// The segments of the path from the resource on.
    pub parts: Vec<String>,
    /// The field selector of a list, a watch or a deletion of many.
    pub field_selector: String,
    /// The label selector, likewise.
    pub label_selector: String,
}

/// A path that promises a resource and does not name one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unable to determine kind and namespace from url, {url}")]
pub struct BadRequestInfo {
    url: String,
}

impl RequestInfo {
    /// What the head of a request tells.
    ///
    /// # Errors
    /// The path ends behind `watch` or `proxy`.
    ///
    /// Go: `RequestInfoFactory.NewRequestInfo`.
    pub fn of(head: &RequestHead) -> Result<Self, BadRequestInfo> {
        let url = &head.target.url;
        let path = String::from_utf8_lossy(&url.path).into_owned();
        let mut info = Self { verb: head.method.as_str().to_lowercase(), path, ..Self::default() };
        let trimmed = info.path.trim_matches('/').to_owned();
        let parts: Vec<&str> = if trimmed.is_empty() { Vec::new() } else { trimmed.split('/').collect() };
        let Some(rest) = info.prefix(&parts) else { return Ok(info) };
        let rest = info.verb(&head.method, rest).ok_or_else(|| {
            let mut text = BytesMut::new();
            url.write(&mut text);
            BadRequestInfo { url: String::from_utf8_lossy(&text).into_owned() }
        })?;
        let by_path = rest.by_path;
        info.object(rest.parts);
        info.many(&Query::of(head), by_path);
        Ok(info)
    }

    /// Whether the request may run for as long as it likes.
    ///
    /// Go: `apiserver/pkg/server/filters/longrunning.go` `BasicLongRunningRequestCheck`, as kube-apiserver calls it.
    pub fn is_long_running(&self) -> bool {
        if !self.is_resource {
            return self.path.starts_with("/debug/pprof/");
        }
        matches!(&self.verb[..], "watch" | "proxy")
            || matches!(&self.subresource[..], "attach" | "exec" | "proxy" | "log" | "portforward")
    }

    /// Reads `api/VERSION` or `apis/GROUP/VERSION`; none for what is no resource.
    fn prefix<'p>(&mut self, parts: &'p [&'p str]) -> Option<&'p [&'p str]> {
        let ([prefix @ ("api" | "apis"), rest @ ..], true) = (parts, parts.len() >= 3) else { return None };
        self.api_prefix = (*prefix).to_owned();
        let mut rest = rest;
        if *prefix == "apis" {
            if parts.len() < 4 {
                return None;
            }
            self.api_group = rest[0].to_owned();
            rest = &rest[1..];
        }
        self.is_resource = true;
        self.api_version = rest[0].to_owned();
        Some(&rest[1..])
    }

    /// Reads the verb, from the path or from the method; none if nothing follows one in the path.
    fn verb<'p>(&mut self, method: &Method, parts: &'p [&'p str]) -> Option<Rest<'p>> {
        if let [verb @ ("proxy" | "watch"), rest @ ..] = parts {
            if rest.is_empty() {
                return None;
            }
            self.verb = (*verb).to_owned();
            return Some(Rest { parts: rest, by_path: true });
        }
        let verb = match method.as_str() {
            "POST" => "create",
            "GET" | "HEAD" => "get",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => "delete",
            _ => "",
        };
        self.verb = verb.to_owned();
        Some(Rest { parts, by_path: false })
    }

    /// Reads namespace, resource, name and subresource.
    fn object(&mut self, mut parts: &[&str]) {
        if let ["namespaces", namespace, ..] = parts {
            self.namespace = (*namespace).to_owned();
            if parts.get(2).is_some_and(|third| !matches!(*third, "status" | "finalize")) {
                parts = &parts[2..];
            }
        }
        self.parts = parts.iter().map(|part| (*part).to_owned()).collect();
        let part = |at: usize| parts.get(at).copied().unwrap_or_default().to_owned();
        self.resource = part(0);
        self.name = part(1);
        if self.verb != "proxy" {
            self.subresource = part(2);
        }
    }

    /// Tells lists and watches from gets, and deletions of many from those of one.
    fn many(&mut self, query: &Query, by_path: bool) {
        if self.name.is_empty() && self.verb == "get" {
            let asked = ListAsked::of(query);
            self.verb = if asked.watch { "watch" } else { "list" }.to_owned();
            self.name = asked.name.unwrap_or_default();
        }
        if self.name.is_empty() && self.verb == "delete" {
            self.verb = "deletecollection".to_owned();
        }
        if !by_path && matches!(&self.verb[..], "list" | "watch" | "deletecollection") {
            self.field_selector = query.text("fieldSelector");
            self.label_selector = query.text("labelSelector");
        }
    }
}

/// What of a path is left behind its verb.
struct Rest<'p> {
    parts: &'p [&'p str],
    /// The path names the verb.
    by_path: bool,
}
