//! `/healthz`, `/livez`, `/readyz`: named checks, each of them passing or not.

use std::{
    fmt::{self, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use http::StatusCode;

use crate::{
    refusal::Refusal,
    wire::{Answer, Body, Name, ResponseHead, token::go_quote, url::Values},
};

/// The health endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/healthz`: the process works.
    Healthz,
    /// `/livez`: the process is better not restarted.
    Livez,
    /// `/readyz`: requests may be sent.
    Readyz,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Healthz, Self::Livez, Self::Readyz];

    /// Its name in paths and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthz => "healthz",
            Self::Livez => "livez",
            Self::Readyz => "readyz",
        }
    }
}

/// Something that has to be well. Cheap to clone; whoever looks after it says how it is, or is asked each time.
#[derive(Clone, Debug)]
pub struct Check {
    name: &'static str,
    counts: Counts,
    passes: Arc<AtomicBool>,
    asked: Option<Arc<dyn Asked>>,
}

/// Who says how something is when it is asked. It answers at once.
pub trait Asked: fmt::Debug + Send + Sync {
    /// Whether it is well.
    ///
    /// # Errors
    /// Why it is not; for the log.
    fn ask(&self) -> Result<(), String>;
}

/// Which endpoints a check counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    Everywhere,
    ForReadiness,
}

impl Check {
    /// A check of all endpoints that passes.
    pub fn passing(name: &'static str) -> Self {
        Self { name, counts: Counts::Everywhere, passes: Arc::new(AtomicBool::new(true)), asked: None }
    }

    /// A check of all endpoints that passes as long as who is asked says so.
    pub fn asking(name: &'static str, asked: Arc<dyn Asked>) -> Self {
        Self { asked: Some(asked), ..Self::passing(name) }
    }

    /// A check of all endpoints that does not pass yet.
    pub fn pending(name: &'static str) -> Self {
        let check = Self::passing(name);
        check.passes.store(false, Ordering::Relaxed);
        check
    }

    /// The same, for `/readyz` alone.
    #[must_use]
    pub fn for_readiness(mut self) -> Self {
        self.counts = Counts::ForReadiness;
        self
    }

    /// It is well.
    pub fn pass(&self) {
        self.passes.store(true, Ordering::Relaxed);
    }

    /// It is not; `why` is for the log.
    pub fn fail(&self, why: &str) {
        tracing::info!(check = self.name, why, "health check fails");
        self.passes.store(false, Ordering::Relaxed);
    }

    /// Whether it is well.
    pub fn passes(&self) -> bool {
        let asked = self.asked.as_ref().map_or(Ok(()), |asked| asked.ask());
        if let Err(why) = &asked {
            tracing::info!(check = self.name, why, "health check fails");
        }
        asked.is_ok() && self.passes.load(Ordering::Relaxed)
    }

    fn counts_for(&self, endpoint: Endpoint) -> bool {
        self.counts == Counts::Everywhere || endpoint == Endpoint::Readyz
    }
}

/// The checks of a process, in the order in which they are told.
///
/// Go: `apiserver/pkg/server/healthz/healthz.go`.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<[Check]>);

impl Health {
    /// These checks.
    pub fn new(checks: Vec<Check>) -> Self {
        Self(checks.into())
    }

    /// The names of the checks of an endpoint.
    pub fn names(&self, endpoint: Endpoint) -> impl Iterator<Item = &'static str> {
        self.of(endpoint).map(|check| check.name)
    }

    fn of(&self, endpoint: Endpoint) -> impl Iterator<Item = &Check> {
        self.0.iter().filter(move |check| check.counts_for(endpoint))
    }

    /// The answer of one check; none if there is no check of that name.
    ///
    /// Go: `adaptCheckToHandler`.
    pub fn one(&self, endpoint: Endpoint, name: &str) -> Option<Result<Answer, Refusal>> {
        let check = self.of(endpoint).find(|check| check.name == name)?;
        Some(if check.passes() {
            Ok(Answer::Reply(Box::new(ResponseHead::new(StatusCode::OK)), Body::whole("ok")))
        } else {
            Err(failing("internal server error: reason withheld".to_owned()))
        })
    }

    /// The answer of all checks together, `?exclude=` and `?verbose` heeded.
    ///
    /// # Errors
    /// One of them does not pass.
    ///
    /// Go: `handleRootHealth`.
    pub fn all(&self, endpoint: Endpoint, query: &Values) -> Result<Answer, Refusal> {
        let mut excluded: Vec<&[u8]> = query.all(b"exclude").iter().map(|name| &name[..]).collect();
        excluded.sort_unstable();
        excluded.dedup();
        let mut lines = String::new();
        let mut passes = true;
        for check in self.of(endpoint) {
            let name = check.name;
            let verdict = if let Ok(at) = excluded.binary_search(&name.as_bytes()) {
                excluded.remove(at);
                format!("[+]{name} excluded: ok\n")
            } else if check.passes() {
                format!("[+]{name} ok\n")
            } else {
                passes = false;
                format!("[-]{name} failed: reason withheld\n")
            };
            lines.push_str(&verdict);
        }
        if !excluded.is_empty() {
            let names: Vec<String> = excluded.iter().map(|name| go_quote(name).to_string()).collect();
            let names = names.join(",");
            // Writing to a string does not fail.
            let _ = writeln!(lines, "warn: some health checks cannot be excluded: no matches for {names}");
        }
        if !passes {
            return Err(failing(format!("{lines}{} check failed", endpoint.name())));
        }
        let text = match query.all(b"verbose") {
            [] => "ok".to_owned(),
            _ => format!("{lines}{} check passed\n", endpoint.name()),
        };
        let mut head = ResponseHead::new(StatusCode::OK);
        head.headers.append(Name::CONTENT_TYPE, "text/plain; charset=utf-8");
        head.headers.append(Name::X_CONTENT_TYPE_OPTIONS, "nosniff");
        Ok(Answer::Reply(Box::new(head), Body::whole(text)))
    }
}

fn failing(text: String) -> Refusal {
    Refusal::Text(StatusCode::INTERNAL_SERVER_ERROR, text.into())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::wire::Frame;

    fn health() -> (Health, Check, Check) {
        let (bad, shutdown) = (Check::passing("bad"), Check::passing("shutdown").for_readiness());
        (Health::new(vec![Check::passing("ping"), bad.clone(), shutdown.clone()]), bad, shutdown)
    }

    async fn text(answer: Result<Answer, Refusal>) -> String {
        match answer {
            Ok(Answer::Reply(_, mut body)) => match body.frame().await {
                Some(Ok(Frame::Data(bytes))) => String::from_utf8(bytes.to_vec()).unwrap(),
                other => panic!("{other:?}"),
            },
            Ok(other) => panic!("{other:?}"),
            Err(refusal) => format!("! {refusal}"),
        }
    }

    fn query(text: &'static str) -> Values {
        Values::parse(&Bytes::from_static(text.as_bytes())).0
    }

    #[tokio::test]
    async fn checks_are_told_as_go_tells_them() {
        let (health, bad, shutdown) = health();
        assert_eq!(text(health.all(Endpoint::Healthz, &query(""))).await, "ok");
        let verbose = text(health.all(Endpoint::Livez, &query("verbose"))).await;
        assert_eq!(verbose, "[+]ping ok\n[+]bad ok\nlivez check passed\n");
        bad.fail("a test says so");
        let failed = text(health.all(Endpoint::Healthz, &query(""))).await;
        assert_eq!(failed, "! [+]ping ok\n[-]bad failed: reason withheld\nhealthz check failed");
        let excluded = text(health.all(Endpoint::Livez, &query("verbose&exclude=bad&exclude=nope&exclude=a"))).await;
        let warning = "warn: some health checks cannot be excluded: no matches for \"a\",\"nope\"\n";
        assert_eq!(excluded, format!("[+]ping ok\n[+]bad excluded: ok\n{warning}livez check passed\n"));
        bad.pass();
        shutdown.fail("a test says so");
        let ready = text(health.all(Endpoint::Readyz, &query(""))).await;
        assert!(
            ready.starts_with("! ") && ready.ends_with("[-]shutdown failed: reason withheld\nreadyz check failed"),
            "{ready}"
        );
        assert_eq!(text(health.all(Endpoint::Livez, &query(""))).await, "ok");
    }

    #[derive(Debug)]
    struct Patient(AtomicBool);

    impl Asked for Patient {
        fn ask(&self) -> Result<(), String> {
            if self.0.load(Ordering::Relaxed) { Ok(()) } else { Err("a test says so".to_owned()) }
        }
    }

    #[test]
    fn who_is_asked_is_asked_each_time() {
        let patient = Arc::new(Patient(AtomicBool::new(true)));
        let check = Check::asking("etcd", patient.clone());
        assert!(check.passes());
        patient.0.store(false, Ordering::Relaxed);
        assert!(!check.passes());
        patient.0.store(true, Ordering::Relaxed);
        assert!(check.passes());
    }

    #[tokio::test]
    async fn one_check_answers_for_itself() {
        let (health, bad, _) = health();
        assert_eq!(text(health.one(Endpoint::Livez, "ping").unwrap()).await, "ok");
        bad.fail("a test says so");
        let failed = text(health.one(Endpoint::Livez, "bad").unwrap()).await;
        assert!(failed.starts_with("! internal server error: "), "{failed}");
        assert!(health.one(Endpoint::Livez, "shutdown").is_none());
    }
}
