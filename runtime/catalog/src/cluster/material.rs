//! Secrets and ConfigMaps that the namespace's resources name: each is watched by its name alone, so that a Role that
//! names it is right enough. Values are in memory only, and no `Debug` shows one.

mod watching;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kube::Client;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_core::model::SecretRef;
use troupe_core::port::SecretError;
use troupe_crds::condition::Reason;
use troupe_crds::runtime::VARIABLES_SECRET;

use super::objects::Event;

pub(super) use watching::values_of_secret;

/// What the HTTP API's own variables are kept in, and the name under which a runtime may write it.
const VARIABLES: (&str, &str) = ("env", VARIABLES_SECRET);

/// A Secret or a ConfigMap, by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Material {
    /// A Secret.
    Secret(Arc<str>),
    /// A ConfigMap.
    ConfigMap(Arc<str>),
}

impl fmt::Display for Material {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(name) => write!(formatter, "Secret {name:?}"),
            Self::ConfigMap(name) => write!(formatter, "ConfigMap {name:?}"),
        }
    }
}

/// Values by key; those that are no text are there without one.
pub(crate) type Values = BTreeMap<Arc<str>, Option<Arc<str>>>;

/// The contents of ConfigMaps by name.
pub(crate) type ConfigMaps = HashMap<Arc<str>, Arc<Values>>;

/// What is known of a Secret or ConfigMap.
#[derive(Clone, Default)]
pub(super) enum Known {
    /// Nothing yet: it is being asked for.
    #[default]
    Asked,
    /// It may not be read, or cannot be at the moment.
    Refused(Arc<str>),
    /// There is none.
    Absent,
    /// It is there.
    There {
        /// The resource version, as a number.
        version: u64,
        /// Its content.
        values: Arc<Values>,
    },
}

/// One that is wanted, or was written here.
struct Held {
    known: Known,
    /// Ends its watch.
    stop: Option<CancellationToken>,
    /// This process wrote it: it needs no right to know it.
    own: bool,
}

/// Why a value is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lack {
    pub(crate) reason: Reason,
    pub(crate) message: String,
}

/// The Secrets and ConfigMaps of a namespace, as far as they are named.
pub(crate) struct Materials {
    pub(super) client: Client,
    pub(super) namespace: Arc<str>,
    held: Mutex<BTreeMap<Material, Held>>,
    /// Tells the catalog that a ConfigMap changed.
    events: mpsc::Sender<Event>,
    /// Which became another since the writer of statuses looked.
    changed: Mutex<BTreeSet<Material>>,
    news: watch::Sender<u64>,
    /// The set of names changed: what was refused may be granted now.
    retry: Notify,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl fmt::Debug for Materials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Materials").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl Materials {
    pub(super) fn new(
        client: Client,
        namespace: Arc<str>,
        events: mpsc::Sender<Event>,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        let (held, changed, news) = (Mutex::default(), Mutex::default(), watch::Sender::new(0));
        Self { client, namespace, held, events, changed, news, retry: Notify::new(), tasks, shutdown }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Material, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is followed whatever the resources name: the variables that the HTTP API keeps.
    pub(crate) fn always() -> Material {
        Material::Secret(VARIABLES.1.into())
    }

    /// Follows these names from now on, and no others.
    pub(crate) fn want(self: &Arc<Self>, names: &BTreeSet<Material>) {
        let mut held = self.lock();
        let mut news = false;
        for name in names {
            let one = held.entry(name.clone()).or_insert_with(|| Held::new(false));
            if one.stop.is_none() {
                let stop = self.shutdown.child_token();
                one.stop = Some(stop.clone());
                self.tasks.spawn(Arc::clone(self).follow(name.clone(), stop));
                news = true;
            }
        }
        held.retain(|name, one| {
            let wanted = names.contains(name);
            if !wanted && let Some(stop) = one.stop.take() {
                stop.cancel();
                news = true;
            }
            // A key that was just given is named by its resource a moment later.
            wanted || one.own
        });
        drop(held);
        if news {
            self.retry.notify_waiters();
        }
    }

    /// Notes what a watch, or a refusal, told. `None` keeps what is known.
    pub(super) fn note(&self, name: &Material, told: Known) {
        let mut held = self.lock();
        let Some(one) = held.get_mut(name) else { return };
        let stale = match (&told, &one.known) {
            (Known::There { version: new, .. }, Known::There { version: old, .. }) => new <= old,
            (Known::Refused(_), _) if one.own => true,
            (Known::Refused(new), Known::Refused(old)) => new == old,
            (Known::Absent, Known::Absent) => true,
            _ => false,
        };
        if stale {
            return;
        }
        one.own &= !matches!(told, Known::Absent);
        one.known = told;
        drop(held);
        self.tell(name);
    }

    /// Notes what this process wrote, or deleted.
    pub(super) fn wrote(&self, name: &str, known: Known) {
        let name = Material::Secret(name.into());
        let mut held = self.lock();
        if matches!(known, Known::There { .. }) {
            let one = held.entry(name.clone()).or_insert_with(|| Held::new(true));
            (one.known, one.own) = (known, true);
        } else {
            if let Some(one) = held.get_mut(&name) {
                (one.known, one.own) = (Known::Absent, false);
            }
            held.retain(|_, one| one.stop.is_some() || one.own);
        }
        drop(held);
        self.tell(&name);
    }

    fn tell(&self, name: &Material) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        self.news.send_modify(|count| *count += 1);
        if matches!(name, Material::ConfigMap(_)) {
            // Where the channel is full the catalog is about to look anyway.
            let _ = self.events.try_send(Event::Contents);
        }
    }

    /// What changed since this was asked last.
    pub(super) fn take_changed(&self) -> BTreeSet<Material> {
        std::mem::take(&mut self.changed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells of changes.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Whether everything that is wanted was answered, be it with a refusal.
    pub(super) fn is_answered(&self) -> bool {
        self.lock().values().all(|one| !matches!(one.known, Known::Asked))
    }

    /// Whether one was not answered yet.
    pub(super) fn is_asked(&self, name: &Material) -> bool {
        self.lock().get(name).is_none_or(|one| matches!(one.known, Known::Asked))
    }

    /// What is known of a Secret, for who writes it.
    pub(super) fn secret(&self, name: &str) -> Known {
        self.lock().get(&Material::Secret(name.into())).map(|one| one.known.clone()).unwrap_or_default()
    }

    /// The contents of the ConfigMaps that are there.
    pub(crate) fn config_maps(&self) -> ConfigMaps {
        let held = self.lock();
        let there = held.iter().filter_map(|(name, one)| match (name, &one.known) {
            (Material::ConfigMap(name), Known::There { values, .. }) => Some((Arc::clone(name), Arc::clone(values))),
            _ => None,
        });
        there.collect()
    }

    /// The value of a key, or why it is not there.
    pub(crate) fn value(&self, reference: &SecretRef) -> Result<Arc<str>, SecretError> {
        let SecretRef::Key { name, key } = reference else { return Err(SecretError::Lost) };
        let own = if name == VARIABLES.0 && !self.is_wanted(name) { VARIABLES.1 } else { name };
        self.lookup(&Material::Secret(own.into()), key)
            .map_err(|lack| SecretError::Unreadable { name: name.clone(), reason: lack.message })
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.lock().contains_key(&Material::Secret(name.into()))
    }

    /// The value of a key of a Secret or ConfigMap.
    pub(crate) fn lookup(&self, name: &Material, key: &str) -> Result<Arc<str>, Lack> {
        let held = self.lock();
        let there = self.content(&held, name)?;
        let lack =
            |what: &str| Lack { reason: Reason::SecretNotFound, message: format!("{what}, key {key:?}: write it") };
        match there.get(key) {
            Some(Some(value)) => Ok(Arc::clone(value)),
            Some(None) => Err(lack("holds no text in UTF-8")),
            None => Err(lack("lacks a value")),
        }
    }

    /// Why nothing can be read of a Secret or ConfigMap; `None` where it is there.
    pub(crate) fn lack(&self, name: &Material) -> Option<Lack> {
        self.content(&self.lock(), name).err()
    }

    fn content<'held>(
        &self,
        held: &'held BTreeMap<Material, Held>,
        name: &Material,
    ) -> Result<&'held Arc<Values>, Lack> {
        let lack = |reason, message: String| Err(Lack { reason, message });
        match held.get(name).map(|one| &one.known) {
            Some(Known::There { values, .. }) => Ok(values),
            Some(Known::Absent) => {
                lack(Reason::SecretNotFound, format!("does not exist in namespace {:?}: create it", self.namespace))
            }
            Some(Known::Refused(message)) => lack(Reason::SecretForbidden, message.as_ref().to_owned()),
            Some(Known::Asked) | None => lack(Reason::Pending, "was not read yet: try again in a moment".to_owned()),
        }
    }

    /// Names and keys of Secrets that have a value, sorted; never the values.
    pub(crate) fn keys(&self) -> Vec<(String, String)> {
        let held = self.lock();
        let there = held.iter().filter_map(|(name, one)| match (name, &one.known) {
            (Material::Secret(name), Known::There { values, .. }) => Some((name, values)),
            _ => None,
        });
        let shown = |name: &str| if name == VARIABLES.1 { VARIABLES.0 } else { name }.to_owned();
        let mut keys: Vec<_> = there
            .flat_map(|(name, values)| values.keys().map(move |key| (shown(name), key.as_ref().to_owned())))
            .collect();
        keys.sort();
        keys
    }
}

impl Held {
    fn new(own: bool) -> Self {
        Self { known: Known::Asked, stop: None, own }
    }
}

/// The name under which a Secret is written.
pub(super) fn written_name(name: &str) -> &str {
    if name == VARIABLES.0 { VARIABLES.1 } else { name }
}
