//! What is counted, for Prometheus: reconciles, writes, failures, panics, watches, objects, leadership.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use troupe_crds::Kind;

/// What was done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Made by a POST.
    Create,
    /// Made or changed by server-side apply.
    Apply,
    /// Deleted.
    Delete,
    /// Its status was written.
    Status,
}

impl EncodeLabelValue for Verb {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        let name = match self {
            Self::Create => "create",
            Self::Apply => "apply",
            Self::Delete => "delete",
            Self::Status => "status",
        };
        name.encode(encoder)
    }
}

/// How a reconcile ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// As it should.
    Success,
    /// With an error; it is tried again.
    Error,
    /// With a panic; it is tried again.
    Panic,
}

impl EncodeLabelValue for Outcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        let name = match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Panic => "panic",
        };
        name.encode(encoder)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Write {
    kind: &'static str,
    verb: Verb,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reconcile {
    kind: &'static str,
    outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

/// Every counter. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    writes: Family<Write, Counter>,
    failed_writes: Counter,
    reconciles: Family<Reconcile, Counter>,
    seconds: Histogram,
    waiting: Family<OfKind, Gauge>,
    watch_errors: Family<OfKind, Counter>,
    dropped_events: Counter,
    leader: Gauge,
    synced_seconds: Gauge<f64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Counters at zero.
    pub fn new() -> Self {
        // From a look that changes nothing to a request that waits for the API server.
        let seconds = Histogram::new([0.0001, 0.001, 0.01, 0.1, 1.0, 10.0]);
        let mut metrics = Self {
            registry: Arc::default(),
            writes: Family::default(),
            failed_writes: Counter::default(),
            reconciles: Family::default(),
            seconds,
            waiting: Family::default(),
            watch_errors: Family::default(),
            dropped_events: Counter::default(),
            leader: Gauge::default(),
            synced_seconds: Gauge::default(),
        };
        metrics.registry = Arc::new(metrics.registry());
        metrics
    }

    fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("troupe_operator");
        registry.register("writes", "Objects and statuses that were written", self.writes.clone());
        registry.register("failed_writes", "Writes that were refused or not answered", self.failed_writes.clone());
        registry.register("reconciles", "Times that an object was looked at", self.reconciles.clone());
        registry.register_with_unit("reconcile", "How long a look took", Unit::Seconds, self.seconds.clone());
        registry.register("waiting", "Objects that wait to be looked at", self.waiting.clone());
        registry.register("watch_errors", "Watches that broke and began again", self.watch_errors.clone());
        registry.register("dropped_events", "Events that were not sent for their number", self.dropped_events.clone());
        registry.register("leader", "1 while this process holds the lease", self.leader.clone());
        let synced = self.synced_seconds.clone();
        registry.register("listed_seconds", "How long the first list of everything took", synced);
        registry
    }

    /// Counts a write.
    pub fn wrote(&self, kind: &'static str, verb: Verb) {
        self.writes.get_or_create(&Write { kind, verb }).inc();
    }

    /// Writes of a kind so far.
    pub fn writes(&self, kind: &'static str, verb: Verb) -> u64 {
        self.writes.get_or_create(&Write { kind, verb }).get()
    }

    /// Counts a write that came to nothing.
    pub fn write_failed(&self) {
        self.failed_writes.inc();
    }

    /// Counts a reconcile.
    pub fn reconciled(&self, kind: Kind, outcome: Outcome, seconds: f64) {
        self.reconciles.get_or_create(&Reconcile { kind: kind.as_str(), outcome }).inc();
        self.seconds.observe(seconds);
    }

    /// Reconciles of a kind with an outcome so far.
    pub fn reconciles(&self, kind: Kind, outcome: Outcome) -> u64 {
        self.reconciles.get_or_create(&Reconcile { kind: kind.as_str(), outcome }).get()
    }

    /// Says how many objects wait.
    pub fn waiting(&self, kind: Kind, number: usize) {
        self.waiting.get_or_create(&OfKind { kind: kind.as_str() }).set(i64::try_from(number).unwrap_or(i64::MAX));
    }

    /// Counts a watch that broke.
    pub fn watch_broke(&self, kind: &'static str) {
        self.watch_errors.get_or_create(&OfKind { kind }).inc();
    }

    /// Counts an event that was not sent.
    pub fn event_dropped(&self) {
        self.dropped_events.inc();
    }

    /// Says whether this process holds the lease.
    pub fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// Says how long the first list of everything took.
    pub fn listed(&self, seconds: f64) {
        self.synced_seconds.set(seconds);
    }

    /// Everything in OpenMetrics text.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// All writes so far, statuses included.
    pub fn all_writes(&self) -> u64 {
        let text = self.text().unwrap_or_default();
        let lines = text.lines().filter(|line| line.starts_with("troupe_operator_writes_total{"));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }
}
