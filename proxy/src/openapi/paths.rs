//! The paths of a version of a group.
//!
//! Go: `apiserver/pkg/endpoints/installer.go` `registerResourceHandlers`.

use super::{
    operation::{Operation, Parameter, PathItem, Place, RequestBody},
    options,
    schema::PATCH,
};
use crate::{
    meta::{
        GroupVersion,
        restful::{LISTS, OBJECTS},
    },
    rest::{Kind, Kinds, Subresource},
};

/// The paths of a version of a group, in the order of their names.
pub(super) fn of(at: &GroupVersion) -> Vec<PathItem> {
    let version = Version::new(at);
    let mut items = vec![version.resources()];
    for kind in Kinds::get().all().iter().filter(|kind| kind.group == at.group && kind.version == at.version) {
        version.add(kind, &mut items);
    }
    items.sort_by(|left, right| left.path.cmp(&right.path));
    items
}

struct Version {
    /// `/api/v1` or `/apis/g/v`.
    base: String,
    /// Group and version as names of operations have them: `ApiregistrationV1`.
    camel: String,
    tag: String,
}

/// A kind in paths: of all namespaces or of one.
struct Scoped<'a> {
    kind: &'a Kind,
    /// `Namespaced` or nothing, as names of operations have it.
    word: &'static str,
    /// What stands between the base and the resource.
    prefix: &'static str,
    parameters: Vec<Parameter>,
}

impl Version {
    fn new(at: &GroupVersion) -> Self {
        let group = if at.group.is_empty() { "core" } else { at.group.split('.').next().unwrap_or_default() };
        Self {
            base: at.path(),
            camel: format!("{}{}", capital(group), capital(&at.version)),
            tag: format!("{group}_{}", at.version),
        }
    }

    /// The list of resources.
    fn resources(&self) -> PathItem {
        let list = "io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList";
        let operation = Operation {
            description: "get available resources".to_owned(),
            ..self.operation("get", format!("get{}APIResources", self.camel), list)
        };
        PathItem::new(format!("{}/", self.base), Vec::new(), vec![operation])
    }

    fn add(&self, kind: &Kind, items: &mut Vec<PathItem>) {
        let (word, prefix, mut parameters) = if kind.namespaced {
            items.push(self.all_namespaces(kind));
            items.push(self.watch_all_namespaces(kind));
            ("Namespaced", "/namespaces/{namespace}", vec![options::namespace()])
        } else {
            ("", "", Vec::new())
        };
        parameters.push(options::pretty());
        let scoped = Scoped { kind, word, prefix, parameters };
        items.push(self.collection(&scoped));
        items.push(self.object(&scoped));
        items.extend(kind.subresources.iter().map(|below| self.subresource(&scoped, below)));
        items.extend(self.watches(&scoped));
    }

    fn all_namespaces(&self, kind: &Kind) -> PathItem {
        let list = self.list(kind, format!("list{}{}ForAllNamespaces", self.camel, kind.kind));
        PathItem::new(format!("{}/{}", self.base, kind.resource), vec![options::pretty()], vec![list])
    }

    fn collection(&self, scoped: &Scoped<'_>) -> PathItem {
        let Scoped { kind, word, prefix, parameters } = scoped;
        let name = format!("{word}{}", kind.kind);
        let create = Operation {
            description: format!("create {}", with_article(&kind.kind)),
            parameters: options::create(),
            body: Some(RequestBody { of: kind.type_name.clone(), required: true, media: ANY }),
            statuses: &[200, 201, 202],
            ..self.done_to(kind, "post", "post", format!("create{}{name}", self.camel), &kind.type_name)
        };
        let delete = Operation {
            description: format!("delete collection of {}", kind.kind),
            parameters: options::delete_collection(),
            body: Some(RequestBody { of: DELETE_OPTIONS.to_owned(), required: false, media: ANY }),
            ..self.done_to(kind, "delete", "deletecollection", format!("delete{}Collection{name}", self.camel), STATUS)
        };
        let list = self.list(kind, format!("list{}{name}", self.camel));
        let operations = only(&kind.verbs, [("list", list), ("create", create), ("deletecollection", delete)]);
        PathItem::new(format!("{}{prefix}/{}", self.base, kind.resource), parameters.clone(), operations)
    }

    fn object(&self, scoped: &Scoped<'_>) -> PathItem {
        let Scoped { kind, word, prefix, .. } = scoped;
        let name = format!("{word}{}", kind.kind);
        // A Service is answered itself when it is deleted. Go: `DeleteReturnsDeletedObject`.
        let deleted = if kind.kind == "Service" { &kind.type_name } else { STATUS };
        let delete = Operation {
            description: format!("delete {}", with_article(&kind.kind)),
            parameters: options::delete(),
            body: Some(RequestBody { of: DELETE_OPTIONS.to_owned(), required: false, media: ANY }),
            statuses: &[200, 202],
            ..self.done_to(kind, "delete", "delete", format!("delete{}{name}", self.camel), deleted)
        };
        let mut operations = self.read_and_write(kind, &name, "the specified");
        operations.push(("delete", delete));
        let path = format!("{}{prefix}/{}/{{name}}", self.base, kind.resource);
        PathItem::new(path, with_name(scoped), only(&kind.verbs, operations))
    }

    fn subresource(&self, scoped: &Scoped<'_>, below: &Subresource) -> PathItem {
        let Scoped { kind, word, prefix, .. } = scoped;
        let name = format!("{word}{}{}", kind.kind, capital(&below.name));
        let operations = self.read_and_write(kind, &name, &format!("{} of the specified", below.name));
        let path = format!("{}{prefix}/{}/{{name}}/{}", self.base, kind.resource, below.name);
        PathItem::new(path, with_name(scoped), only(&below.verbs, operations))
    }

    /// Operations that an object and its subresources have alike.
    fn read_and_write(&self, kind: &Kind, name: &str, what: &str) -> Vec<(&'static str, Operation)> {
        let done =
            |method, id| self.done_to(kind, method, method, format!("{id}{}{name}", self.camel), &kind.type_name);
        let get = Operation { description: format!("read {what} {}", kind.kind), ..done("get", "read") };
        let put = Operation {
            description: format!("replace {what} {}", kind.kind),
            parameters: options::update(),
            body: Some(RequestBody { of: kind.type_name.clone(), required: true, media: ANY }),
            statuses: &[200, 201],
            ..done("put", "replace")
        };
        let patch = Operation {
            description: format!("partially update {what} {}", kind.kind),
            parameters: options::patch(),
            body: Some(RequestBody { of: PATCH.to_owned(), required: true, media: PATCHES }),
            statuses: &[200, 201],
            ..done("patch", "patch")
        };
        vec![("get", get), ("update", put), ("patch", patch)]
    }

    fn list(&self, kind: &Kind, id: String) -> Operation {
        Operation {
            description: format!("list or watch objects of kind {}", kind.kind),
            parameters: options::list(),
            media: LISTS,
            ..self.done_to(kind, "get", "list", id, &kind.list_type)
        }
    }

    fn watch_all_namespaces(&self, kind: &Kind) -> PathItem {
        let id = format!("watch{}{}ForAllNamespaces", self.camel, kind.list_kind);
        self.watch(kind, "watchlist", id, format!("{}/watch/{}", self.base, kind.resource), vec![options::pretty()])
    }

    fn watches(&self, scoped: &Scoped<'_>) -> [PathItem; 2] {
        let Scoped { kind, word, prefix, parameters } = scoped;
        let path = format!("{}/watch{prefix}/{}", self.base, kind.resource);
        let id = |name: &str| format!("watch{}{word}{name}", self.camel);
        [
            self.watch(kind, "watch", id(&kind.kind), format!("{path}/{{name}}"), with_name(scoped)),
            self.watch(kind, "watchlist", id(&kind.list_kind), path, parameters.clone()),
        ]
    }

    fn watch(&self, kind: &Kind, action: &'static str, id: String, path: String, scope: Vec<Parameter>) -> PathItem {
        let rather = "deprecated: use the 'watch' parameter with a list operation instead";
        let description = if action == "watch" {
            format!(
                "watch changes to an object of kind {}. {rather}, filtered to a single item with the 'fieldSelector' parameter.",
                kind.kind
            )
        } else {
            format!("watch individual changes to a list of {}. {rather}.", kind.kind)
        };
        let operation = Operation {
            description,
            parameters: options::list(),
            media: LISTS,
            ..self.done_to(kind, "get", action, id, WATCH_EVENT)
        };
        PathItem::new(path, scope, vec![operation])
    }

    fn done_to(&self, kind: &Kind, method: &'static str, action: &'static str, id: String, answer: &str) -> Operation {
        Operation {
            action: Some(action),
            kind: Some([kind.group.clone(), kind.version.clone(), kind.kind.clone()]),
            ..self.operation(method, id, answer)
        }
    }

    fn operation(&self, method: &'static str, id: String, answer: &str) -> Operation {
        Operation {
            method,
            id,
            description: String::new(),
            tag: self.tag.clone(),
            action: None,
            kind: None,
            parameters: Vec::new(),
            body: None,
            statuses: &[200],
            answer: answer.to_owned(),
            media: OBJECTS,
        }
    }
}

/// The operations whose verbs are among these.
fn only(verbs: &[String], operations: impl IntoIterator<Item = (&'static str, Operation)>) -> Vec<Operation> {
    let served = |verb: &str| verbs.iter().any(|one| one == verb);
    operations.into_iter().filter(|(verb, _)| served(verb)).map(|(_, operation)| operation).collect()
}

fn with_name(scoped: &Scoped<'_>) -> Vec<Parameter> {
    let description = format!("name of the {}", scoped.kind.kind);
    let name = Parameter { name: "name".to_owned(), place: Place::Path, of: "string", description };
    std::iter::once(name).chain(scoped.parameters.iter().cloned()).collect()
}

fn with_article(kind: &str) -> String {
    match kind.chars().next() {
        // A kind in the plural.
        _ if kind == "Endpoints" => kind.to_owned(),
        Some('A' | 'E' | 'I' | 'O' | 'U') => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

const DELETE_OPTIONS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
const STATUS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
const WATCH_EVENT: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent";

const ANY: &[&str] = &["*/*"];
const PATCHES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];
