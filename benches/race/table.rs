//! Figures, and the table they are printed as.

use std::fmt::Write as _;

/// The figures of one test: a row per contender, a figure per run.
#[derive(Debug)]
pub(crate) struct Table {
    title: &'static str,
    unit: &'static str,
    rows: Vec<(String, Vec<f64>)>,
}

impl Table {
    /// A table without figures.
    pub(crate) fn new(title: &'static str, unit: &'static str) -> Self {
        Self { title, unit, rows: Vec::new() }
    }

    /// Adds a figure of a contender.
    pub(crate) fn add(&mut self, contender: &str, figure: f64) {
        match self.rows.iter_mut().find(|(name, _)| name == contender) {
            Some((_, figures)) => figures.push(figure),
            None => self.rows.push((contender.to_owned(), vec![figure])),
        }
    }

    /// As Markdown: medians, the least and the most, and the median of the ratios to the first contender, run by run.
    pub(crate) fn markdown(&self) -> String {
        let first = self.rows.first().map(|(name, _)| name.as_str()).unwrap_or_default();
        let mut text = format!("### {}\n\n", self.title);
        let _ =
            writeln!(text, "| contender | {}, median | least to most | of {first} |\n|---|---:|---:|---:|", self.unit);
        for (name, figures) in &self.rows {
            let ratios = figures.iter().zip(&self.rows[0].1).map(|(figure, of)| figure / of);
            let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
            let most = figures.iter().copied().fold(0.0, f64::max);
            let (middle, ratio) = (median(figures.iter().copied()), median(ratios));
            let _ = writeln!(text, "| {name} | {middle:.2} | {least:.2} to {most:.2} | {ratio:.2} |");
        }
        text
    }

    /// As lines of `test,contender,run,figure`.
    pub(crate) fn csv(&self) -> String {
        let mut text = String::new();
        for (name, figures) in &self.rows {
            for (run, figure) in figures.iter().enumerate() {
                let _ = writeln!(text, "{},{name},{},{figure:.4}", self.title, run + 1);
            }
        }
        text
    }
}

/// The medians of all tests in one table: a row per contender, a column per test.
pub(crate) fn overview(tables: &[Table]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in tables.iter().flat_map(|table| &table.rows) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let mut text = "| median of |".to_owned();
    tables.iter().for_each(|table| text.push_str(&format!(" {}, {} |", table.title, table.unit)));
    text.push_str(&format!("\n|---|{}\n", "---:|".repeat(tables.len())));
    for name in names {
        let _ = write!(text, "| {name} |");
        for table in tables {
            let _ = match table.rows.iter().find(|(known, _)| known == name) {
                Some((_, figures)) => write!(text, " {:.2} |", median(figures.iter().copied())),
                None => write!(text, " |"),
            };
        }
        text.push('\n');
    }
    text
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}
