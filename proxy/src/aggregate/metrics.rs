use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What is counted of the availability of APIServices. Written by worker 0 now and then, read when somebody scrapes.
///
/// Go: `kube-aggregator/pkg/controllers/status/metrics/metrics.go`.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Whether each APIService answers.
    available: BTreeMap<String, bool>,
    /// How often each one stopped answering, by reason.
    lost: BTreeMap<(String, &'static str), u64>,
}

impl Metrics {
    /// An APIService answers, or does not.
    pub(super) fn set_available(&self, name: &str, available: bool) {
        self.counts().available.insert(name.to_owned(), available);
    }

    /// An APIService is gone.
    pub(super) fn forget(&self, name: &str) {
        let mut counts = self.counts();
        counts.available.remove(name);
        counts.lost.retain(|(other, _), _| other != name);
    }

    /// An APIService that answered does not any more.
    pub(super) fn count_unavailable(&self, name: &str, reason: &'static str) {
        *self.counts().lost.entry((name.to_owned(), reason)).or_default() += 1;
    }

    /// Writes them in the text format of Prometheus.
    pub fn write(&self, out: &mut String) {
        let counts = self.counts();
        if !counts.available.is_empty() {
            out.push_str(GAUGE_HEAD);
        }
        for (name, available) in &counts.available {
            // Writing to a String does not fail.
            let _ = writeln!(out, "aggregator_unavailable_apiservice{{name=\"{name}\"}} {}", u8::from(!available));
        }
        if !counts.lost.is_empty() {
            out.push_str(COUNTER_HEAD);
        }
        for ((name, reason), times) in &counts.lost {
            let _ =
                writeln!(out, "aggregator_unavailable_apiservice_total{{name=\"{name}\",reason=\"{reason}\"}} {times}");
        }
    }

    /// Whoever panicked with it left nothing half done.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const GAUGE_HEAD: &str = "\
# HELP aggregator_unavailable_apiservice [ALPHA] Gauge of APIServices which are marked as unavailable broken down by APIService name.
# TYPE aggregator_unavailable_apiservice gauge
";
const COUNTER_HEAD: &str = "\
# HELP aggregator_unavailable_apiservice_total [ALPHA] Counter of APIServices which are marked as unavailable broken down by \
   APIService name and reason.
# TYPE aggregator_unavailable_apiservice_total counter
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unavailable_ones_are_told_in_gos_form() {
        let metrics = Metrics::default();
        metrics.set_available("v1.a.com", true);
        metrics.set_available("v1.b.com", false);
        metrics.set_available("v1.c.com", false);
        metrics.count_unavailable("v1.b.com", "FailedDiscoveryCheck");
        metrics.forget("v1.c.com");
        let mut out = String::new();
        metrics.write(&mut out);
        let lines: Vec<&str> = out.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            lines,
            [
                "aggregator_unavailable_apiservice{name=\"v1.a.com\"} 0",
                "aggregator_unavailable_apiservice{name=\"v1.b.com\"} 1",
                "aggregator_unavailable_apiservice_total{name=\"v1.b.com\",reason=\"FailedDiscoveryCheck\"} 1",
            ]
        );
    }
}
