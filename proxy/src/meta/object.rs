//! One API object.

use serde_json::{Map, Value};

/// One API object: its fields in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Map<String, Value>);

impl Object {
    /// An object from its value; `None` if that is no map.
    pub fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Object(fields) => Some(Self(fields)),
            _ => None,
        }
    }

    /// Its fields.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Its fields, to change them.
    pub fn fields_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }

    /// As a value.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// The field at the end of a path.
    pub fn get(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.0.get(*first)?, |value, field| value.get(field))
    }

    /// The text at the end of a path; empty where there is none.
    pub fn text(&self, path: &[&str]) -> &str {
        self.get(path).and_then(Value::as_str).unwrap_or_default()
    }

    /// The list at the end of a path; empty where there is none.
    pub fn list(&self, path: &[&str]) -> &[Value] {
        self.get(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Puts a value at the end of a path, and maps on the way where there are none.
    ///
    /// # Panics
    /// If the path is empty.
    pub fn set(&mut self, path: &[&str], value: Value) {
        let (last, way) = path.split_last().expect("a path names at least one field");
        let mut fields = &mut self.0;
        for field in way {
            let next = fields.entry(*field).or_insert_with(|| Value::Object(Map::new()));
            if !next.is_object() {
                *next = Value::Object(Map::new());
            }
            fields = next.as_object_mut().expect("made a map above");
        }
        fields.insert((*last).to_owned(), value);
    }

    /// Takes the field at the end of a path out; the order of the others stays.
    pub fn remove(&mut self, path: &[&str]) -> Option<Value> {
        let (last, way) = path.split_last()?;
        let mut fields = &mut self.0;
        for field in way {
            fields = fields.get_mut(*field)?.as_object_mut()?;
        }
        fields.shift_remove(*last)
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"])
    }

    /// `metadata.generateName`.
    pub fn generate_name(&self) -> &str {
        self.text(&["metadata", "generateName"])
    }

    /// `metadata.namespace`.
    pub fn namespace(&self) -> &str {
        self.text(&["metadata", "namespace"])
    }

    /// `metadata.uid`.
    pub fn uid(&self) -> &str {
        self.text(&["metadata", "uid"])
    }

    /// `metadata.resourceVersion`.
    pub fn resource_version(&self) -> &str {
        self.text(&["metadata", "resourceVersion"])
    }

    /// `metadata.creationTimestamp`.
    pub fn creation_timestamp(&self) -> &str {
        self.text(&["metadata", "creationTimestamp"])
    }

    /// `metadata.deletionTimestamp`, while the object is on its way out.
    pub fn deletion_timestamp(&self) -> Option<&str> {
        self.get(&["metadata", "deletionTimestamp"])?.as_str()
    }

    /// `metadata.labels`.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts("labels")
    }

    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.get(&["metadata", "labels", key])?.as_str()
    }

    /// `metadata.annotations`.
    pub fn annotations(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts("annotations")
    }

    /// `metadata.finalizers`.
    pub fn finalizers(&self) -> impl Iterator<Item = &str> {
        self.list(&["metadata", "finalizers"]).iter().filter_map(Value::as_str)
    }

    fn texts(&self, field: &str) -> impl Iterator<Item = (&str, &str)> {
        let map = self.get(&["metadata", field]).and_then(Value::as_object);
        map.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_set_field_can_be_read_and_removed_again() {
        let mut object = Object::from_value(json!({"kind": "Service", "apiVersion": "v1"})).unwrap();
        object.set(&["metadata", "name"], json!("a"));
        object.set(&["spec", "type"], json!("ClusterIP"));
        assert_eq!((object.name(), object.text(&["spec", "type"])), ("a", "ClusterIP"));
        assert_eq!(object.remove(&["spec", "type"]), Some(json!("ClusterIP")));
        assert_eq!(object.get(&["spec", "type"]), None);
        assert_eq!(
            object.into_value(),
            json!({"kind": "Service", "apiVersion": "v1", "metadata": {"name": "a"}, "spec": {}})
        );
    }
}
