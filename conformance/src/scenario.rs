//! Scenarios: what is asked, of whom, and what each side does. `fixtures/README.md` describes the format.

mod cast;
mod frame;
mod handler;
mod octets;
mod place;
mod script;
mod subject;
mod tuning;

use std::{fs, io, path::Path};

use self::place::{Place, Reader};
pub use self::{
    cast::{Authorization, Discovery, Probe, Shown, Staging},
    frame::{Frame, Setting},
    handler::HandlerStep,
    octets::{Addresses, Octets, Piece},
    script::{Await, AwaitKind, Layer, Side, Step},
    subject::{Backend, Flush, Kind, Mode, Modify, OnError, Protocol, Subject, Trusting},
    tuning::Tuning,
};
use crate::replay::Certificates;

/// A scenario file: cases that ask about one thing.
#[derive(Clone, Debug)]
pub struct Family {
    /// `area/family`.
    pub id: String,
    /// What it is about, one sentence.
    pub about: String,
    /// Its cases, in their order; no name twice.
    pub cases: Vec<Case>,
}

/// One case: who is asked, and what each side does.
#[derive(Clone, Debug)]
pub struct Case {
    /// `area/family/case`.
    pub id: String,
    /// The last part of the id.
    pub name: String,
    /// The question.
    pub asks: String,
    /// Who is asked.
    pub subject: Subject,
    /// The API objects that it finds, placeholders not replaced; only an aggregator has any.
    pub cast: Vec<serde_json::Value>,
    /// What the client does, from its first connection on.
    pub client: Vec<Step>,
    /// What the backend does, from its first connection on.
    pub backend: Vec<Step>,
    /// What the handler of a server does; none for the default one.
    pub handler: Option<Vec<HandlerStep>>,
}

/// Why scenarios cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Files are not of the format: a line per complaint, with file, line, field, what was found and what was expected.
    #[error("{}", .0.join("\n"))]
    Wrong(Vec<String>),
}

impl Family {
    /// Reads one file; `id` is `area/family`.
    ///
    /// # Errors
    /// The file cannot be read, or is not of the format.
    pub fn read(id: &str, path: &Path) -> Result<Self, ScenarioError> {
        let file = path.display().to_string();
        let text =
            fs::read_to_string(path).map_err(|source| ScenarioError::Unreadable { path: file.clone(), source })?;
        Self::parse(id, &file, &text)
    }

    /// Parses the text of a file; `file` is its name in complaints.
    ///
    /// # Errors
    /// The text is not of the format.
    pub fn parse(id: &str, file: &str, text: &str) -> Result<Self, ScenarioError> {
        let reader = Reader::new(file);
        let node = reader.parse(text);
        let family = node.as_ref().map(|node| family(id, &reader.top(node)));
        match (family, reader.problems()) {
            (Some(family), problems) if problems.is_empty() => Ok(family),
            (_, problems) => Err(ScenarioError::Wrong(problems)),
        }
    }
}

impl Case {
    /// What `${ca}` stands for: nothing when the subject is no aggregator.
    pub fn authority(&self, certificates: &Certificates) -> String {
        if self.subject.kind == Some(Kind::Aggregator) { certificates.authority().to_owned() } else { String::new() }
    }
}

fn family(id: &str, top: &Place<'_>) -> Family {
    if id.split('/').count() != 2 || !id.split('/').all(is_snake_case) {
        top.wrong("a file <area>/<family>.yaml, of lower-case letters, digits and _");
    }
    let mut family = Family { id: id.to_owned(), about: String::new(), cases: Vec::new() };
    let mut defaults = Subject::default();
    let mut cases = Vec::new();
    let mut objects = Vec::new();
    for entry in top.entries(&["about", "subject", "cast", "cases"]) {
        match entry.key {
            "about" => family.about = entry.at.text().to_owned(),
            "subject" => defaults = subject::read(&entry.at, Subject::default()),
            "cast" => objects = cast::read(&entry.at),
            _ => cases = entry.at.items(),
        }
    }
    if family.about.is_empty() || cases.is_empty() {
        top.wrong("both about and cases");
    }
    for at in cases {
        if let Some(case) = case(id, &at, &defaults, &objects) {
            if family.cases.iter().any(|other| other.name == case.name) {
                at.wrong(&format!("each name once: {}", case.name));
            }
            family.cases.push(case);
        }
    }
    family
}

fn case(family: &str, at: &Place<'_>, defaults: &Subject, objects: &[serde_json::Value]) -> Option<Case> {
    let mut name = "";
    let mut asks = "";
    let mut subject = defaults.clone();
    let mut objects = objects.to_vec();
    let (mut client, mut backend, mut handler) = (None, None, None);
    for entry in at.entries(&["name", "asks", "subject", "cast", "client", "backend", "handler"]) {
        match entry.key {
            "name" => {
                name = entry.at.text();
                if !is_snake_case(name) {
                    entry.at.wrong("a name of lower-case words and digits joined by _");
                }
            }
            "asks" => asks = entry.at.text(),
            "subject" => subject = subject::read(&entry.at, defaults.clone()),
            "cast" => objects = cast::read(&entry.at),
            "client" => client = Some(entry.at),
            "backend" => backend = Some(entry.at),
            _ => handler = Some(entry.at),
        }
    }
    let Some(client) = client.filter(|_| !name.is_empty() && !asks.is_empty()) else {
        at.wrong("name, asks and client");
        return None;
    };
    match subject.kind {
        None => at.wrong("subject.kind: server, reverse-proxy, upgrade-aware or aggregator"),
        Some(Kind::Server) => complain_about(backend.as_ref(), "no backend: a server has none"),
        Some(Kind::ReverseProxy) => complain_about(handler.as_ref(), "no handler: a reverse-proxy has none"),
        Some(Kind::UpgradeAware) => complain_about(handler.as_ref(), "no handler: an upgrade-aware has none"),
        Some(Kind::Aggregator) => complain_about(handler.as_ref(), "no handler: an aggregator has none"),
    }
    let case = Case {
        id: format!("{family}/{name}"),
        name: name.to_owned(),
        asks: asks.to_owned(),
        cast: objects,
        client: script::read(&client, Side::Client, subject.front),
        backend: backend.map(|backend| script::read(&backend, Side::Backend, subject.back)).unwrap_or_default(),
        handler: handler.map(|handler| handler::read(&handler)),
        subject,
    };
    script::check_waits(at, &case.client, &case.backend);
    Some(case)
}

fn complain_about(at: Option<&Place<'_>>, expected: &str) {
    if let Some(at) = at {
        at.wrong(expected);
    }
}

/// Lower-case words and digits joined by single underscores.
fn is_snake_case(name: &str) -> bool {
    name.split('_')
        .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "about: A.\nsubject: {kind: reverse-proxy}\ncases:\n  - name: a_b\n    asks: What?\n    subject: {mode: rewrite}\n    client:\n      - send: [\"a\\xff\", {repeat: x, times: 3}]\n      - await: {bytes: 2}\n";

    #[test]
    fn a_case_is_laid_over_the_default_subject() {
        let family = Family::parse("forward/small", "small.yaml", SMALL).unwrap();
        let case = &family.cases[0];
        assert_eq!(case.id, "forward/small/a_b");
        assert_eq!((case.subject.kind, case.subject.mode), (Some(Kind::ReverseProxy), Mode::Rewrite));
        let Step::Send(octets) = &case.client[0] else { panic!("the first step is a send") };
        assert_eq!(octets.plain(), b"a\xffxxx");
    }

    #[test]
    fn a_cast_of_a_case_stands_in_place_of_that_of_its_family() {
        let text = "about: A.\nsubject: {kind: aggregator, reasons: {v1.a.test: ServiceNotFound}}\ncast:\n  - {kind: Service}\ncases:\n  - {name: one, asks: What?, client: []}\n  - {name: two, asks: What?, cast: [{kind: APIService, metadata: {name: v1.a.test}}], client: []}\n";
        let family = Family::parse("aggregator/small", "small.yaml", text).unwrap();
        let [one, two] = family.cases.as_slice() else { panic!("two cases") };
        assert_eq!(one.cast, [serde_json::json!({"kind": "Service"})]);
        assert_eq!(two.cast[0]["kind"], "APIService");
        assert_eq!(two.subject.staging.reason(&two.cast[0]), "ServiceNotFound");
    }

    #[test]
    fn a_complaint_names_file_line_field_found_and_expected() {
        let wrong = SMALL.replace("await: {bytes: 2}", "await: {byte: 2}").replace("rewrite", "rewritten");
        let error = Family::parse("forward/small", "small.yaml", &wrong).unwrap_err().to_string();
        assert_eq!(
            error,
            "small.yaml:6: cases[0].subject.mode: found \"rewritten\", expected director, rewrite, rewrite-min, rewrite-keep, director-nil-forwarded, director-adds, director-parses-form, director-bad-value, rewrite-adds, rewrite-replaces\n\
             small.yaml:9: cases[0].client[1].await: found the key \"byte\", expected bytes, until"
        );
    }

    #[test]
    fn text_that_is_no_yaml_is_a_complaint_with_its_line() {
        let error = Family::parse("a/b", "b.yaml", "about: x\ncases: [").unwrap_err().to_string();
        assert!(error.starts_with("b.yaml:"), "{error}");
        assert!(error.contains("expected YAML"), "{error}");
    }

    #[test]
    fn a_wait_needs_a_signal_of_the_other_side() {
        let wrong = format!("{SMALL}      - wait: go\n");
        let error = Family::parse("a/b", "b.yaml", &wrong).unwrap_err().to_string();
        assert!(error.contains("expected a signal \"go\" on the other side of its wait"), "{error}");
    }
}
