//! The watches: each of our kinds, of the kinds that the operator makes, and namespaces. Objects are read without their
//! types, so that one that cannot be read is an object like others and never ends a watch.

use std::{collections::BTreeSet, pin::pin, sync::Arc};

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client,
    core::{ApiResource, DynamicObject, PartialObjectMeta},
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use troupe_crds::Kind;

use crate::{
    child::{Child, ChildKind, ChildReference, MANAGED_BY, MANAGER},
    key::Key,
    metrics::Metrics,
    object::{Object, api_resource},
    world::{Source, SourceKind, World},
};

/// Every watch that is needed: of the whole cluster, or of some namespaces. Namespaces themselves are watched in the
/// whole cluster only, since rights within a namespace do not reach them.
pub fn sources(namespaces: &[String]) -> Vec<Source> {
    let kinds = || {
        let ours = Kind::ALL.into_iter().map(SourceKind::Ours);
        ours.chain(ChildKind::ALL.into_iter().map(SourceKind::Child))
    };
    if namespaces.is_empty() {
        return kinds().chain([SourceKind::Namespace]).map(|kind| Source { kind, scope: None }).collect();
    }
    let of = |name: &String| {
        let scope: Arc<str> = Arc::from(name.as_str());
        kinds().map(move |kind| Source { kind, scope: Some(Arc::clone(&scope)) }).collect::<Vec<_>>()
    };
    namespaces.iter().flat_map(of).collect()
}

/// Watches everything until it is told to stop.
pub struct Watches {
    /// The connection.
    pub client: Client,
    /// Where observations go.
    pub world: Arc<World>,
    /// Where failures are counted.
    pub metrics: Metrics,
    /// Ends the watches.
    pub stop: CancellationToken,
}

impl Watches {
    /// Begins to watch.
    pub fn start(self, sources: Vec<Source>, tasks: &TaskTracker) {
        let watches = Arc::new(self);
        for source in sources {
            let watches = Arc::clone(&watches);
            tasks.spawn(async move {
                let stop = watches.stop.clone();
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = watches.watch(source) => {}
                }
            });
        }
    }

    async fn watch(&self, source: Source) {
        match source.kind {
            SourceKind::Ours(kind) => {
                let events = watcher(self.api(&source, &api_resource(kind)), watcher::Config::default());
                let read = move |object: DynamicObject| {
                    let (namespace, name) = names(&object.metadata)?;
                    Some((namespace, name, Object::observe(kind, object)))
                };
                let events = events.map_ok(move |event| map(event, read));
                let change = |namespace: Arc<str>, name: Arc<str>, object: Option<Object>| {
                    let key = Key { kind, namespace, name };
                    match object {
                        Some(object) => self.world.observe(&key, object),
                        None => self.world.remove(&key),
                    }
                };
                self.follow(&source, kind.as_str(), events, change).await;
            }
            SourceKind::Child(kind) => {
                let config = watcher::Config::default().labels(&format!("{MANAGED_BY}={MANAGER}"));
                let resource = kind.api_resource();
                let events = watcher(self.api(&source, &resource), config);
                let types = kube::core::TypeMeta { api_version: resource.api_version, kind: resource.kind };
                let read = move |mut object: DynamicObject| {
                    let (namespace, name) = names(&object.metadata)?;
                    // Entries of a list say no kind of their own.
                    object.types = Some(types.clone());
                    Some((namespace, name, Child::observe(object).map(|(_, child)| child)))
                };
                let events = events.map_ok(move |event| map(event, &read));
                let change = |namespace: Arc<str>, name: Arc<str>, child: Option<Option<Child>>| {
                    let reference = ChildReference { kind, name };
                    match child.flatten() {
                        Some(child) => self.world.observe_child(&namespace, reference, child),
                        None => self.world.remove_child(&namespace, &reference),
                    }
                };
                self.follow(&source, kind.as_str(), events, change).await;
            }
            SourceKind::Namespace => {
                let api = Api::<PartialObjectMeta<Namespace>>::all(self.client.clone());
                let events = watcher(api, watcher::Config::default());
                let read = |object: PartialObjectMeta<Namespace>| {
                    let name: Arc<str> = Arc::from(object.metadata.name.as_deref()?);
                    Some((name, Arc::from(""), object.metadata.deletion_timestamp.is_some()))
                };
                let events = events.map_ok(move |event| map(event, read));
                let change = |namespace: Arc<str>, _: Arc<str>, terminating: Option<bool>| {
                    self.world.terminating(&namespace, terminating.unwrap_or(false));
                };
                self.follow(&source, "Namespace", events, change).await;
            }
        }
    }

    fn api(&self, source: &Source, resource: &ApiResource) -> Api<DynamicObject> {
        match &source.scope {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, resource),
            None => Api::all_with(self.client.clone(), resource),
        }
    }

    /// Follows one watch, which begins again by itself when it breaks, ever more slowly while it fails.
    async fn follow<T>(
        &self,
        source: &Source,
        kind: &'static str,
        events: impl futures::Stream<Item = watcher::Result<Event<Option<(Arc<str>, Arc<str>, T)>>>> + Send,
        change: impl Fn(Arc<str>, Arc<str>, Option<T>) + Send,
    ) {
        let mut events = pin!(events.default_backoff());
        let mut alive = BTreeSet::new();
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Init) => alive.clear(),
                Ok(Event::InitApply(Some((namespace, name, object)))) => {
                    alive.insert((Arc::clone(&namespace), Arc::clone(&name)));
                    change(namespace, name, Some(object));
                }
                Ok(Event::Apply(Some((namespace, name, object)))) => change(namespace, name, Some(object)),
                Ok(Event::Delete(Some((namespace, name, _)))) => change(namespace, name, None),
                Ok(Event::InitDone) => self.world.listed(source, &std::mem::take(&mut alive)),
                Ok(Event::InitApply(None) | Event::Apply(None) | Event::Delete(None)) => {}
                Err(error) => {
                    self.metrics.watch_broke(kind);
                    tracing::warn!(watch.kind = kind, watch.namespace = source.scope.as_deref(), %error, "watch broke");
                }
            }
        }
    }
}

fn names(metadata: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta) -> Option<(Arc<str>, Arc<str>)> {
    Some((Arc::from(metadata.namespace.as_deref()?), Arc::from(metadata.name.as_deref()?)))
}

fn map<A, B>(event: Event<A>, read: impl Fn(A) -> B) -> Event<B> {
    match event {
        Event::Apply(object) => Event::Apply(read(object)),
        Event::Delete(object) => Event::Delete(read(object)),
        Event::Init => Event::Init,
        Event::InitApply(object) => Event::InitApply(read(object)),
        Event::InitDone => Event::InitDone,
    }
}
