//! Style that can be counted: arrows between rooms, names of files, things left undone.

#[path = "tidy/rooms.rs"]
mod rooms;
#[path = "tidy/sources.rs"]
mod sources;

use std::{collections::BTreeMap, fs};

use serde::Deserialize;
use weir_conformance::{evidence::Evidence, pattern::Pattern};

use self::sources::{Source, root, sources};

/// The rooms of the proxy, from the ground up: a room uses rooms above it in this list, never below it. Rooms that have nothing in them yet
/// stand here too.
const ROOMS: &[&str] = &[
    "world",
    "wire",
    "config",
    "meta",
    "identity",
    "refusal",
    "observe",
    "storage",
    "upstream",
    "forward",
    "upgrade",
    "rest",
    "discovery",
    "openapi",
    "aggregate",
    "router",
    "chain",
    "listen",
    "serve",
];

/// Which package of the house uses which.
const PACKAGES: &[(&str, &[&str])] = &[
    ("proxy", &[]),
    ("sim", &["weir"]),
    ("conformance", &["weir", "weir-sim"]),
    ("conformance/fuzz", &["weir", "weir-conformance"]),
    ("benches", &["weir"]),
];

#[test]
fn rooms_of_the_proxy_use_rooms_below_them_only() {
    let mut wrong = Vec::new();
    for source in sources("proxy/src") {
        let Some(here) = rooms::room_of(&source.path) else { continue };
        let Some(floor) = ROOMS.iter().position(|room| *room == here) else {
            wrong.push(format!("{}: {here} is no room of the list in conformance/tests/tidy.rs", source.path));
            continue;
        };
        for used in rooms::used(&source.code) {
            if ROOMS.iter().position(|room| *room == used).is_some_and(|other| other > floor) {
                wrong.push(format!("{}: {here} uses {used}, which stands above it", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_rooms_are_declared_in_their_order() {
    let lib = sources("proxy/src").into_iter().find(|source| source.path == "proxy/src/lib.rs").unwrap();
    let declared: Vec<&str> =
        lib.code.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let ordered: Vec<&str> = ROOMS.iter().copied().filter(|room| declared.contains(room)).collect();
    assert_eq!(declared, ordered);
}

#[test]
fn packages_use_each_other_in_one_direction() {
    #[derive(Deserialize)]
    struct Package {
        #[serde(default)]
        dependencies: BTreeMap<String, toml::Value>,
        #[serde(default, rename = "dev-dependencies")]
        dev_dependencies: BTreeMap<String, toml::Value>,
    }
    for (package, allowed) in PACKAGES {
        let text = fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
        let package_file: Package = toml::from_str(&text).unwrap();
        for name in package_file.dependencies.keys().chain(package_file.dev_dependencies.keys()) {
            let ours = name.starts_with("weir");
            assert!(!ours || allowed.contains(&name.as_str()), "{package} uses {name}");
        }
    }
}

#[test]
fn files_are_named_by_ideas_not_drawers() {
    let drawers = ["utils.rs", "util.rs", "helpers.rs", "common.rs", "types.rs", "misc.rs", "mod.rs"];
    let found: Vec<String> = all_sources()
        .into_iter()
        .map(|source| source.path)
        .filter(|path| drawers.iter().any(|drawer| path.ends_with(&format!("/{drawer}"))))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_file_is_a_module_of_the_one_above_it() {
    let all = all_sources();
    let found: Vec<&str> = all
        .iter()
        .filter(|source| {
            rooms::parents_of(&source.path).is_some_and(|(parents, module)| {
                let declares = |source: &Source| rooms::declares(&source.code, &module);
                !all.iter().any(|source| parents.contains(&source.path) && declares(source))
            })
        })
        .map(|source| source.path.as_str())
        .collect();
    assert!(found.is_empty(), "no `mod` names them: {found:#?}");
}

#[test]
fn nothing_is_left_undone() {
    // Written in halves, so that this file does not find itself.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimple", "mented!"), concat!("to", "do!")];
    let mut found = Vec::new();
    for source in all_sources() {
        for (line, text) in (1..).zip(source.text.lines()) {
            found.extend(
                marks.iter().filter(|mark| text.contains(*mark)).map(|mark| format!("{}:{line}: {mark}", source.path)),
            );
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn bugs_are_planted_in_the_simulator_alone() {
    let found: Vec<String> = all_sources()
        .into_iter()
        .filter(|source| !source.path.starts_with("sim/") && !source.is_test())
        .filter(|source| source.code_without_tests().contains("Planted::one"))
        .map(|source| source.path)
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn lines_are_at_most_140_columns_wide() {
    let mut found = Vec::new();
    for source in all_sources().into_iter().filter(|source| !source.is_generated()) {
        // A string may be wide: breaking it makes it no plainer.
        let wide = |text: &str| text.chars().count() > 140 && !text.contains('"') && !text.ends_with('\\');
        let lines = (1..).zip(source.text.lines()).filter(|(_, text)| wide(text));
        found.extend(lines.map(|(line, _)| format!("{}:{line}", source.path)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_requirement_of_a_finished_issue_has_a_test_that_exists() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Requirements {
        finished: Vec<String>,
        row: Vec<Row>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        id: String,
        #[serde(rename = "feature")]
        _feature: String,
        tests: Vec<String>,
    }
    let text = fs::read_to_string(root().join("conformance/requirements.toml")).unwrap();
    let requirements: Requirements = toml::from_str(&text).unwrap();
    let evidence = Evidence::read(&root().join("fixtures")).unwrap_or_else(|error| panic!("{error}"));
    let all = all_sources();
    let mut wrong = Vec::new();
    for row in &requirements.row {
        let issue = row.id.split('-').next().unwrap_or_default();
        if row.tests.is_empty() && requirements.finished.iter().any(|finished| *finished == row.id || finished == issue)
        {
            wrong.push(format!("{}: finished, but no test shows it", row.id));
        }
        for test in &row.tests {
            if !test_exists(test, &evidence, &all) {
                wrong.push(format!("{}: found no test {test:?}", row.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_row_of_the_table_of_cves_has_a_test_that_exists() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Table {
        row: Vec<Row>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        ids: Vec<String>,
        #[serde(rename = "about")]
        _about: String,
        #[serde(default)]
        probes: Vec<String>,
        #[serde(default)]
        tests: Vec<String>,
        elsewhere: Option<String>,
    }
    let table: Table = toml::from_str(&fs::read_to_string(root().join("conformance/cves.toml")).unwrap()).unwrap();
    let all = all_sources();
    let exists = |test: &str| {
        let (file, name) = test.split_once("::").unwrap_or_default();
        all.iter().any(|source| source.path == file && source.code.contains(&format!("fn {name}(")))
    };
    let mut wrong = Vec::new();
    for row in &table.row {
        let ids = row.ids.join(" ");
        if row.elsewhere.is_some() != (row.probes.is_empty() && row.tests.is_empty()) {
            wrong.push(format!("{ids}: expected probes, tests, or where else it belongs"));
        }
        let gone = row.tests.iter().filter(|test| !exists(test));
        wrong.extend(gone.map(|test| format!("{ids}: found no test {test:?}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A test is the id of a case, in which `*` stands for any text, or `FILE::NAME`.
fn test_exists(test: &str, evidence: &Evidence, all: &[Source]) -> bool {
    match test.split_once("::") {
        Some((file, name)) => {
            all.iter().any(|source| source.path == file && source.code.contains(&format!("fn {name}(")))
        }
        None => {
            let pattern: Pattern = test.parse().unwrap_or_else(|never| match never {});
            evidence.cases().any(|(case, _)| pattern.matches(&case.id))
        }
    }
}

fn all_sources() -> Vec<Source> {
    PACKAGES.iter().flat_map(|(package, _)| sources(package)).collect()
}
