//! Counts verdicts and prints the tables.

use std::collections::BTreeMap;
use std::time::Duration;

use super::generator::case::Verdict;
use super::generator::{Case, Expected, Format, KINDS};
use super::table::{self, Samples};

/// Verdicts and times of one kind in one format.
#[derive(Debug, Default)]
struct Cell {
    verdicts: BTreeMap<Verdict, usize>,
    n_apply: usize,
    n_apply_right: usize,
    n_refuse: usize,
    times: Vec<Duration>,
}

impl Cell {
    fn n(&self, verdict: Verdict) -> usize {
        self.verdicts.get(&verdict).copied().unwrap_or(0)
    }

    fn n_all(&self) -> usize {
        self.verdicts.values().sum()
    }

    fn join(&mut self, other: &Self) {
        for (verdict, n) in &other.verdicts {
            *self.verdicts.entry(*verdict).or_default() += n;
        }
        self.n_apply += other.n_apply;
        self.n_apply_right += other.n_apply_right;
        self.n_refuse += other.n_refuse;
        self.times.extend(&other.times);
    }

    fn times(&self) -> String {
        let samples: Samples = self.times.iter().copied().collect();
        let micros = |percent| samples.percentile(percent).as_micros();
        format!("{} / {}", micros(50), micros(99))
    }
}

/// All verdicts of a run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    cells: BTreeMap<(Format, &'static str), Cell>,
}

impl Tally {
    pub(crate) fn add(
        &mut self,
        format: Format,
        kind: &'static str,
        case: &Case,
        verdict: Verdict,
        time: Duration,
    ) {
        let cell = self.cells.entry((format, kind)).or_default();
        *cell.verdicts.entry(verdict).or_default() += 1;
        cell.times.push(time);
        match case.expected {
            Expected::Apply(_) | Expected::NoOp => {
                cell.n_apply += 1;
                cell.n_apply_right += usize::from(verdict == Verdict::Right);
            }
            Expected::Refuse => cell.n_refuse += 1,
            Expected::Either(_) => {}
        }
    }

    /// A table per format, one of all kinds, and the totals.
    pub(crate) fn print(&self) {
        for format in Format::ALL {
            let rows: Vec<_> = KINDS
                .iter()
                .filter_map(|kind| Some((kind.name, self.cells.get(&(format, kind.name))?)))
                .map(|(name, cell)| row(name, cell))
                .collect();
            if !rows.is_empty() {
                let columns = [format.name(), "n", "right", "refused", "**wrong**", "µs p50 / p99"];
                table::print(&columns, &rows);
                line("");
            }
        }
        self.print_kinds();
        let rows: Vec<_> = Format::ALL.into_iter().filter_map(|format| self.total(format)).collect();
        table::print(
            &["format", "cases", "ok %", "silent wrong %", "must-refuse applied %", "µs p50 / p99"],
            &rows,
        );
    }

    /// Right answers in percent, by kind and format.
    fn print_kinds(&self) {
        let right = |format, kind| {
            let cell = self.cells.get(&(format, kind))?;
            Some(percent(cell.n(Verdict::Right) + cell.n(Verdict::RightlyUnsure), cell.n_all()))
        };
        let rows: Vec<Vec<String>> = KINDS
            .iter()
            .map(|kind| (kind.name, Format::ALL.map(|format| right(format, kind.name))))
            .filter(|(_, cells)| cells.iter().any(Option::is_some))
            .map(|(name, cells)| {
                let cells = cells.map(|cell| cell.unwrap_or_else(|| "—".to_owned()));
                std::iter::once(name.to_owned()).chain(cells).collect()
            })
            .collect();
        let columns: Vec<&str> = std::iter::once("kind").chain(Format::ALL.map(Format::name)).collect();
        table::print(&columns, &rows);
        line("");
    }

    fn total(&self, format: Format) -> Option<Vec<String>> {
        let mut all = Cell::default();
        for cell in self.cells.iter().filter(|((of, _), _)| *of == format).map(|(_, cell)| cell) {
            all.join(cell);
        }
        (all.n_all() > 0).then(|| {
            let wrong = all.n(Verdict::Wrong) + all.n(Verdict::Applied);
            vec![
                format.name().to_owned(),
                all.n_all().to_string(),
                percent(all.n_apply_right, all.n_apply),
                format!("{} ({wrong})", percent(wrong, all.n_all())),
                format!("{} ({})", percent(all.n(Verdict::Applied), all.n_refuse), all.n(Verdict::Applied)),
                all.times(),
            ]
        })
    }
}

fn row(name: &str, cell: &Cell) -> Vec<String> {
    let wrong = cell.n(Verdict::Wrong) + cell.n(Verdict::Applied);
    let right = cell.n(Verdict::Right) + cell.n(Verdict::RightlyUnsure);
    let meant = match (cell.n_apply > 0, cell.n_refuse > 0) {
        (false, true) => " (must be refused)",
        (false, false) => " (undecidable)",
        _ => "",
    };
    let bold = |n: usize| if n > 0 { format!("**{n}**") } else { "0".to_owned() };
    vec![
        format!("{name}{meant}"),
        cell.n_all().to_string(),
        percent(right, cell.n_all()),
        cell.n(Verdict::Refused).to_string(),
        bold(wrong),
        cell.times(),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "counts of cases are far below 2^52")]
fn percent(part: usize, of: usize) -> String {
    if of == 0 { "—".to_owned() } else { format!("{:.2}", 100.0 * part as f64 / of as f64) }
}

#[expect(clippy::print_stdout, reason = "the report is what a benchmark is for")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}
