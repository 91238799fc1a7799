use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use super::metrics::{Family, Kind, SUM_PARTS, Series};

/// A row of labels as it is written, without braces.
pub(super) fn labels(labels: &[(&str, &str)]) -> Arc<str> {
    let mut text = String::new();
    for (name, value) in labels {
        let comma = if text.is_empty() { "" } else { "," };
        let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
        // Writing to a string does not fail.
        let _ = write!(text, "{comma}{name}=\"{value}\"");
    }
    text.into()
}

/// All rows by name and labels, those of several workers summed.
pub(super) fn text(series: &[Series]) -> String {
    let mut families: BTreeMap<&str, (&Family, BTreeMap<&str, Vec<u64>>)> = BTreeMap::new();
    for row in series {
        let (_, rows) = families.entry(row.family.name).or_insert_with(|| (row.family, BTreeMap::new()));
        let numbers: Vec<u64> = row.cells.read().collect();
        rows.entry(&row.labels)
            .and_modify(|sums| {
                for (sum, number) in sums.iter_mut().zip(&numbers) {
                    *sum = sum.wrapping_add(*number);
                }
            })
            .or_insert(numbers);
    }
    let mut out = String::new();
    for (family, rows) in families.values() {
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let name = family.name;
        let _ = write!(out, "# HELP {name} {}\n# TYPE {name} {kind}\n", family.help);
        for (labels, numbers) in rows {
            match family.kind {
                Kind::Counter => line(&mut out, name, labels, numbers[0]),
                Kind::Gauge => line(&mut out, name, labels, numbers[0].cast_signed()),
                Kind::Histogram(ends) => histogram(&mut out, name, labels, ends, numbers),
            }
        }
    }
    out
}

fn histogram(out: &mut String, name: &str, labels: &str, ends: &[f64], numbers: &[u64]) {
    let comma = if labels.is_empty() { "" } else { "," };
    let mut below = 0;
    for (end, number) in ends.iter().map(f64::to_string).chain(["+Inf".to_owned()]).zip(numbers) {
        below += number;
        line(out, &format!("{name}_bucket"), &format!("{labels}{comma}le=\"{end}\""), below);
    }
    let sum = numbers.last().copied().unwrap_or_default() as f64 / SUM_PARTS;
    line(out, &format!("{name}_sum"), labels, sum);
    line(out, &format!("{name}_count"), labels, below);
}

fn line(out: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    // Writing to a string does not fail.
    let _ = match labels {
        "" => writeln!(out, "{name} {value}"),
        labels => writeln!(out, "{name}{{{labels}}} {value}"),
    };
}
