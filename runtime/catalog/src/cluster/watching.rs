//! The watches of our kinds in one namespace. Objects are read without their types, so that none ends a watch.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::core::DynamicObject;
use kube::runtime::watcher::{self, watcher};
use kube::{Api, Client};
use tokio::sync::mpsc;
use troupe_crds::Kind;

use super::Key;
use super::object::{api_resource, observe};
use super::objects::Event;

/// The pause after a first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause: an API server that comes back is noticed as late.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Seconds until a watch is made anew, from where it was: so long does a connection that died without a word go unnoticed.
const TIMEOUT: u32 = 60;

/// The watch of one kind.
pub(super) struct Watching {
    pub(super) client: Client,
    pub(super) namespace: Arc<str>,
    pub(super) place: Arc<Path>,
    pub(super) kind: Kind,
    pub(super) events: mpsc::Sender<Event>,
}

impl Watching {
    /// Watches until nobody listens any more. The watch begins again by itself where it broke, with a new list where the
    /// API server no longer knows that place (410).
    pub(super) async fn run(self) {
        let kind = self.kind;
        let api = Api::<DynamicObject>::namespaced_with(self.client.clone(), &self.namespace, &api_resource(kind));
        let mut news = pin!(watcher(api, watcher::Config::default().timeout(TIMEOUT)));
        let mut pause = FIRST_PAUSE;
        while let Some(told) = news.next().await {
            let told = match told {
                Ok(told) => told,
                Err(error) => {
                    tracing::warn!(watch.kind = kind.plural(), watch.namespace = %self.namespace, %error, "a watch broke; trying again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    continue;
                }
            };
            // That a list begins says nothing of the API server yet.
            if !matches!(told, watcher::Event::Init) {
                pause = FIRST_PAUSE;
            }
            let Some(event) = self.event(told) else { continue };
            if self.events.send(event).await.is_err() {
                return;
            }
        }
    }

    fn event(&self, told: watcher::Event<DynamicObject>) -> Option<Event> {
        let observe = |object| observe(self.kind, &self.place, object).map(Box::new);
        match told {
            watcher::Event::Init => Some(Event::Begins(self.kind)),
            watcher::Event::InitApply(object) => observe(object).map(Event::Listed),
            watcher::Event::InitDone => Some(Event::Complete(self.kind)),
            watcher::Event::Apply(object) => observe(object).map(Event::Changed),
            watcher::Event::Delete(object) => {
                let key = Key { kind: self.kind, name: object.metadata.name?.into() };
                Some(Event::Gone { key, uid: object.metadata.uid.unwrap_or_default().into() })
            }
        }
    }
}
