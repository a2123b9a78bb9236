//! The table that a suite prints: each figure beside its baseline of the same run and its goal.

use std::{fmt, time::Duration};

use serde_json::{Value, json};

use crate::series::Series;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Milliseconds,
    /// Per second.
    PerSecond,
    /// Mebibytes.
    Mebibytes,
    /// Percent.
    Percent,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What was measured, in words.
    pub name: String,
    /// The unit of all its numbers.
    pub unit: Unit,
    /// What came out; not a number when nothing did.
    pub measured: f64,
    /// The same of the model server alone, in the same run.
    pub baseline: Option<f64>,
    /// What it should be.
    pub goal: Option<Goal>,
    /// False when answers were incomplete: then no goal is met, however fast the others were.
    pub valid: bool,
}

/// All figures, and all that went wrong.
#[derive(Debug, Default)]
pub struct Report {
    figures: Vec<Figure>,
    notes: Vec<String>,
    problems: Vec<String>,
}

impl Figure {
    /// A figure without baseline and goal.
    pub fn new(name: impl Into<String>, unit: Unit, measured: f64) -> Self {
        Self { name: name.into(), unit, measured, baseline: None, goal: None, valid: true }
    }

    /// A time.
    pub fn time(name: impl Into<String>, measured: Duration) -> Self {
        Self::new(name, Unit::Milliseconds, milliseconds(measured))
    }

    /// What a time is above its baseline. It may be negative, by noise.
    pub fn added(name: impl Into<String>, through: Duration, direct: Duration) -> Self {
        let added = milliseconds(through) - milliseconds(direct);
        Self::new(name, Unit::Milliseconds, added).beside(milliseconds(direct))
    }

    /// Memory in bytes.
    pub fn memory(name: impl Into<String>, bytes: u64) -> Self {
        let kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
        Self::new(name, Unit::Mebibytes, f64::from(kib) / 1024.0)
    }

    /// The same figure beside a baseline.
    #[must_use]
    pub fn beside(self, baseline: f64) -> Self {
        Self { baseline: Some(baseline), ..self }
    }

    /// The same figure with a goal.
    #[must_use]
    pub fn goal(self, goal: Goal) -> Self {
        Self { goal: Some(goal), ..self }
    }

    /// The same figure as one of this series: without a number if no answer was complete, invalid if any was not.
    #[must_use]
    pub fn of(self, series: &Series) -> Self {
        let measured = if series.complete() == 0 { f64::NAN } else { self.measured };
        Self { measured, valid: self.valid && series.incomplete() == 0, ..self }
    }

    /// Whether the goal is met; `None` without one.
    pub fn is_met(&self) -> Option<bool> {
        self.goal.map(|goal| match goal {
            Goal::AtMost(most) => self.valid && self.measured <= most,
            Goal::AtLeast(least) => self.valid && self.measured >= least,
        })
    }

    fn cells(&self) -> [String; 5] {
        let show = |number: f64| self.unit.show(number);
        let goal = self.goal.map(|goal| match goal {
            Goal::AtMost(most) => format!("<= {}", show(most)),
            Goal::AtLeast(least) => format!(">= {}", show(least)),
        });
        let met = self.is_met().map_or("", |met| if met { "yes" } else { "NO" });
        [
            self.name.clone(),
            show(self.measured),
            self.baseline.map(show).unwrap_or_default(),
            goal.unwrap_or_default(),
            met.to_owned(),
        ]
    }

    fn json(&self) -> Value {
        let goal = self.goal.map(|goal| match goal {
            Goal::AtMost(most) => json!({"atMost": most}),
            Goal::AtLeast(least) => json!({"atLeast": least}),
        });
        json!({
            "figure": self.name, "unit": self.unit.name(), "measured": self.measured,
            "baseline": self.baseline, "goal": goal, "met": self.is_met(), "valid": self.valid,
        })
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::PerSecond => "/s",
            Self::Mebibytes => "MiB",
            Self::Percent => "%",
        }
    }

    fn show(self, number: f64) -> String {
        let name = self.name();
        match self {
            _ if number.is_nan() => "-".to_owned(),
            Self::Milliseconds => format!("{number:.3} {name}"),
            Self::PerSecond => format!("{number:.0} {name}"),
            Self::Mebibytes => format!("{number:.1} {name}"),
            Self::Percent => format!("{number:.2} {name}"),
        }
    }
}

impl Report {
    /// Adds a figure.
    pub fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// Says what a reader must know beside the figures.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Notes what went wrong.
    pub fn problem(&mut self, problem: impl Into<String>) {
        self.problems.push(problem.into());
    }

    /// Notes incomplete answers of a series, with the first one's complaint.
    pub fn check(&mut self, name: &str, series: &Series) {
        if series.incomplete() > 0 {
            let all = series.complete() + series.incomplete();
            let complaint = series.complaint().unwrap_or_default();
            self.problem(format!(
                "{name}: {} of {all} answers incomplete; the first: {complaint}",
                series.incomplete()
            ));
        }
    }

    /// What went wrong.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The figures.
    pub fn figures(&self) -> &[Figure] {
        &self.figures
    }

    /// The whole report for machines.
    pub fn json(&self) -> Value {
        let figures: Value = self.figures.iter().map(Figure::json).collect();
        json!({"figures": figures, "notes": self.notes, "problems": self.problems})
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["figure", "measured", "baseline", "goal", "met"].map(str::to_owned);
        let rows: Vec<[String; 5]> = std::iter::once(head).chain(self.figures.iter().map(Figure::cells)).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let [w0, w1, w2, w3, w4] = std::array::from_fn(width);
        for [name, measured, baseline, goal, met] in &rows {
            writeln!(f, "| {name:<w0$} | {measured:>w1$} | {baseline:>w2$} | {goal:>w3$} | {met:<w4$} |")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "# {note}"))?;
        self.problems.iter().try_for_each(|problem| writeln!(f, "! {problem}"))
    }
}

/// A time as milliseconds.
pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Which part of all, in percent; 0 of nothing.
pub fn percent(part: usize, all: usize) -> f64 {
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    if all == 0 { 0.0 } else { 100.0 * count(part) / count(all) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{client::Sample, observe::Incomplete};

    #[test]
    fn a_table_shows_figures_baselines_goals_and_problems() {
        let mut report = Report::default();
        let ms = Duration::from_millis;
        report.add(Figure::added("added p50", ms(5), ms(3)).goal(Goal::AtMost(1.0)));
        report.add(Figure::new("runs", Unit::PerSecond, 4000.0).goal(Goal::AtLeast(3000.0)));
        report.add(Figure::memory("idle", 12 << 20));
        report.problem("something");
        report.note("two processors");
        let expected = "\
| figure    | measured | baseline |        goal | met |
| added p50 | 2.000 ms | 3.000 ms | <= 1.000 ms | NO  |
| runs      |  4000 /s |          |  >= 3000 /s | yes |
| idle      | 12.0 MiB |          |             |     |
# two processors
! something
";
        assert_eq!(report.to_string(), expected);
    }
    #[test]
    fn incomplete_answers_miss_every_goal_and_none_at_all_show_no_number() {
        let sample = |outcome| Sample { first: None, total: Duration::from_millis(1), outcome };
        let failed = || sample(Err(Incomplete::Connection("closed".to_owned())));
        let figure = |series: &Series| Figure::time("x", Duration::ZERO).goal(Goal::AtMost(1.0)).of(series);
        let mut series = Series::default();
        series.add(sample(Ok(())));
        assert_eq!(figure(&series).is_met(), Some(true));
        series.add(failed());
        assert_eq!(figure(&series).is_met(), Some(false));
        let mut nothing = Series::default();
        nothing.add(failed());
        assert_eq!((figure(&nothing).cells()[1].as_str(), figure(&nothing).is_met()), ("-", Some(false)));
    }
}
