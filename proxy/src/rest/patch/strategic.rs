//! Strategic merge patch: lists are merged by the keys of their items, as the tables say, and directives say more.
//!
//! Go: `apimachinery/pkg/util/strategicpatch/patch.go` `StrategicMergeMapPatchUsingLookupPatchMeta`.

mod order;

use serde_json::{Map, Value};

use self::order::Order;
use super::go_format::shown;
use crate::rest::{
    decode::find,
    kinds::{Field, Kind, Kinds, Shape, TypeTable},
};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList/";
const ELEMENT_ORDER: &str = "$setElementOrder/";

/// An object of a kind with a patch applied.
///
/// # Errors
/// A directive that is none, or an item without its key; in Go's words.
pub(super) fn apply(kind: &'static Kind, original: Value, patch: &Value) -> Result<Value, String> {
    let (Value::Object(original), Value::Object(patch)) = (original, patch) else { return Ok(patch.clone()) };
    merge_map(original, patch.clone(), Some(kind.table())).map(Value::Object)
}

type Fields = Map<String, Value>;

/// What the tables say of a field's type, if it is a struct.
fn table_of(shape: &'static Shape) -> Option<&'static TypeTable> {
    match shape {
        Shape::Ref(name) => Some(Kinds::get().type_named(name)),
        Shape::Array(inner) | Shape::Map(inner) => table_of(inner),
        Shape::Scalar(_) => None,
    }
}

fn merge_map(mut original: Fields, mut patch: Fields, table: Option<&'static TypeTable>) -> Result<Fields, String> {
    if let Some(directive) = patch.get(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => {
                patch.shift_remove(DIRECTIVE);
                Ok(patch)
            }
            Some("delete") => Ok(Fields::new()),
            _ => Err(format!(
                "unknown patch type: {} in map: {}",
                shown(directive),
                shown(&Value::Object(patch.clone()))
            )),
        };
    }
    retain_keys(&mut original, &mut patch)?;
    set_element_orders(&mut original, &mut patch, table)?;
    for (key, value) in patch {
        let (name, deletes) = match key.strip_prefix(DELETE_FROM_LIST) {
            Some(name) => (name, true),
            None => (&*key, false),
        };
        if value.is_null() {
            original.shift_remove(name);
            continue;
        }
        let field = table.and_then(|table| find(table, name));
        let merged = match (original.get_mut(name).map(Value::take), value) {
            (Some(Value::Array(old)), Value::Array(unwanted)) if deletes => {
                old.into_iter().filter(|item| !unwanted.contains(item)).collect()
            }
            (Some(old), _) if deletes => old,
            (None, _) if deletes => continue,
            (Some(Value::Object(old)), Value::Object(new)) if !replaces(field) => {
                merge_map(old, new, field.and_then(|field| table_of(&field.shape)))?.into()
            }
            (Some(Value::Array(old)), Value::Array(new)) => merge_list(old, new, field)?.into(),
            (_, new) => without_nulls(new),
        };
        original.insert(name.to_owned(), merged);
    }
    Ok(original)
}

fn has_strategy(field: &Field, name: &str) -> bool {
    field.patch_strategy.split(',').any(|one| one == name)
}

fn replaces(field: Option<&Field>) -> bool {
    field.is_some_and(|field| has_strategy(field, "replace"))
}

/// Nothing is left in the original that is not on the list.
fn retain_keys(original: &mut Fields, patch: &mut Fields) -> Result<(), String> {
    let Some(kept) = patch.shift_remove(RETAIN_KEYS) else { return Ok(()) };
    let Value::Array(kept) = kept else {
        return Err("invalid patch format of retainKeys".to_owned());
    };
    let is_kept = |key: &str| kept.iter().any(|one| one == key);
    if patch.iter().any(|(key, value)| !key.starts_with('$') && !value.is_null() && !is_kept(key)) {
        return Err("patch format of retainKeys: the keys of the patch must be in the retainKeys list".to_owned());
    }
    original.retain(|key, _| is_kept(key));
    Ok(())
}

/// Lists whose order the patch says are merged first.
fn set_element_orders(
    original: &mut Fields,
    patch: &mut Fields,
    table: Option<&'static TypeTable>,
) -> Result<(), String> {
    let directives: Vec<String> = patch.keys().filter(|key| key.starts_with(ELEMENT_ORDER)).cloned().collect();
    for directive in directives {
        let Some(Value::Array(wanted)) = patch.shift_remove(&directive) else {
            return Err(format!("invalid patch format of {directive}"));
        };
        let name = directive.trim_start_matches(ELEMENT_ORDER);
        let field = table.and_then(|table| find(table, name));
        let deletes = patch.shift_remove(&format!("{DELETE_FROM_LIST}{name}"));
        let new = match patch.shift_remove(name) {
            Some(Value::Array(new)) => new,
            Some(other) => {
                patch.insert(name.to_owned(), other);
                continue;
            }
            None => Vec::new(),
        };
        let mut old = original.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        if let Some(Value::Array(unwanted)) = deletes {
            old.retain(|item| !unwanted.contains(item));
        }
        if old.is_empty() && new.is_empty() {
            continue;
        }
        let order = Order::of(field);
        let merged = merge_list(old.clone(), new, field)?;
        original.insert(name.to_owned(), order.normalize(merged, &wanted, &old).into());
    }
    Ok(())
}

fn merge_list(old: Vec<Value>, new: Vec<Value>, field: Option<&'static Field>) -> Result<Vec<Value>, String> {
    let Some(field) = field.filter(|field| has_strategy(field, "merge")) else { return Ok(new) };
    let order = Order::of(Some(field));
    if old.iter().chain(&new).any(|item| !item.is_object()) {
        let mut merged = old.clone();
        for item in &new {
            if !merged.contains(item) {
                merged.push(item.clone());
            }
        }
        return Ok(order.normalize(merged, &new, &old));
    }
    let (mut merged, new) = follow_directives(old.clone(), new, &field.merge_key)?;
    for item in &new {
        let key = item
            .get(&field.merge_key)
            .ok_or_else(|| format!("map: {} does not contain declared merge key: {}", shown(item), field.merge_key))?;
        let at = merged.iter().position(|other| other.get(&field.merge_key) == Some(key));
        match (at, item) {
            (Some(at), Value::Object(item)) => {
                let Value::Object(other) = merged[at].take() else { continue };
                merged[at] = merge_map(other, item.clone(), table_of(&field.shape))?.into();
            }
            _ => merged.push(without_nulls(item.clone())),
        }
    }
    Ok(order.normalize(merged, &new, &old))
}

/// Items that say what happens to the list rather than what is in it. Go: `mergeSliceWithSpecialElements`.
fn follow_directives(mut old: Vec<Value>, new: Vec<Value>, key: &str) -> Result<(Vec<Value>, Vec<Value>), String> {
    let mut kept = Vec::with_capacity(new.len());
    let mut replaced = false;
    for item in new {
        let Some(directive) = item.get(DIRECTIVE) else {
            kept.push(item);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let Some(value) = item.get(key) else {
                    return Err(format!("map: {} does not contain declared merge key: {key}", shown(&item)));
                };
                old.retain(|other| other.get(key) != Some(value));
            }
            Some("replace") => replaced = true,
            Some("merge") => return Err("merging list cannot yet be specified in the patch".to_owned()),
            _ => return Err(format!("unknown patch type: {} in map: {}", shown(directive), shown(&item))),
        }
    }
    if replaced { Ok((kept, Vec::new())) } else { Ok((old, kept)) }
}

/// A new value has nothing to remove. Go: `discardNullValuesFromPatch`.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(key, value)| !value.is_null() && !key.starts_with('$'));
            Value::Object(fields.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests;
