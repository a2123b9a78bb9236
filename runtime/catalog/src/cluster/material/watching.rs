//! The watch of one Secret or ConfigMap by a field selector, patient with refusals: the Role that grants a new name comes
//! a moment after the resource that needs it.

use std::fmt::Debug;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Api;
use kube::runtime::watcher::{self, Event, watcher};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::{Known, Material, Materials, Values};
use crate::cluster::object::resource_version;

/// The pause after a first refusal; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause: what is granted late is seen as late.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Refusals from which on it is said that a name is not granted. The operator needs a moment for the grant of a new one.
const PATIENCE: u32 = 4;

/// Refusals from which on what was read before is no longer used. An API server that starts refuses everybody for a
/// moment.
const LOST: u32 = 9;

/// Seconds until a watch is made anew, which finds out connections that died without a word.
const TIMEOUT: u32 = 120;

impl Materials {
    /// Follows one name until it is told to stop.
    pub(super) async fn follow(self: Arc<Self>, name: Material, stop: CancellationToken) {
        let watch = async {
            match &name {
                Material::Secret(secret) => self.watch::<Secret>(&name, secret, values_of_secret).await,
                Material::ConfigMap(map) => self.watch::<ConfigMap>(&name, map, values_of_config_map).await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = watch => {}
        }
    }

    async fn watch<K>(&self, name: &Material, object: &str, values: fn(K) -> Values)
    where
        K: kube::Resource<Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + 'static,
        K::DynamicType: Default,
    {
        let api = Api::<K>::namespaced(self.client.clone(), &self.namespace);
        let config = watcher::Config::default().fields(&format!("metadata.name={object}")).timeout(TIMEOUT);
        let mut events = pin!(watcher(api, config));
        let (mut found, mut refusals) = (false, 0);
        while let Some(event) = events.next().await {
            let event = match event {
                Ok(event) => event,
                Err(error) => {
                    refusals = self.refused(name, &error, refusals).await;
                    continue;
                }
            };
            // That a list begins says nothing of the API server yet.
            if !matches!(event, Event::Init) {
                refusals = 0;
            }
            match event {
                Event::Init => found = false,
                Event::InitApply(object) | Event::Apply(object) => {
                    found = true;
                    let version = resource_version(object.meta());
                    self.note(name, Known::There { version, values: Arc::new(values(object)) });
                }
                Event::Delete(_) => self.note(name, Known::Absent),
                Event::InitDone if !found => self.note(name, Known::Absent),
                Event::InitDone => {}
            }
        }
    }

    /// Notes a failure and waits before the next attempt; the number of failures so far.
    async fn refused(&self, name: &Material, error: &watcher::Error, before: u32) -> u32 {
        let code = code(error);
        // A watch that ends is no refusal; what the list says then counts.
        let refusals = if code == Some(410) { return before } else { before.saturating_add(1) };
        let known = self.lack(name).is_none();
        if refusals >= if known { LOST } else { PATIENCE } {
            let message = match code {
                Some(403) => format!(
                    "may not be read by the runtime yet: the Role troupe-runtime-secrets of namespace {:?} must name it",
                    self.namespace
                ),
                Some(code) => format!("cannot be read: the API server answers {code}"),
                None => "cannot be read: the API server does not answer".to_owned(),
            };
            self.note(name, Known::Refused(message.into()));
        }
        tracing::debug!(material = %name, %error, "cannot watch; trying again");
        let pause = FIRST_PAUSE.saturating_mul(1_u32 << refusals.min(16).saturating_sub(1)).min(LONGEST_PAUSE);
        tokio::select! {
            () = tokio::time::sleep(pause) => refusals,
            // The set of names changed, and so will the Role.
            () = self.retry.notified() => refusals.min(2),
        }
    }
}

fn code(error: &watcher::Error) -> Option<u16> {
    let status = match error {
        watcher::Error::WatchError(status)
        | watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status)) => Some(status),
        _ => None,
    };
    status.map(|status| status.code)
}

/// The values of a Secret as the API server holds them.
pub(in crate::cluster) fn values_of_secret(secret: Secret) -> Values {
    let text = |value: Vec<u8>| String::from_utf8(value).ok().map(Arc::from);
    secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key.into(), text(value.0))).collect()
}

fn values_of_config_map(map: ConfigMap) -> Values {
    let text = map.data.unwrap_or_default().into_iter().map(|(key, value)| (key.into(), Some(value.into())));
    let binary = map.binary_data.unwrap_or_default().into_iter();
    let binary = binary.map(|(key, value)| (key.into(), String::from_utf8(value.0).ok().map(Arc::from)));
    text.chain(binary).collect()
}
