//! The kinds that are served, from tables that are written out of Go's own types, and what each of them decides for itself.

pub(super) mod api_service;
pub(super) mod endpoint_slice;
pub(super) mod endpoints;
pub(super) mod namespace;
pub(super) mod service;
mod type_table;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use serde::Deserialize;
use serde_json::Value;

pub use self::type_table::{Field, Scalar, Shape, TypeTable};
use crate::meta::{GroupKind, GroupResource, GroupVersion};

/// All tables. Parsed once.
#[derive(Debug)]
pub struct Kinds {
    types: BTreeMap<String, TypeTable>,
    kinds: Vec<Kind>,
}

/// A kind that is served.
#[derive(Debug, Deserialize)]
pub struct Kind {
    /// Its group; empty for the core group.
    pub group: String,
    /// Its version.
    pub version: String,
    /// Its name, `APIService`.
    pub kind: String,
    /// The name of its type in the tables.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The name of the kind of its lists.
    pub list_kind: String,
    /// The name of the type of its lists.
    pub list_type: String,
    /// How paths name it, `apiservices`.
    pub resource: String,
    /// How people name one, `apiservice`.
    pub singular: String,
    /// Whether its objects stand in namespaces.
    pub namespaced: bool,
    /// How people name it for short.
    #[serde(default)]
    pub short_names: Vec<String>,
    /// The groups of resources that it belongs to, such as `all`.
    #[serde(default)]
    pub categories: Vec<String>,
    /// What can be done with it, sorted.
    pub verbs: Vec<String>,
    /// Its subresources, sorted by name.
    #[serde(default)]
    pub subresources: Vec<Subresource>,
    /// Tells clients whether the stored form changed.
    pub storage_version_hash: String,
    /// The columns of its tables.
    pub columns: Vec<Column>,
}

/// A part of an object that has a path of its own.
#[derive(Debug, Deserialize)]
pub struct Subresource {
    /// `status`.
    pub name: String,
    /// The kind that is read and written there.
    pub kind: String,
    /// What can be done with it, sorted.
    pub verbs: Vec<String>,
}

/// A column of a table.
#[derive(Debug, Deserialize)]
pub struct Column {
    /// Its title.
    pub name: String,
    /// `string`, `integer`, ...
    #[serde(rename = "type")]
    pub type_name: String,
    /// `name` for the one that names the object.
    #[serde(default)]
    pub format: String,
    /// What is in it.
    #[serde(default)]
    pub description: String,
    /// 0 for columns that are always shown.
    #[serde(default)]
    pub priority: i32,
}

/// The packages of the types that every server has.
const EVERYWHERE: [&str; 3] =
    ["io.k8s.apimachinery.pkg.apis.meta.v1", "io.k8s.api.apidiscovery.v2", "io.k8s.api.authentication.v1"];

#[derive(Deserialize)]
struct File {
    types: BTreeMap<String, TypeTable>,
    #[serde(default)]
    kinds: Vec<Kind>,
}

impl Kinds {
    /// The tables.
    ///
    /// # Panics
    /// If the tables of this build cannot be read: a test reads them.
    pub fn get() -> &'static Self {
        static KINDS: OnceLock<Kinds> = OnceLock::new();
        KINDS.get_or_init(|| {
            let mut all = Self { types: BTreeMap::new(), kinds: Vec::new() };
            for text in [
                include_str!("kinds/meta.json"),
                include_str!("kinds/core.json"),
                include_str!("kinds/discovery.json"),
                include_str!("kinds/apiregistration.json"),
                include_str!("kinds/authentication.json"),
            ] {
                let file: File = serde_json::from_str(text).expect("the tables were written by the recorder");
                all.types.extend(file.types);
                all.kinds.extend(file.kinds);
            }
            all
        })
    }

    /// All kinds.
    pub fn all(&self) -> &[Kind] {
        &self.kinds
    }

    /// The versions of groups that have a kind, sorted.
    pub fn versions(&self) -> Vec<GroupVersion> {
        let all: BTreeSet<GroupVersion> = self.kinds.iter().map(Kind::group_version).collect();
        all.into_iter().collect()
    }

    /// The kind that paths name so.
    pub fn by_resource(&'static self, group: &str, version: &str, resource: &str) -> Option<&'static Kind> {
        self.kinds.iter().find(|kind| kind.resource == resource && kind.version == version && kind.group == group)
    }

    /// A type by its name in the tables.
    ///
    /// # Panics
    /// If there is no such type: the tables name none that they do not have, which a test shows.
    pub fn type_named(&self, name: &str) -> &TypeTable {
        self.types.get(name).expect("the tables are whole")
    }

    /// The type of an object, by what it says of itself: one of our kinds, a list of them, or one of those that every server has.
    pub fn type_of(&self, api_version: &str, kind: &str) -> Option<&TypeTable> {
        let own =
            self.kinds.iter().filter(|own| own.group_version().to_string() == api_version).find_map(|own| match kind {
                _ if kind == own.kind => Some(&own.type_name),
                _ if kind == own.list_kind => Some(&own.list_type),
                _ => None,
            });
        match own {
            Some(name) => self.types.get(name),
            None => EVERYWHERE.iter().find_map(|package| self.types.get(&format!("{package}.{kind}"))),
        }
    }

    /// The name of the type that stands for a scalar, if it has one.
    pub fn scalar_named(&self, scalar: Scalar) -> Option<&str> {
        self.types.iter().find(|(_, table)| table.scalar == Some(scalar)).map(|(name, _)| name.as_str())
    }

    /// The fields of a type, those of inlined types in their place.
    pub fn fields<'a>(&'a self, table: &'a TypeTable) -> Vec<&'a Field> {
        let mut all = Vec::new();
        for field in &table.fields {
            match &field.shape {
                Shape::Ref(name) if field.inline => all.extend(self.fields(self.type_named(name))),
                Shape::Ref(_) | Shape::Array(_) | Shape::Map(_) | Shape::Scalar(_) => all.push(field),
            }
        }
        all
    }
}

impl Kind {
    /// Its group and version.
    pub fn group_version(&self) -> GroupVersion {
        GroupVersion::new(&*self.group, &*self.version)
    }

    /// Its group and its name.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&*self.group, &*self.kind)
    }

    /// How paths name it.
    pub fn group_resource(&self) -> GroupResource {
        GroupResource::new(&*self.group, &*self.resource)
    }

    /// The part of its objects that paths name so.
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|part| part.name == name)
    }

    /// Its fields.
    pub fn table(&self) -> &'static TypeTable {
        Kinds::get().type_named(&self.type_name)
    }

    /// An object of this kind as it is decoded: fields in order, what is not known left out.
    ///
    /// # Errors
    /// A field is not of its type.
    pub(super) fn canonical(&self, value: &Value) -> Result<crate::meta::Object, String> {
        super::decode::canonical(self, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refs<'a>(shape: &'a Shape, found: &mut Vec<&'a str>) {
        match shape {
            Shape::Ref(name) => found.push(name),
            Shape::Array(inner) | Shape::Map(inner) => refs(inner, found),
            Shape::Scalar(_) => {}
        }
    }

    #[test]
    fn the_tables_name_no_type_that_they_do_not_have() {
        let kinds = Kinds::get();
        let mut named = Vec::new();
        for table in kinds.types.values() {
            table.fields.iter().for_each(|field| refs(&field.shape, &mut named));
        }
        for kind in kinds.all() {
            named.extend([kind.type_name.as_str(), kind.list_type.as_str()]);
        }
        for name in named {
            kinds.type_named(name);
        }
    }

    #[test]
    fn every_kind_is_found_by_its_path() {
        for kind in Kinds::get().all() {
            let found = Kinds::get().by_resource(&kind.group, &kind.version, &kind.resource).unwrap();
            assert_eq!(found.kind, kind.kind);
        }
        assert_eq!(Kinds::get().all().len(), 5);
        assert!(Kinds::get().by_resource("", "v1", "pods").is_none());
    }
}
