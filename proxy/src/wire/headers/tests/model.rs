//! The fields against a model: a list of names in Go's spelling and values, which is searched from its start.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::wire::token::is_token;

/// What is done to a message's fields.
#[derive(Clone, Debug)]
enum Step {
    Append(String, String),
    Prepend(String, String),
    Set(String, String),
    Remove(String),
    RemoveNamed,
    RemoveCommon,
    RetainShort,
}

/// Names in common use and others, in any case, some of them no tokens.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        select(
            &[
                "connection",
                "CONNECTION",
                "Te",
                "te",
                "date",
                "Content-Type",
                "x-a",
                "X-A",
                "x_a",
                "x-remote-user",
                "a b",
                ""
            ][..]
        )
        .prop_map(str::to_owned),
        "[xX]-[a-cA-C]{1,2}",
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let value = || prop_oneof!["[a-z ,]{0,6}", "[xX]-[a-cA-C]{1,2}(, ?te)?", "[ \t\r\n]{0,2}[a-z\r\n\t ]{0,40}"];
    prop_oneof![
        4 => (name(), value()).prop_map(|(name, value)| Step::Append(name, value)),
        1 => (name(), value()).prop_map(|(name, value)| Step::Prepend(name, value)),
        2 => (name(), value()).prop_map(|(name, value)| Step::Set(name, value)),
        2 => name().prop_map(Step::Remove),
        1 => Just(Step::RemoveNamed),
        1 => Just(Step::RemoveCommon),
        1 => Just(Step::RetainShort),
    ]
}

/// Go: `net/textproto/reader.go` `CanonicalMIMEHeaderKey`.
fn canonical(name: &str) -> String {
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)) {
        return name.to_owned();
    }
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
    });
    words.collect::<Vec<_>>().join("-")
}

/// Go: `net/http/header.go` `Header.writeSubset`.
fn line((name, value): &(String, String)) -> String {
    format!("{name}: {}\r\n", value.replace(['\r', '\n'], " ").trim_matches([' ', '\t']))
}

fn play(model: &mut Vec<(String, String)>, step: &Step) {
    match step {
        Step::Append(name, value) => model.push((canonical(name), value.clone())),
        Step::Prepend(name, value) => model.insert(0, (canonical(name), value.clone())),
        Step::Set(name, value) => {
            let name = canonical(name);
            match model.iter().position(|field| field.0 == name) {
                Some(first) => {
                    model[first].1 = value.clone();
                    let mut at = 0;
                    model.retain(|field| {
                        at += 1;
                        field.0 != name || at == first + 1
                    });
                }
                None => model.push((name, value.clone())),
            }
        }
        Step::Remove(name) => model.retain(|field| field.0 != canonical(name)),
        Step::RemoveNamed => {
            let named: Vec<String> = model
                .iter()
                .filter(|field| field.0 == "Connection")
                .flat_map(|field| field.1.split(','))
                .map(|item| canonical(item.trim_matches([' ', '\t'])))
                .collect();
            model.retain(|field| field.0.is_empty() || !named.contains(&field.0));
        }
        Step::RemoveCommon => model.retain(|field| !["Te", "Date"].contains(&&field.0[..])),
        Step::RetainShort => model.retain(|field| field.1.len() < 3),
    }
}

fn play_on(headers: &mut Headers, step: Step) {
    let name = |name: String| Name::from_slice(name.as_bytes());
    match step {
        Step::Append(field, value) => headers.append(name(field), value),
        Step::Prepend(field, value) => headers.prepend(name(field), value),
        Step::Set(field, value) => headers.set(name(field), value),
        Step::Remove(field) => {
            let field = name(field);
            let was_there = headers.contains(&field);
            assert_eq!(headers.remove(&field), was_there);
        }
        Step::RemoveNamed => headers.remove_named(&Name::CONNECTION),
        Step::RemoveCommon => headers.remove_all(NameSet::of([Name::TE, Name::DATE])),
        Step::RetainShort => headers.retain(|_, value| value.len() < 3),
    }
}

proptest! {
    #[test]
    fn fields_are_a_list_that_is_searched_from_its_start(steps in vec(step(), 0..24), asked in vec(name(), 6)) {
        let mut headers = Headers::new();
        let mut model = Vec::new();
        for step in steps {
            play(&mut model, &step);
            play_on(&mut headers, step);
            let fields: Vec<(&[u8], &[u8])> = headers.iter().map(|(name, value)| (name.as_bytes(), &value[..])).collect();
            let expected: Vec<(&[u8], &[u8])> = model.iter().map(|field| (field.0.as_bytes(), field.1.as_bytes())).collect();
            prop_assert_eq!(fields, expected);
            prop_assert_eq!(headers.len(), model.len());
        }
        for name in asked {
            let known = canonical(&name);
            let values: Vec<&[u8]> = model.iter().filter(|field| field.0 == known).map(|field| field.1.as_bytes()).collect();
            let name = Name::from_slice(name.as_bytes());
            prop_assert_eq!(headers.all(&name).collect::<Vec<_>>(), &values[..]);
            prop_assert_eq!(headers.get(&name), values.first().copied());
            prop_assert_eq!(headers.contains(&name), !values.is_empty());
        }
        let mut sorted = model;
        sorted.sort_by(|left, right| left.0.cmp(&right.0));
        let written: Vec<(&[u8], &[u8])> = headers.iter_sorted().map(|(name, value)| (name.as_bytes(), &value[..])).collect();
        let expected: Vec<(&[u8], &[u8])> = sorted.iter().map(|field| (field.0.as_bytes(), field.1.as_bytes())).collect();
        prop_assert_eq!(written, expected);
        let mut out = BytesMut::from("before");
        headers.write_sorted(&mut out);
        let lines = sorted.iter().filter(|field| is_token(field.0.as_bytes())).map(line);
        prop_assert_eq!(String::from_utf8_lossy(&out), "before".to_owned() + &lines.collect::<String>());
    }
}
