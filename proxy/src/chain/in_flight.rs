use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::{End, Filter, Step};
use crate::{
    identity::User,
    observe::{Family, Kind, Recorder},
    refusal::Refusal,
    router::RequestInfo,
    wire::{Exchange, Facts},
};

/// The requests that are served at a time: so many that only read, and so many others. All workers of a process share them.
#[derive(Debug)]
pub struct Seats {
    read_only: Row,
    mutating: Row,
}

/// The seats of one kind of requests.
#[derive(Debug)]
struct Row {
    /// 0: as many as there are requests.
    max: usize,
    taken: AtomicUsize,
}

impl Seats {
    /// So many of each kind; 0 is no bound.
    pub fn new(read_only: usize, mutating: usize) -> Self {
        let row = |max| Row { max, taken: AtomicUsize::new(0) };
        Self { read_only: row(read_only), mutating: row(mutating) }
    }

    fn row(&self, kind: RequestKind) -> &Row {
        match kind {
            RequestKind::ReadOnly => &self.read_only,
            RequestKind::Mutating => &self.mutating,
        }
    }
}

impl Row {
    /// True if there was a seat.
    fn take(&self) -> bool {
        let next = |taken: usize| (self.max == 0 || taken < self.max).then_some(taken + 1);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }

    fn leave(&self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RequestKind {
    /// It only reads.
    ReadOnly,
    /// It may change something. A method that means nothing to a resource, too.
    Mutating,
}

impl RequestKind {
    fn of(info: &RequestInfo) -> Self {
        match &info.verb[..] {
            "get" | "list" | "watch" => Self::ReadOnly,
            _ => Self::Mutating,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::Mutating => "mutating",
        }
    }
}

/// Serves so many requests at a time. Who comes when all seats are taken is told to come again; only `system:masters` are served without
/// one, and what runs for long needs none.
///
/// Go: `apiserver/pkg/server/filters/maxinflight.go` `WithMaxInFlightLimit`.
pub(super) struct LimitInFlight {
    seats: Arc<Seats>,
    recorder: Recorder,
}

/// A request has a seat.
struct Seated(RequestKind);

impl LimitInFlight {
    pub(super) fn new(seats: Arc<Seats>, recorder: Recorder) -> Self {
        Self { seats, recorder }
    }

    fn count(&self, kind: RequestKind, change: i64) {
        self.recorder.add(&IN_FLIGHT, &[("request_kind", kind.label())], change);
    }
}

impl Filter for LimitInFlight {
    fn enter<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        let Some(info) = exchange.facts.get::<RequestInfo>().filter(|info| !info.is_long_running()) else {
            return Step::Next;
        };
        let kind = RequestKind::of(info);
        if self.seats.row(kind).take() {
            self.count(kind, 1);
            exchange.facts.put(Seated(kind));
            return Step::Next;
        }
        if exchange.facts.get().is_some_and(User::is_privileged) {
            return Step::Next;
        }
        // Nobody has looked yet whether its path leads anywhere: a row for each path that clients make up would have no bound.
        self.recorder.count(&REFUSED, &[("request_kind", kind.label())]);
        Step::Refuse(Refusal::TooManyRequests)
    }

    fn done(&self, facts: &Facts, _end: &End) {
        if let Some(Seated(kind)) = facts.get() {
            self.seats.row(*kind).leave();
            self.count(*kind, -1);
        }
    }
}

static REFUSED: Family = Family {
    name: "weir_inflight_requests_refused_total",
    help: "Number of requests that were refused because as many as may be were served already, by kind.",
    kind: Kind::Counter,
};

static IN_FLIGHT: Family = Family {
    name: "apiserver_current_inflight_requests",
    help: "[STABLE] Number of requests that are served now, by kind: those that only read, and those that may change something. Those that run for long are not among them.",
    kind: Kind::Gauge,
};

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use http::{Method, StatusCode};

    use super::*;
    use crate::{
        chain::How,
        observe::Metrics,
        refusal::asking,
        wire::{Body, Gone, Name, Peer},
    };

    /// A request of a user, as it comes to this filter.
    fn exchange(method: &Method, target: &'static str, user: User) -> Exchange {
        let mut head = asking(target, "*/*");
        head.method = method.clone();
        let info = RequestInfo::of(&head).unwrap();
        let peer = Peer::new(None, None);
        let mut exchange = Exchange::new(head, Body::empty(), peer, Gone::default(), Rc::new(()));
        exchange.facts.put(info);
        exchange.facts.put(user);
        exchange
    }

    /// Whether a request is served.
    fn enters(filter: &LimitInFlight, exchange: &mut Exchange) -> bool {
        match filter.enter(exchange) {
            Step::Next => true,
            Step::Refuse(Refusal::TooManyRequests) => false,
            _ => panic!("it knows at once"),
        }
    }

    fn get() -> Exchange {
        exchange(&Method::GET, "/api/v1/namespaces", User::named("jane"))
    }

    fn post() -> Exchange {
        exchange(&Method::POST, "/api/v1/namespaces", User::named("jane"))
    }

    fn rows(metrics: &Metrics) -> Vec<String> {
        metrics.expose().lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    #[test]
    fn who_finds_no_seat_is_served_when_another_has_left() {
        let (seats, metrics) = (Arc::new(Seats::new(2, 1)), Metrics::default());
        // Two workers share the seats.
        let filters = [0, 1].map(|_| LimitInFlight::new(Arc::clone(&seats), metrics.recorder()));
        let (mut first, mut second, mut third) = (get(), get(), get());
        assert!(enters(&filters[0], &mut first) && enters(&filters[1], &mut second));
        assert!(!enters(&filters[0], &mut third));
        assert!(enters(&filters[0], &mut post()) && !enters(&filters[1], &mut post()));
        // A refusal makes no row of its path: it may lead nowhere.
        let (served, refused) = ("apiserver_current_inflight_requests", "weir_inflight_requests_refused_total");
        let shown =
            [(served, "mutating", 1), (served, "readOnly", 2), (refused, "mutating", 1), (refused, "readOnly", 1)]
                .map(|(family, kind, n)| format!("{family}{{request_kind=\"{kind}\"}} {n}"));
        assert_eq!(rows(&metrics), shown);
        assert!(third.facts.get::<crate::router::Counted>().is_none());
        filters[1].done(&second.facts, &End::new(Some(StatusCode::OK), How::Complete));
        // Who was refused has no seat to give back.
        filters[0].done(&third.facts, &End::new(Some(StatusCode::TOO_MANY_REQUESTS), How::Complete));
        assert!(enters(&filters[0], &mut get()) && !enters(&filters[0], &mut get()));
    }

    #[test]
    fn masters_and_what_runs_for_long_are_always_served() {
        let filter = LimitInFlight::new(Arc::new(Seats::new(1, 1)), Metrics::default().recorder());
        assert!(enters(&filter, &mut get()) && !enters(&filter, &mut get()));
        let admin = || User::named("admin").with_groups(["system:masters"]);
        let mut by_admin = exchange(&Method::GET, "/api/v1/namespaces", admin());
        assert!(enters(&filter, &mut by_admin));
        filter.done(&by_admin.facts, &End::new(Some(StatusCode::OK), How::Complete));
        assert!(!enters(&filter, &mut get()), "the admin had no seat");
        for target in ["/api/v1/namespaces?watch=1", "/api/v1/namespaces/a/pods/p/exec"] {
            assert!(enters(&filter, &mut exchange(&Method::GET, target, User::named("jane"))), "{target}");
        }
    }

    #[test]
    fn no_bound_is_no_bound_and_each_kind_has_its_own() {
        let filter = LimitInFlight::new(Arc::new(Seats::new(0, 1)), Metrics::default().recorder());
        assert!((0..1_000).all(|_| enters(&filter, &mut get())));
        // A method that means nothing to a resource may do anything.
        let mut odd = exchange(&Method::OPTIONS, "/api/v1/namespaces", User::named("jane"));
        assert!(enters(&filter, &mut odd) && !enters(&filter, &mut post()));
    }

    #[tokio::test]
    async fn who_is_refused_is_told_when_to_come_again_in_the_words_of_go() {
        let (head, mut body) = Refusal::TooManyRequests.render(&asking("/api", "application/json"));
        assert_eq!(head.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(head.headers.get(&Name::RETRY_AFTER), Some(&b"1"[..]));
        assert_eq!(head.headers.get(&Name::CONTENT_TYPE), Some(&b"text/plain; charset=utf-8"[..]));
        assert_eq!(head.headers.get(&Name::X_CONTENT_TYPE_OPTIONS), Some(&b"nosniff"[..]));
        let Some(Ok(crate::wire::Frame::Data(text))) = body.frame().await else { panic!("no body") };
        assert_eq!(text, "Too many requests, please try again later.\n");
    }
}
