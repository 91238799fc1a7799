//! What the query of a request asks for, and what is wrong with it. Go: `apimachinery/pkg/apis/meta/v1/validation/validation.go`.

mod delete;
mod list;

use serde_json::json;

pub(super) use self::list::ListVerb;
pub use self::{
    delete::{DeleteOptions, Preconditions, Propagation},
    list::ListOptions,
};
use crate::meta::{FieldError, GroupKind, Query, Status};

/// Whether a write is done, or only looks as if it were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DryRun {
    /// It is done.
    #[default]
    No,
    /// `dryRun=All`: answered as if it were done, and nothing is written.
    All,
}

/// What happens to fields that are not known, or there twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// They are dropped.
    Ignore,
    /// They are dropped and told of in `Warning` headers.
    #[default]
    Warn,
    /// They are refused.
    Strict,
}

/// What a create, update or patch asks for.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// Whether it is done.
    pub dry_run: DryRun,
    /// What happens to strange fields.
    pub field_validation: FieldValidation,
}

impl WriteOptions {
    /// Reads the query; `options` is the name of Go's type, `CreateOptions`.
    ///
    /// # Errors
    /// 422: something in it is wrong.
    pub(super) fn parse(query: &Query, options: &str) -> Result<Self, Status> {
        let mut wrong = Vec::new();
        if options == "PatchOptions" && query.bool("force") == Some(true) {
            wrong.push(FieldError::forbidden("force", "may not be specified for non-apply patch"));
        }
        wrong.extend(field_manager(&query.text("fieldManager")));
        let dry_run = dry_run(&query.texts("dryRun"), &mut wrong);
        let given = query.text("fieldValidation");
        let field_validation = match &*given {
            "" | "Warn" => FieldValidation::Warn,
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            other => {
                let known = ["", "Ignore", "Strict", "Warn"];
                wrong.push(FieldError::not_supported("fieldValidation", &json!(other), &known));
                FieldValidation::Warn
            }
        };
        invalid(options, &wrong)?;
        Ok(Self { dry_run, field_validation })
    }
}

/// Go: `ValidateFieldManager`.
fn field_manager(name: &str) -> Option<FieldError> {
    const BYTES_MAX: usize = 128;
    if name.len() > BYTES_MAX {
        return Some(FieldError::too_long("fieldManager", BYTES_MAX));
    }
    let at = name.char_indices().find(|(_, character)| character.is_control());
    at.map(|(at, _)| {
        let detail = format!("should only contain printable characters, found non-printable character at {at}");
        FieldError::invalid("fieldManager", &json!(name), detail)
    })
}

/// Go: `ValidateDryRun`.
fn dry_run(given: &[String], wrong: &mut Vec<FieldError>) -> DryRun {
    if given.iter().any(|one| one != "All") {
        wrong.push(FieldError::not_supported("dryRun", &json!(given), &["All"]));
    }
    if given.is_empty() { DryRun::No } else { DryRun::All }
}

/// 422 unless nothing is wrong.
fn invalid(options: &str, wrong: &[FieldError]) -> Result<(), Status> {
    if wrong.is_empty() { Ok(()) } else { Err(Status::invalid(&GroupKind::new("meta.k8s.io", options), "", wrong)) }
}
