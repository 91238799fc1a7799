//! Which objects a request selects: by labels, and by fields.

mod labels;

use self::labels::Requirement;
use super::{kinds::Kind, strategy};
use crate::meta::{FieldSelector, Object, Status};

/// What `labelSelector` and `fieldSelector` say.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    labels: Vec<Requirement>,
    fields: FieldSelector,
}

impl Selector {
    /// Reads both selectors of a request.
    ///
    /// # Errors
    /// 400: one of them cannot be read, or names a field that cannot be selected by.
    pub fn parse(kind: &Kind, labels: &str, fields: &str) -> Result<Self, Status> {
        let labels = labels::parse(labels)
            .map_err(|fault| Status::bad_request(format!("unable to parse requirement: {fault}")))?;
        let fields = FieldSelector::parse(fields).map_err(Status::bad_request)?;
        let strategy = strategy::of(kind);
        for term in fields.terms() {
            let known = matches!(&*term.field, "metadata.name" | "metadata.namespace")
                || strategy.selectable_fields().contains(&&*term.field);
            if !known {
                return Err(Status::bad_request(strategy.unknown_selectable_field(&term.field)));
            }
        }
        Ok(Self { labels, fields })
    }

    /// Lets it select one object by its name, as the path of a watch says.
    ///
    /// # Errors
    /// 400: it says something else of fields already.
    pub(super) fn narrow_to(&mut self, name: &str) -> Result<(), Status> {
        if self.fields.terms().is_empty() {
            self.fields = FieldSelector::one("metadata.name", name);
        }
        match self.fields.exact("metadata.name") {
            Some(selected) if selected == name => Ok(()),
            _ => Err(Status::bad_request("fieldSelector metadata.name doesn't match requested name")),
        }
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.terms().is_empty()
    }

    /// Whether it selects an object.
    pub fn selects(&self, object: &Object) -> bool {
        let by_fields = self.fields.terms().iter().all(|term| {
            let path: Vec<&str> = term.field.split('.').collect();
            (object.text(&path) == term.value) == term.equals
        });
        by_fields && self.labels.iter().all(|requirement| requirement.holds(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rest::kinds::Kinds;

    fn selects(labels: &str, fields: &str) -> Result<bool, String> {
        let kind = Kinds::get().by_resource("", "v1", "services").unwrap();
        let object = Object::from_value(json!({
            "metadata": {"name": "a", "namespace": "b", "labels": {"app": "x", "tier": "2"}}, "spec": {"type": "ClusterIP"}
        }));
        let selector = Selector::parse(kind, labels, fields).map_err(|status| status.message)?;
        Ok(selector.selects(&object.unwrap()))
    }

    #[test]
    fn labels_select_as_go_selects() {
        for (text, expected) in [
            ("", true),
            ("app=x", true),
            ("app==x", true),
            ("app!=x", false),
            ("other!=x", true),
            ("app in (x, y)", true),
            ("app notin (x,y)", false),
            ("other notin (x)", true),
            ("app", true),
            ("!app", false),
            ("!other,app=x", true),
            ("tier>1", true),
            ("tier<2", false),
            ("app=", false),
            (" app = x , tier in (2) ", true),
        ] {
            assert_eq!(selects(text, ""), Ok(expected), "{text}");
        }
    }

    #[test]
    fn selectors_that_cannot_be_read_are_refused() {
        for text in ["app in x", "a=b=c", ",", "app in (x", "=x", "app>x", "a b"] {
            assert!(selects(text, "").is_err(), "{text}");
        }
    }

    #[test]
    fn fields_select_by_what_the_kind_allows() {
        assert_eq!(selects("", "metadata.name=a,metadata.namespace!=c,spec.type==ClusterIP"), Ok(true));
        assert_eq!(selects("", "metadata.name!=a"), Ok(false));
        assert_eq!(selects("", "spec.x=1"), Err("field label not supported: spec.x".to_owned()));
        assert_eq!(selects("", "x"), Err("invalid selector: 'x'; can't understand 'x'".to_owned()));
    }
}
