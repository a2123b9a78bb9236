//! Leader election: one operator at a time works, by a Lease. It is released at a graceful stop, so that the next one
//! begins at once.

use std::time::Duration;

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, Client, api::PostParams};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{child::MANAGER, metrics::Metrics, settings::Settings};

/// A lease is renewed three times before it ends.
const RENEWALS: u32 = 3;

/// A lease that this process wants or holds.
pub struct Leadership {
    api: Api<Lease>,
    name: String,
    identity: String,
    seconds: u32,
    clock: fn() -> Timestamp,
    metrics: Metrics,
    /// The record that somebody else wrote last, and when it was first seen: clocks of machines differ, so that only
    /// the time since then counts.
    seen: Option<(LeaseSpec, Instant)>,
}

impl Leadership {
    /// Wants the lease that the settings name.
    pub fn new(client: Client, settings: &Settings, clock: fn() -> Timestamp, metrics: Metrics) -> Self {
        Self {
            api: Api::namespaced(client, &settings.namespace),
            name: settings.lease.clone(),
            identity: settings.identity.clone(),
            seconds: settings.lease_seconds,
            clock,
            metrics,
            seen: None,
        }
    }

    /// Waits until the lease is held. False where it is told to stop before.
    pub async fn acquire(&mut self, stop: &CancellationToken) -> bool {
        loop {
            if self.attempt().await {
                self.metrics.leads(true);
                tracing::info!(lease.name = self.name, lease.holder = self.identity, "holding the lease");
                return true;
            }
            tokio::select! {
                () = stop.cancelled() => return false,
                () = tokio::time::sleep(self.pause()) => {}
            }
        }
    }

    /// Renews the lease until it is told to stop, and releases it then; or until it is lost, which it answers by true.
    pub async fn hold(&mut self, stop: &CancellationToken) -> bool {
        let mut renewed = Instant::now();
        // Ended a little before others may take it, since they count from when they saw the last renewal.
        let lost = Duration::from_secs(self.seconds.into()).mul_f64(0.8);
        loop {
            tokio::select! {
                () = stop.cancelled() => {
                    self.release().await;
                    return false;
                }
                () = tokio::time::sleep(self.pause()) => {}
            }
            let attempt = tokio::time::timeout_at(renewed + lost, self.attempt());
            if attempt.await.unwrap_or(false) {
                renewed = Instant::now();
            } else if renewed.elapsed() >= lost {
                self.metrics.leads(false);
                tracing::error!(lease.name = self.name, "the lease is lost");
                return true;
            }
        }
    }

    fn pause(&self) -> Duration {
        Duration::from_secs(self.seconds.into()) / RENEWALS
    }

    /// Takes or renews the lease, if it is free, over, or ours.
    async fn attempt(&mut self) -> bool {
        match self.try_attempt().await {
            Ok(held) => held,
            Err(error) => {
                tracing::warn!(lease.name = self.name, %error, "the lease cannot be written");
                false
            }
        }
    }

    async fn try_attempt(&mut self) -> Result<bool, kube::Error> {
        let parameters = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        let Some(mut lease) = self.api.get_opt(&self.name).await? else {
            let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
            let lease = Lease { metadata, spec: Some(self.spec(None)) };
            return lost_race(self.api.create(&parameters, &lease).await);
        };
        let spec = lease.spec.take().unwrap_or_default();
        if !self.may_take(&spec) {
            return Ok(false);
        }
        // The resource version is in the metadata: of two that try at one time, one is refused.
        lease.spec = Some(self.spec(Some(&spec)));
        lost_race(self.api.replace(&self.name, &parameters, &lease).await)
    }

    fn may_take(&mut self, spec: &LeaseSpec) -> bool {
        let holder = spec.holder_identity.as_deref().unwrap_or_default();
        if holder.is_empty() || holder == self.identity {
            self.seen = None;
            return true;
        }
        let lasts = Duration::from_secs(spec.lease_duration_seconds.and_then(|it| it.try_into().ok()).unwrap_or(15));
        match &self.seen {
            Some((seen, at)) if seen == spec => at.elapsed() >= lasts,
            _ => {
                self.seen = Some((spec.clone(), Instant::now()));
                false
            }
        }
    }

    fn spec(&self, before: Option<&LeaseSpec>) -> LeaseSpec {
        let now = MicroTime((self.clock)());
        let same = before.filter(|before| before.holder_identity.as_deref() == Some(&self.identity));
        let transitions = before.and_then(|before| before.lease_transitions).unwrap_or_default();
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(self.seconds).ok(),
            acquire_time: same.and_then(|same| same.acquire_time.clone()).or_else(|| Some(now.clone())),
            renew_time: Some(now),
            lease_transitions: Some(if same.is_some() { transitions } else { transitions + 1 }),
            ..LeaseSpec::default()
        }
    }

    /// Gives the lease away, so that another one need not wait for its end.
    async fn release(&mut self) {
        self.metrics.leads(false);
        let released = async {
            let mut lease = self.api.get(&self.name).await?;
            if let Some(spec) = &mut lease.spec
                && spec.holder_identity.as_deref() == Some(&self.identity)
            {
                spec.holder_identity = None;
                spec.renew_time = Some(MicroTime((self.clock)()));
                self.api.replace(&self.name, &PostParams::default(), &lease).await?;
            }
            Ok::<(), kube::Error>(())
        };
        match tokio::time::timeout(self.pause(), released).await {
            Ok(Ok(())) => tracing::info!(lease.name = self.name, "released the lease"),
            Ok(Err(error)) => tracing::warn!(lease.name = self.name, %error, "the lease ends by itself"),
            Err(_) => tracing::warn!(lease.name = self.name, "the lease ends by itself"),
        }
    }
}

/// Whether it was written; another one that was quicker is no error.
fn lost_race<T>(answer: Result<T, kube::Error>) -> Result<bool, kube::Error> {
    match answer {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(error) => Err(error),
    }
}
