use std::{
    cell::RefCell,
    collections::BTreeMap,
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::exposition;
use crate::config::limits;

/// A metric: its name, what it means, and what its numbers are.
#[derive(Debug)]
pub struct Family {
    /// Go's name where Go has one; ours begin with `weir_`.
    pub name: &'static str,
    /// A sentence.
    pub help: &'static str,
    /// What its numbers are.
    pub kind: Kind,
}

/// What the numbers of a metric are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// They only grow.
    Counter,
    /// They go up and down.
    Gauge,
    /// They are counted by size: the upper ends of the buckets, ascending.
    Histogram(&'static [f64]),
}

/// The metrics of the process.
///
/// Every worker counts in cells of its own; they are summed when they are read. A lock is taken only to read, and when a worker uses a row
/// of labels for the first time.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Mutex<Vec<Series>>>);

/// One row of numbers, counted by one worker.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) family: &'static Family,
    pub(super) labels: Arc<str>,
    pub(super) cells: Arc<Cells>,
}

/// A counter or gauge is one number; a histogram has one for each bucket, one for what fits into none, and the sum in millionths.
#[derive(Debug)]
pub(super) struct Cells(Box<[AtomicU64]>);

impl Cells {
    fn of(kind: Kind) -> Self {
        let numbers = match kind {
            Kind::Counter | Kind::Gauge => 1,
            Kind::Histogram(buckets) => buckets.len() + 2,
        };
        Self((0..numbers).map(|_| AtomicU64::new(0)).collect())
    }

    fn add(&self, at: usize, by: u64) {
        self.0[at].fetch_add(by, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|number| number.load(Ordering::Relaxed))
    }
}

impl Metrics {
    /// Everything that was counted, as Prometheus reads it (text format 0.0.4).
    pub fn expose(&self) -> String {
        exposition::text(&self.lock())
    }

    /// What one worker counts with.
    pub fn recorder(&self) -> Recorder {
        Recorder { metrics: self.clone(), known: Rc::default() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Series>> {
        // Whoever panicked with the lock held left a list that is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One worker's hand in the metrics. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    metrics: Metrics,
    known: Rc<RefCell<Known>>,
}

/// The cells of one worker, by name and labels.
type Known = BTreeMap<(&'static str, Arc<str>), Arc<Cells>>;

impl Recorder {
    /// Counts one.
    pub fn count(&self, family: &'static Family, labels: &[(&str, &str)]) {
        self.add(family, labels, 1);
    }

    /// Adds to a counter or a gauge.
    pub fn add(&self, family: &'static Family, labels: &[(&str, &str)], by: i64) {
        self.cells(family, labels).add(0, by.cast_unsigned());
    }

    /// Puts a size or a time into its bucket.
    pub fn observe(&self, family: &'static Family, labels: &[(&str, &str)], value: f64) {
        let Kind::Histogram(buckets) = family.kind else { return };
        let cells = self.cells(family, labels);
        cells.add(buckets.iter().position(|end| value <= *end).unwrap_or(buckets.len()), 1);
        cells.add(buckets.len() + 1, (value * SUM_PARTS) as u64);
    }

    fn cells(&self, family: &'static Family, labels: &[(&str, &str)]) -> Arc<Cells> {
        let labels = exposition::labels(labels);
        let mut known = self.known.borrow_mut();
        if let Some(cells) = known.get(&(family.name, Arc::clone(&labels))) {
            return Arc::clone(cells);
        }
        if known.len() >= limits::METRIC_SERIES_PER_WORKER_MAX {
            let dropped = known.get(&(DROPPED.name, NO_LABELS.into())).cloned();
            dropped.unwrap_or_else(|| self.row(&mut known, &DROPPED, NO_LABELS.into())).add(0, 1);
            return Arc::new(Cells::of(family.kind)); // that nobody reads
        }
        self.row(&mut known, family, labels)
    }

    /// A new row.
    fn row(&self, known: &mut Known, family: &'static Family, labels: Arc<str>) -> Arc<Cells> {
        let cells = Arc::new(Cells::of(family.kind));
        known.insert((family.name, Arc::clone(&labels)), Arc::clone(&cells));
        self.metrics.lock().push(Series { family, labels, cells: Arc::clone(&cells) });
        cells
    }
}

static DROPPED: Family = Family {
    name: "weir_metrics_dropped_total",
    help: "Numbers that were not counted: their worker had no room for another row of labels.",
    kind: Kind::Counter,
};
const NO_LABELS: &str = "";

/// Sums are kept in millionths.
pub(super) const SUM_PARTS: f64 = 1e6;

#[cfg(test)]
mod tests {
    use super::*;

    static REQUESTS: Family = Family { name: "requests_total", help: "Requests.", kind: Kind::Counter };
    static RUNNING: Family = Family { name: "running", help: "Requests that run.", kind: Kind::Gauge };
    static SECONDS: Family = Family { name: "seconds", help: "Time.", kind: Kind::Histogram(&[0.1, 1.0]) };

    #[test]
    fn what_workers_count_is_summed_when_it_is_read() {
        let metrics = Metrics::default();
        let (one, other) = (metrics.recorder(), metrics.recorder());
        one.count(&REQUESTS, &[("code", "200")]);
        other.count(&REQUESTS, &[("code", "200")]);
        other.count(&REQUESTS, &[("code", "404")]);
        one.add(&RUNNING, &[], 1);
        other.add(&RUNNING, &[], -2);
        let expected = concat!(
            "# HELP requests_total Requests.\n# TYPE requests_total counter\n",
            "requests_total{code=\"200\"} 2\nrequests_total{code=\"404\"} 1\n",
            "# HELP running Requests that run.\n# TYPE running gauge\nrunning -1\n",
        );
        assert_eq!(metrics.expose(), expected);
    }

    #[test]
    fn a_histogram_counts_everything_below_each_end() {
        let metrics = Metrics::default();
        let recorder = metrics.recorder();
        for value in [0.05, 0.5, 5.0] {
            recorder.observe(&SECONDS, &[("verb", "GET")], value);
        }
        let expected = concat!(
            "# HELP seconds Time.\n# TYPE seconds histogram\n",
            "seconds_bucket{verb=\"GET\",le=\"0.1\"} 1\n",
            "seconds_bucket{verb=\"GET\",le=\"1\"} 2\n",
            "seconds_bucket{verb=\"GET\",le=\"+Inf\"} 3\n",
            "seconds_sum{verb=\"GET\"} 5.55\n",
            "seconds_count{verb=\"GET\"} 3\n",
        );
        assert_eq!(metrics.expose(), expected);
    }

    #[test]
    fn numbers_without_room_for_their_row_are_counted_themselves() {
        let metrics = Metrics::default();
        let recorder = metrics.recorder();
        for at in 0..limits::METRIC_SERIES_PER_WORKER_MAX + 3 {
            recorder.count(&REQUESTS, &[("code", &at.to_string())]);
        }
        recorder.observe(&SECONDS, &[], 0.5);
        recorder.count(&REQUESTS, &[("code", "0")]);
        let shown = metrics.expose();
        assert!(shown.contains("weir_metrics_dropped_total 4\n") && shown.contains("requests_total{code=\"0\"} 2\n"));
        assert!(!shown.contains("seconds"));
    }

    #[test]
    fn a_label_cannot_end_its_line_nor_itself() {
        let metrics = Metrics::default();
        let recorder = metrics.recorder();
        recorder.add(&RUNNING, &[("name", "a\"b\\c\nd")], 1);
        assert!(metrics.expose().contains(r#"running{name="a\"b\\c\nd"} 1"#));
    }
}
