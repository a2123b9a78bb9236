//! Kubernetes Events: what turned, for `kubectl describe`.

use std::{num::NonZeroU32, time::Duration};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Client,
    runtime::events::{Event, EventType, Recorder, Reporter},
};
use troupe_crds::{
    API_VERSION,
    condition::{self, ConditionType},
};

use crate::{
    child::MANAGER,
    key::Key,
    metrics::Metrics,
    object::{Object, ObservedStatus},
};

/// Events a second, and as many at once as people still read: one Model can turn thousands of agents.
const PER_SECOND: NonZeroU32 = NonZeroU32::new(5).unwrap();

/// Events at once.
const BURST: NonZeroU32 = NonZeroU32::new(100).unwrap();

/// How long sending one may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The longest note that Kubernetes takes is 1024 bytes.
const MAX_NOTE: usize = 1000;

/// Sends events, as many as people can read.
pub struct Events {
    recorder: Recorder,
    limit: DefaultDirectRateLimiter,
    metrics: Metrics,
}

impl Events {
    /// Sends through a client. `instance` is the pod's name.
    pub fn new(client: Client, instance: &str, metrics: Metrics) -> Self {
        let reporter = Reporter { controller: MANAGER.to_owned(), instance: Some(instance.to_owned()) };
        let limit = RateLimiter::direct(Quota::per_second(PER_SECOND).allow_burst(BURST));
        Self { recorder: Recorder::new(client, reporter), limit, metrics }
    }

    /// Tells that `Ready` turned. That an object was ready at once is no news.
    pub async fn turned(&self, key: &Key, object: &Object, now: &ObservedStatus) {
        let before = condition::get(&object.status.conditions, ConditionType::Ready);
        let Some(now) = condition::get(&now.conditions, ConditionType::Ready) else { return };
        let same = before.is_some_and(|before| before.status == now.status && before.reason == now.reason);
        if same || (before.is_none() && now.status == "True") {
            return;
        }
        let type_ = if now.status == "True" { EventType::Normal } else { EventType::Warning };
        let note = if now.message.is_empty() { "ready" } else { &now.message };
        self.send(key, &object.identity.uid, type_, "Check", &now.reason, note).await;
    }

    /// Tells of something that was done for an object.
    pub async fn done(&self, key: &Key, uid: &str, action: &str, reason: &str, note: &str) {
        self.send(key, uid, EventType::Normal, action, reason, note).await;
    }

    async fn send(&self, key: &Key, uid: &str, type_: EventType, action: &str, reason: &str, note: &str) {
        if self.limit.check().is_err() {
            self.metrics.event_dropped();
            return;
        }
        let reference = ObjectReference {
            api_version: Some(API_VERSION.to_owned()),
            kind: Some(key.kind.as_str().to_owned()),
            namespace: Some(key.namespace.to_string()),
            name: Some(key.name.to_string()),
            uid: Some(uid.to_owned()),
            ..ObjectReference::default()
        };
        let end = note.floor_char_boundary(MAX_NOTE);
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: note.get(..end).map(str::to_owned),
            action: action.to_owned(),
            secondary: None,
        };
        // Events are a courtesy: nothing waits long for one, and in a namespace that is being deleted they are refused.
        match tokio::time::timeout(TIMEOUT, self.recorder.publish(&event, &reference)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(object = %key, %error, "event not sent"),
            Err(limit) => tracing::debug!(object = %key, error = %limit, "event not sent"),
        }
    }
}
