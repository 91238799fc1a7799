use serde_json::Value;

use super::*;
use crate::{upstream::BadOrigin, wire::punycode::lookup_name};

const ENVIRONMENTS: &str = include_str!("../../../../../fixtures/vectors/proxy_environment.json");

/// A string of the vectors is a row of bytes.
fn text(value: &Value) -> Option<&'static str> {
    let bytes: Vec<u8> = value.as_str()?.chars().map(|character| character as u8).collect();
    String::from_utf8(bytes).ok().map(|text| &*text.leak())
}

/// The proxy that an environment has for a URL; none where a variable names no proxy, or nothing is known of such a URL here.
fn chosen(row: &Value) -> Option<Result<Option<EgressProxy>, String>> {
    let variables: Option<Vec<_>> = row["environment"]
        .as_object()?
        .iter()
        .map(|(name, value)| Some((&*name.clone().leak(), text(value)?)))
        .collect();
    if variables
        .as_ref()?
        .iter()
        .any(|(name, _)| row["environment"].get(name.to_lowercase()).is_some_and(|_| name.to_lowercase() != **name))
    {
        return None; // the library that was recorded reads lower case first, net/http's own copy of it upper case
    }
    let egress = try_egress(variables?.leak()).ok()?;
    let to = match Origin::of(&Url::parse(&Bytes::from(text(&row["url"])?)).unwrap()) {
        Ok(origin) => Origin { host: lookup_name(&origin.host).into_owned(), ..origin },
        Err(BadOrigin::Scheme) => return None,
        Err(error) => panic!("{row}: {error}"),
    };
    Some(egress.proxy_for(&to).map(|proxy| proxy.cloned()).map_err(|cause| cause.to_string()))
}

#[test]
fn environments_choose_the_proxies_that_they_choose_in_go() {
    let vectors: Value = serde_json::from_str(ENVIRONMENTS).unwrap();
    let rows = vectors["rows"].as_array().unwrap();
    let mut asked = 0;
    let mut differ = Vec::new();
    for row in rows {
        let Some(got) = chosen(row) else { continue };
        asked += 1;
        let want = match (text(&row["proxy"]), text(&row["error"])) {
            (_, Some(error)) => Err(error.to_owned()),
            (Some(proxy), None) => Ok(Some(EgressProxy::parse("", proxy).unwrap())),
            (None, None) => Ok(None),
        };
        if got != want {
            differ.push(format!("{row}: {got:?}"));
        }
    }
    assert!(asked > 300, "{asked} of {} rows", rows.len());
    assert!(differ.is_empty(), "{} of {asked} differ:\n{}", differ.len(), differ.join("\n"));
}
