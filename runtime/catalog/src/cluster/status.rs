//! What the runtime says in statuses: whether Secrets have values, revisions are known, models answer, and which tools
//! servers offer. It is written by server-side apply with one field manager for all replicas, on transitions only.
//!
//! Replicas may see different things for a moment. Each writes when its own opinion turns; what another one has written
//! since then stands, unless the two still differ a minute later. So replicas that disagree write once a minute at most.

mod opinion;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition as Written;
use k8s_openapi::jiff;
use kube::api::{Patch, PatchParams};
use kube::core::{DynamicObject, Request};
use serde_json::{Map, Value, json};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use troupe_crds::condition::{self, ConditionStatus, ConditionType, Observation};
use troupe_crds::{API_VERSION, GROUP, VERSION};

use super::error::{ClusterError, answer};
use super::object::{DISCOVERED_FIELDS, Said, observe};
use super::objects::Event;
use super::{Cluster, Key};
use crate::catalog::Catalog;
use crate::resolve::DiscoveredTool;

use opinion::Opinions;
pub use opinion::Reachability;

/// By which name the API server knows who wrote.
const MANAGER: &str = "troupe-runtime";

/// How long a different opinion of another replica stands before it is written over.
const REASSERT: Duration = Duration::from_mins(1);

/// How long after a failed attempt the next one is made.
const RETRY: Duration = Duration::from_secs(10);

/// Statuses that are written at one time.
const AT_ONCE: usize = 4;

/// The longest message, in characters; the API server takes 32,768.
const MOST_MESSAGE: usize = 1_024;

/// What is said of an object until it changes.
const LASTING: [ConditionType; 3] =
    [ConditionType::SecretsResolved, ConditionType::RevisionResolved, ConditionType::SandboxReady];

/// What is to be said of statuses, and what was said.
#[derive(Default)]
pub(crate) struct Statuses {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Default)]
struct State {
    dirty: BTreeSet<Key>,
    later: BTreeMap<Key, Instant>,
    opinions: HashMap<Key, Opinions>,
}

impl Statuses {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has objects looked at again.
    pub(super) fn look_at(&self, keys: impl IntoIterator<Item = Key>) {
        let mut state = self.lock();
        let before = state.dirty.len();
        state.dirty.extend(keys);
        if state.dirty.len() != before {
            self.news.notify_one();
        }
    }

    /// Notes how a model answered.
    pub(super) fn reached(&self, key: Key, told: Reachability, now: Instant) {
        self.noted(key, |opinions| opinions.reached(told, now));
    }

    /// Notes which tools a server listed, or why it did not.
    pub(super) fn discovered(&self, key: Key, told: Result<&[DiscoveredTool], &str>, now: Instant) {
        self.noted(key, |opinions| opinions.discovered(told, now));
    }

    fn noted(&self, key: Key, note: impl FnOnce(&mut Opinions) -> bool) {
        let turned = note(self.lock().opinions.entry(key.clone()).or_default());
        if turned {
            self.look_at([key]);
        }
    }

    /// What is to be looked at now; otherwise when there is something.
    fn due(&self, now: Instant) -> Result<BTreeSet<Key>, Option<Instant>> {
        let mut state = self.lock();
        let mut due = std::mem::take(&mut state.dirty);
        state.later.retain(|key, at| {
            let waits = *at > now;
            if !waits {
                due.insert(key.clone());
            }
            waits
        });
        if due.is_empty() { Err(state.later.values().min().copied()) } else { Ok(due) }
    }

    fn again(&self, key: &Key, at: Instant) {
        let mut state = self.lock();
        let known = state.later.entry(key.clone()).or_insert(at);
        *known = at.min(*known);
        self.news.notify_one();
    }
}

/// Writes statuses until it is told to stop.
pub(super) struct Writer {
    pub(super) catalog: Catalog,
    pub(super) cluster: Arc<Cluster>,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) stop: CancellationToken,
}

impl Writer {
    pub(super) async fn run(self) {
        let mut materials = self.cluster.materials.subscribe();
        loop {
            let statuses = &self.cluster.statuses;
            let next = match statuses.due(Instant::now()) {
                Ok(due) => {
                    futures::stream::iter(due).for_each_concurrent(AT_ONCE, |key| self.settle(key)).await;
                    Some(Instant::now())
                }
                Err(next) => next,
            };
            let timer = async {
                match next {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = statuses.news.notified() => {}
                changed = materials.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.cluster.materials_changed();
                }
                () = timer => {}
            }
        }
    }

    /// Brings the status of one object up to what is known, if that is not what it says.
    async fn settle(&self, key: Key) {
        let now = Instant::now();
        let Some(proposal) = self.proposal(&key, now) else { return };
        let result = self.write(&key, &proposal).await;
        let statuses = &self.cluster.statuses;
        match result {
            Ok(()) => {}
            // It was deleted meanwhile; the watch says so too.
            Err(error) if error.is(404) => {}
            Err(error) => {
                let retry = statuses.lock().opinions.get_mut(&key).map(Opinions::forget_told);
                tracing::warn!(resource.kind = %key.kind, resource.name = %key.name, %error, retry = retry.is_some(), "cannot write a status");
                statuses.again(&key, now + RETRY);
            }
        }
    }

    /// What is to be written; `None` where nothing is, or not yet.
    fn proposal(&self, key: &Key, now: Instant) -> Option<Proposal> {
        let statuses = &self.cluster.statuses;
        let view = self.catalog.view();
        let meta = self.cluster.metas.lock().get(key).cloned();
        let (Some(entry), Some(meta)) = (view.get(key.kind, &key.name), meta) else {
            statuses.lock().opinions.remove(key);
            return None;
        };
        // Until everything that it names was asked for once, nothing is known: what was said stands.
        let answered = self.cluster.is_answered(key);
        let lasting = self.catalog.conditions(entry).into_iter().filter_map(|said| {
            let ours = LASTING.contains(&said.type_);
            let status = if said.status { ConditionStatus::True } else { ConditionStatus::False };
            let message = shortened(&said.message);
            ours.then_some(Observation { type_: said.type_, status, reason: said.reason, message })
        });
        let lasting: Vec<Observation> = lasting.collect();
        let mut state = statuses.lock();
        let known = state.opinions.get_mut(key);
        if known.is_none() && lasting.is_empty() && meta.said == Said::default() {
            return None;
        }
        let opinions = state.opinions.entry(key.clone()).or_default();
        if let Some(later) = opinions.ripen(now) {
            let at = state.later.entry(key.clone()).or_insert(later);
            *at = later.min(*at);
        }
        let opinions = state.opinions.entry(key.clone()).or_default();
        let lasting = answered.then_some(lasting);
        let proposal = Proposal::new(lasting.as_deref(), opinions, &meta.said, meta.generation, self.catalog.now());
        let print = opinion::print(lasting.as_deref(), opinions);
        match opinions.decide(proposal.is_news, print, now, REASSERT + self.cluster.lag) {
            opinion::Decision::Write => Some(proposal),
            opinion::Decision::Nothing => None,
            opinion::Decision::Later(at) => {
                state.later.insert(key.clone(), at);
                None
            }
        }
    }

    async fn write(&self, key: &Key, proposal: &Proposal) -> Result<(), ClusterError> {
        let Key { kind, name } = key;
        let namespace = &self.cluster.namespace;
        let mut status = proposal.fields.clone();
        status.insert("conditions".to_owned(), json!(proposal.conditions));
        let body = json!({
            "apiVersion": API_VERSION,
            "kind": kind.as_str(),
            "metadata": {"name": name.as_ref(), "namespace": namespace.as_ref()},
            "status": status,
        });
        let path = format!("/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{}", kind.plural());
        let parameters = PatchParams::apply(MANAGER).force();
        let request = Request::new(path).patch_subresource("status", name, &parameters, &Patch::Apply(&body));
        let client = self.cluster.client.clone();
        let send = async { client.request::<DynamicObject>(request.map_err(kube::Error::BuildRequest)?).await };
        let written = answer(|| format!("write the status of {kind} {name:?}"), send).await?;
        self.cluster.wrote_status();
        if let Some(observed) = observe(*kind, &self.cluster.place, written) {
            // After the end nobody listens any more.
            let _ = self.events.send(Event::Changed(Box::new(observed))).await;
        }
        Ok(())
    }
}

/// The runtime's part of a status as it should be.
struct Proposal {
    conditions: Vec<Written>,
    fields: Map<String, Value>,
    /// Whether it differs from what the status says.
    is_news: bool,
}

impl Proposal {
    /// Folds opinions into what was said; where there is none, what was said stands.
    fn new(
        lasting: Option<&[Observation]>,
        opinions: &Opinions,
        said: &Said,
        generation: Option<i64>,
        now: jiff::Timestamp,
    ) -> Self {
        let mut conditions = said.conditions.clone();
        let mut is_news = false;
        if let Some(lasting) = lasting {
            let stays = |type_: &str| {
                let momentary = [ConditionType::Reachable, ConditionType::Discovered];
                momentary.iter().any(|own| own.as_str() == type_)
                    || lasting.iter().any(|own| own.type_.as_str() == type_)
            };
            conditions.retain(|written| stays(&written.type_));
            is_news = conditions.len() != said.conditions.len();
        }
        for observation in lasting.into_iter().flatten().chain(opinions.momentary()) {
            // That the spec has another generation, and that a failure has other words, is no transition.
            let words_count = observation.status != ConditionStatus::False || !is_momentary(observation.type_);
            let same = condition::get(&conditions, observation.type_).is_some_and(|written| {
                written.status == observation.status.as_str()
                    && written.reason == observation.reason.as_str()
                    && (!words_count || written.message == observation.message)
            });
            if !same {
                condition::set(&mut conditions, observation.clone(), generation, now);
                is_news = true;
            }
        }
        let mut fields = said.fields.clone();
        if let Some(found) = opinions.fields() {
            for field in DISCOVERED_FIELDS {
                match found.get(field) {
                    Some(value) if fields.get(field) != Some(value) => {
                        fields.insert(field.to_owned(), value.clone());
                        is_news = true;
                    }
                    _ => {}
                }
            }
        }
        Self { conditions, fields, is_news }
    }
}

fn is_momentary(type_: ConditionType) -> bool {
    matches!(type_, ConditionType::Reachable | ConditionType::Discovered)
}

fn shortened(message: &str) -> String {
    message.chars().take(MOST_MESSAGE).collect()
}

/// A number for something, to tell whether it changed.
fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
