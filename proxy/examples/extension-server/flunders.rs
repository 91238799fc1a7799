//! The flunders themselves, in memory.

use std::collections::BTreeMap;

use http::{Method, StatusCode, request::Parts};
use serde_json::{Value, json};

use crate::{
    discovery::{API_VERSION, VERSION_PATH},
    reply::{self, Reply, status},
    table,
};

/// All flunders, by namespace and name.
#[derive(Debug, Default)]
pub(crate) struct Flunders {
    objects: BTreeMap<(String, String), Value>,
    /// Counts changes; the resource version of each object is that of its last change.
    revision: u64,
}

/// What a path names.
enum Target {
    /// Those of a namespace, or all of them.
    Many(Option<String>),
    /// One.
    One(String, String),
}

impl Flunders {
    /// Answers a request for flunders.
    pub(crate) fn serve(&mut self, head: &Parts, path: &str, body: &[u8], user: &str) -> Reply {
        let Some(target) = Target::of(path) else {
            return status(StatusCode::NOT_FOUND, "NotFound", "the server could not find the requested resource");
        };
        match (&head.method, target) {
            (&Method::GET, Target::Many(namespace)) => self.list(head, namespace.as_deref()),
            (&Method::POST, Target::Many(Some(namespace))) => self.create(namespace, body, user),
            (&Method::GET, Target::One(namespace, name)) => self.get(head, namespace, name),
            (&Method::PUT, Target::One(namespace, name)) => self.change(namespace, name, body, |_, new| new),
            (&Method::PATCH, Target::One(namespace, name)) => self.patch(head, namespace, name, body),
            (&Method::DELETE, Target::One(namespace, name)) => self.delete(namespace, name),
            _ => {
                let text = "the server does not allow this method on the requested resource";
                status(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", text)
            }
        }
    }

    fn list(&self, head: &Parts, namespace: Option<&str>) -> Reply {
        let in_namespace = |key: &(String, String)| namespace.is_none_or(|namespace| namespace == key.0);
        let items: Vec<&Value> =
            self.objects.iter().filter(|(key, _)| in_namespace(key)).map(|(_, item)| item).collect();
        let metadata = json!({"resourceVersion": self.revision.to_string()});
        match table::is_wanted(&head.headers) {
            true => reply::json(&table::of(items, &metadata)),
            false => reply::json(&json!({
                "kind": "FlunderList", "apiVersion": API_VERSION, "metadata": metadata, "items": items,
            })),
        }
    }

    fn get(&self, head: &Parts, namespace: String, name: String) -> Reply {
        match self.objects.get(&(namespace, name.clone())) {
            None => not_found(&name),
            Some(flunder) if table::is_wanted(&head.headers) => reply::json(&table::of([flunder], &json!({}))),
            Some(flunder) => reply::json(flunder),
        }
    }

    fn create(&mut self, namespace: String, body: &[u8], user: &str) -> Reply {
        let mut flunder = match read(body) {
            Ok(flunder) => flunder,
            Err(text) => return bad_request(&text),
        };
        let Some(name) = flunder["metadata"]["name"].as_str().map(str::to_owned) else {
            return status(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", "metadata.name: Required value");
        };
        let key = (namespace.clone(), name.clone());
        if self.objects.contains_key(&key) {
            let text = format!("flunders.wardle.example.com \"{name}\" already exists");
            return status(StatusCode::CONFLICT, "AlreadyExists", &text);
        }
        self.revision += 1;
        flunder["metadata"]["namespace"] = namespace.into();
        flunder["metadata"]["uid"] = format!("00000000-0000-4000-8000-{:012}", self.revision).into();
        flunder["metadata"]["annotations"]["wardle.example.com/created-by"] = user.into();
        self.store(key, flunder, StatusCode::CREATED)
    }

    fn patch(&mut self, head: &Parts, namespace: String, name: String, body: &[u8]) -> Reply {
        let media_type = head.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if media_type != "application/merge-patch+json" {
            let text = "the body of the request was in an unknown format - accepted media types include: application/merge-patch+json";
            return status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", text);
        }
        self.change(namespace, name, body, |mut old, patch| {
            json_patch::merge(&mut old, &patch);
            old
        })
    }

    /// Replaces a flunder; a resource version in what comes has to be that of what there is.
    fn change(&mut self, namespace: String, name: String, body: &[u8], new: impl Fn(Value, Value) -> Value) -> Reply {
        let key = (namespace, name);
        let Some(old) = self.objects.get(&key) else { return not_found(&key.1) };
        let mut flunder = match read(body) {
            Ok(given) => new(old.clone(), given),
            Err(text) => return bad_request(&text),
        };
        let version = flunder["metadata"]["resourceVersion"].as_str();
        if version.is_some_and(|version| Some(version) != old["metadata"]["resourceVersion"].as_str()) {
            let text = "the object has been modified; please apply your changes to the latest version and try again";
            return status(StatusCode::CONFLICT, "Conflict", text);
        }
        for kept in ["name", "namespace", "uid"] {
            flunder["metadata"][kept] = old["metadata"][kept].clone();
        }
        self.revision += 1;
        self.store(key, flunder, StatusCode::OK)
    }

    fn delete(&mut self, namespace: String, name: String) -> Reply {
        match self.objects.remove(&(namespace, name.clone())) {
            None => not_found(&name),
            Some(_) => {
                self.revision += 1;
                reply::json(&json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}))
            }
        }
    }

    fn store(&mut self, key: (String, String), mut flunder: Value, code: StatusCode) -> Reply {
        flunder["kind"] = "Flunder".into();
        flunder["apiVersion"] = API_VERSION.into();
        flunder["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let reply = reply::with(code, "application/json", &flunder);
        self.objects.insert(key, flunder);
        reply
    }
}

impl Target {
    fn of(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix(VERSION_PATH)?.split('/').skip(1).collect();
        match segments[..] {
            ["flunders"] => Some(Self::Many(None)),
            ["namespaces", namespace, "flunders"] => Some(Self::Many(Some(namespace.to_owned()))),
            ["namespaces", namespace, "flunders", name] => Some(Self::One(namespace.to_owned(), name.to_owned())),
            _ => None,
        }
    }
}

/// A JSON object with metadata that can be written into.
fn read(body: &[u8]) -> Result<Value, String> {
    let mut read: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let fields = read.as_object_mut().ok_or("expected an object")?;
    let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
    let annotations = metadata.get("annotations").unwrap_or(&Value::Null);
    if !metadata.is_object() || !(annotations.is_object() || annotations.is_null()) {
        return Err("metadata: expected an object".to_owned());
    }
    Ok(read)
}

fn bad_request(text: &str) -> Reply {
    status(StatusCode::BAD_REQUEST, "BadRequest", text)
}

fn not_found(name: &str) -> Reply {
    status(StatusCode::NOT_FOUND, "NotFound", &format!("flunders.wardle.example.com \"{name}\" not found"))
}
