//! Strategic merge patch: lists are merged by the keys of their items, as the tables say, and directives say more.
//!
//! Go: `apimachinery/pkg/util/strategicpatch/patch.go` `StrategicMergeMapPatchUsingLookupPatchMeta`.

mod order;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use self::order::Order;
use super::go_format::shown;
use crate::{
    meta::json::without_fields,
    rest::{
        decode::find,
        kinds::{Field, Kind, Kinds, Shape, TypeTable},
    },
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
    let named = |key: &str| key.strip_prefix(DELETE_FROM_LIST).unwrap_or(key).to_owned();
    let gone: BTreeSet<String> = patch.iter().filter(|(_, value)| value.is_null()).map(|(key, _)| named(key)).collect();
    original.retain(|name, _| !gone.contains(name));
    for (key, value) in patch.into_iter().filter(|(_, value)| !value.is_null()) {
        let (name, deletes) = match key.strip_prefix(DELETE_FROM_LIST) {
            Some(name) => (name, true),
            None => (&*key, false),
        };
        let field = table.and_then(|table| find(table, name));
        let merged = match (original.get_mut(name).map(Value::take), value) {
            (Some(Value::Array(old)), Value::Array(unwanted)) if deletes => without(old, &unwanted).into(),
            (Some(old), _) if deletes => old,
            (None, _) if deletes => continue,
            (Some(Value::Object(old)), Value::Object(new)) if !replaces(field) => {
                merge_map(old, new, field.and_then(|field| table_of(&field.shape)))?.into()
            }
            (Some(Value::Array(old)), Value::Array(new)) => merge_list(old, new, field)?.into(),
            (_, new) => as_new(new),
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
    let kept: BTreeSet<&str> = kept.iter().filter_map(Value::as_str).collect();
    let is_kept = |key: &str| kept.contains(key);
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
    if !patch.keys().any(|key| key.starts_with(ELEMENT_ORDER)) {
        return Ok(());
    }
    let (directives, others): (Fields, Fields) =
        std::mem::take(patch).into_iter().partition(|(key, _)| key.starts_with(ELEMENT_ORDER));
    *patch = others;
    for (directive, wanted) in directives {
        let Value::Array(wanted) = wanted else {
            return Err(format!("invalid patch format of {directive}"));
        };
        let name = directive.trim_start_matches(ELEMENT_ORDER);
        let owner = table.map_or("map", |table| &table.go);
        let field = table.and_then(|table| find(table, name));
        if field.is_none() {
            return Err(format!("unable to find api field in struct {owner} for the json field {name:?}"));
        }
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
            old = without(old, &unwanted);
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
        let (mut merged, mut places) = (old.clone(), order.places(&old));
        for item in &new {
            if order.place(&places, item).is_none() {
                order.put(&mut places, item, merged.len());
                merged.push(item.clone());
            }
        }
        return Ok(order.normalize(merged, &new, &old));
    }
    let (mut merged, new) = follow_directives(old.clone(), new, &order, &field.merge_key)?;
    let mut places = order.places(&merged);
    for item in &new {
        if item.get(&field.merge_key).is_none() {
            return Err(format!("map: {} does not contain declared merge key: {}", shown(item), field.merge_key));
        }
        match (order.place(&places, item), item) {
            (Some(at), Value::Object(item)) => {
                let Value::Object(other) = merged[at].take() else { continue };
                merged[at] = merge_map(other, item.clone(), table_of(&field.shape))?.into();
            }
            _ => {
                order.put(&mut places, item, merged.len());
                merged.push(as_new(item.clone()));
            }
        }
    }
    Ok(order.normalize(merged, &new, &old))
}

/// Items that say what happens to the list rather than what is in it. Go: `mergeSliceWithSpecialElements`.
fn follow_directives(
    old: Vec<Value>,
    new: Vec<Value>,
    order: &Order<'_>,
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), String> {
    let mut deleted = Vec::new();
    let mut kept = Vec::with_capacity(new.len());
    let mut replaced = false;
    for item in new {
        let Some(directive) = item.get(DIRECTIVE) else {
            kept.push(item);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                if item.get(key).is_none() {
                    return Err(format!("map: {} does not contain declared merge key: {key}", shown(&item)));
                }
                deleted.push(item);
            }
            Some("replace") => replaced = true,
            Some("merge") => return Err("merging list cannot yet be specified in the patch".to_owned()),
            _ => return Err(format!("unknown patch type: {} in map: {}", shown(directive), shown(&item))),
        }
    }
    if replaced {
        return Ok((kept, Vec::new()));
    }
    let deleted = order.places(&deleted);
    Ok((old.into_iter().filter(|item| order.place(&deleted, item).is_none()).collect(), kept))
}

/// A list of single values without some of them.
fn without(list: Vec<Value>, unwanted: &[Value]) -> Vec<Value> {
    let order = Order::of(None);
    let unwanted = order.places(unwanted);
    list.into_iter().filter(|item| order.place(&unwanted, item).is_none()).collect()
}

/// A new value has nothing to remove, and nothing to be told. Go: `discardNullValuesFromPatch`.
fn as_new(value: Value) -> Value {
    without_fields(value, |name, value| value.is_null() || name.starts_with('$'))
}

#[cfg(test)]
mod tests;
