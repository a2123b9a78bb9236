//! Many samples of one target, and their percentiles.

use std::time::Duration;

use crate::client::Sample;

/// The samples of one target in one run.
#[derive(Debug, Default)]
pub struct Series {
    totals: Vec<Duration>,
    firsts: Vec<Duration>,
    incomplete: usize,
    complaint: Option<String>,
}

/// Percentiles of a series. All zero where there is no complete answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Percentiles {
    /// The median.
    pub p50: Duration,
    /// The 90th percentile.
    pub p90: Duration,
    /// The 99th percentile.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

impl Series {
    /// Adds a sample. Only whole answers have a time.
    pub fn add(&mut self, sample: Sample) {
        match sample.outcome {
            Ok(()) => {
                self.totals.push(sample.total);
                self.firsts.extend(sample.first);
            }
            Err(incomplete) => {
                self.incomplete += 1;
                self.complaint.get_or_insert_with(|| incomplete.to_string());
            }
        }
    }

    /// Adds another series.
    pub fn merge(&mut self, other: Self) {
        self.totals.extend(other.totals);
        self.firsts.extend(other.firsts);
        self.incomplete += other.incomplete;
        self.complaint = self.complaint.take().or(other.complaint);
    }

    /// Whole answers.
    pub fn complete(&self) -> usize {
        self.totals.len()
    }

    /// Answers that were not whole.
    pub fn incomplete(&self) -> usize {
        self.incomplete
    }

    /// What was wrong with the first incomplete answer.
    pub fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    /// Times to the end.
    pub fn total(&self) -> Percentiles {
        Percentiles::of(&self.totals)
    }

    /// Times to the first delta.
    pub fn first(&self) -> Percentiles {
        Percentiles::of(&self.firsts)
    }
}

impl Percentiles {
    fn of(times: &[Duration]) -> Self {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        // Nearest rank: the smallest time that so many in a hundred do not exceed.
        let rank = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        let rank = |percent| rank(percent).unwrap_or_default();
        Self { p50: rank(50), p90: rank(90), p99: rank(99), max: rank(100) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        let ms = Duration::from_millis;
        assert_eq!(Percentiles::of(&times), Percentiles { p50: ms(100), p90: ms(180), p99: ms(198), max: ms(200) });
        assert_eq!(Percentiles::of(&times[..1]).p99, ms(200));
        assert_eq!(Percentiles::of(&[]), Percentiles::default());
    }
}
