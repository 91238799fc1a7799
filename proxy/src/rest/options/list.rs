//! Options of list, watch and deletecollection. Go: `apimachinery/pkg/apis/meta/internalversion/validation/validation.go`.

use std::time::Duration;

use serde_json::json;

use super::invalid;
use crate::{
    meta::{FieldError, Query, Status},
    rest::{kinds::Kind, selector::Selector},
};

/// What a list or a watch asks for.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    /// Which objects.
    pub selector: Selector,
    /// At most so many; 0 for all.
    pub limit: usize,
    /// Where a list goes on.
    pub continue_token: String,
    /// The revision that is asked for: empty for the latest, `0` for any.
    pub resource_version: String,
    /// How the revision is meant: empty, `Exact` or `NotOlderThan`.
    pub resource_version_match: String,
    /// Whether a watch tells of its progress.
    pub allow_watch_bookmarks: bool,
    /// Whether a watch begins with what is there, and says where that ends.
    pub send_initial_events: bool,
    /// How long a watch lasts.
    pub timeout: Option<Duration>,
}

/// Which verb the options are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rest) enum ListVerb {
    /// `list` and `deletecollection`.
    List,
    /// `watch`.
    Watch,
}

impl ListOptions {
    /// Reads the query.
    ///
    /// # Errors
    /// 400: a number or a selector cannot be read; 422: options that do not go together.
    pub(in crate::rest) fn parse(query: &Query, kind: &Kind, verb: ListVerb) -> Result<Self, Status> {
        let limit = query.int("limit")?.unwrap_or_default();
        let timeout = query.int("timeoutSeconds")?.and_then(|seconds| u64::try_from(seconds).ok());
        let mut options = Self {
            limit: usize::try_from(limit).unwrap_or_default(),
            continue_token: query.text("continue"),
            resource_version: query.text("resourceVersion"),
            resource_version_match: query.text("resourceVersionMatch"),
            allow_watch_bookmarks: query.bool("allowWatchBookmarks").unwrap_or_default(),
            send_initial_events: query.bool("sendInitialEvents").unwrap_or_default(),
            timeout: timeout.filter(|seconds| *seconds > 0).map(Duration::from_secs),
            selector: Selector::default(),
        };
        let initial = query.bool("sendInitialEvents");
        let wrong = match verb {
            ListVerb::List => options.faults_of_list(initial.is_some()),
            ListVerb::Watch => options.faults_of_watch(initial),
        };
        invalid("ListOptions", &wrong)?;
        options.selector = Selector::parse(kind, &query.text("labelSelector"), &query.text("fieldSelector"))?;
        Ok(options)
    }

    fn faults_of_list(&self, has_initial: bool) -> Vec<FieldError> {
        let mut wrong = self.faults_of_match(&["Exact", "NotOlderThan", ""]);
        if has_initial {
            wrong.push(FieldError::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        }
        wrong
    }

    fn faults_of_match(&self, known: &[&str]) -> Vec<FieldError> {
        let field = "resourceVersionMatch";
        let mut wrong = Vec::new();
        if self.resource_version_match.is_empty() {
            return wrong;
        }
        if self.resource_version.is_empty() {
            let detail = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            wrong.push(FieldError::forbidden(field, detail));
        }
        if !self.continue_token.is_empty() {
            wrong.push(FieldError::forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
        }
        if !known.contains(&&*self.resource_version_match) {
            wrong.push(FieldError::not_supported(field, &json!(self.resource_version_match), known));
        }
        if self.resource_version_match == "Exact" && self.resource_version == "0" {
            let detail = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            wrong.push(FieldError::forbidden(field, detail));
        }
        wrong
    }

    fn faults_of_watch(&self, initial: Option<bool>) -> Vec<FieldError> {
        let field = "resourceVersionMatch";
        let Some(_) = initial else {
            let legacy = !self.continue_token.is_empty() && matches!(&*self.resource_version, "" | "0");
            if legacy {
                // Go sets sendInitialEvents and its match for such a watch before it looks at them.
                let detail = "resourceVersionMatch is forbidden when continue is provided";
                return vec![FieldError::forbidden(field, detail)];
            }
            let detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            let given = !self.resource_version_match.is_empty();
            return given.then(|| FieldError::forbidden(field, detail)).into_iter().collect();
        };
        let mut wrong = Vec::new();
        if self.resource_version_match != "NotOlderThan" {
            let detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            wrong.push(FieldError::forbidden(field, detail));
        }
        if !matches!(&*self.resource_version_match, "" | "NotOlderThan") {
            wrong.push(FieldError::not_supported(field, &json!(self.resource_version_match), &["NotOlderThan"]));
        }
        if !self.continue_token.is_empty() {
            wrong.push(FieldError::forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
        }
        wrong
    }
}
