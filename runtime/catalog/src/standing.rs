//! What is said of an object at this moment: its conditions, and whether the Secrets and ConfigMaps that it names have
//! values.

use std::sync::Arc;

use troupe_core::model::SecretRef;
use troupe_core::port::SecretError;
use troupe_crds::condition::{ConditionType, Reason};
use troupe_crds::{Kind, Resource};
use troupe_rules::{ConfigMapUse, References, SecretUse};

use crate::catalog::Catalog;
use crate::cluster::{self, Lack, Material};
use crate::entry::{Condition, Entry};

impl Catalog {
    /// The value of a Secret's key, or what is missing.
    pub(crate) fn value(&self, reference: &SecretRef) -> Result<Arc<str>, SecretError> {
        match self.cluster() {
            Some(cluster) => cluster.materials.value(reference),
            None => self.shared.secrets.value(reference),
        }
    }

    /// The keys of Secrets that what serves of an entry names and that have no value.
    pub fn missing_secrets(&self, entry: &Entry) -> Vec<SecretUse> {
        let Some(resource) = &entry.resource else { return Vec::new() };
        let mut used = self.used(resource).secrets;
        used.retain(|used| {
            let reference = SecretRef::Key { name: used.name.clone(), key: used.key.clone() };
            self.value(&reference).is_err()
        });
        used
    }

    /// What is said of an entry at this moment: its conditions, and whether the Secrets that it names have values.
    /// `Ready` folds that in: what lacks a Secret still serves, and its calls fail with the same words.
    pub fn conditions(&self, entry: &Entry) -> Vec<Condition> {
        let mut conditions = entry.conditions.clone();
        let said_of = entry.newest.as_ref().or(entry.resource.as_ref());
        conditions.extend(said_of.and_then(|resource| self.sandbox_ready(resource)));
        let used = said_of.map(|resource| self.used(resource)).unwrap_or_default();
        if used.secrets.is_empty() && used.config_maps.is_empty() {
            return conditions;
        }
        let lacking = self.lacking(&used);
        let (status, reason) = match &lacking {
            Some((reason, _)) => (false, *reason),
            None => (true, Reason::SecretsFound),
        };
        let lacking = lacking.map(|(_, message)| message);
        if let Some(message) = &lacking
            && let Some(ready) = conditions.iter_mut().find(|said| said.type_ == ConditionType::Ready && said.status)
        {
            *ready = Condition { type_: ConditionType::Ready, status, reason, message: message.clone() };
        }
        let message = lacking.unwrap_or_default();
        conditions.push(Condition { type_: ConditionType::SecretsResolved, status, reason, message });
        conditions
    }

    /// That the jail cannot be used, where that matters; nothing is said while it can.
    fn sandbox_ready(&self, resource: &Resource) -> Option<Condition> {
        let lack = self.sandbox_lack()?;
        let matters = resource.kind() == Some(Kind::Runtime) || troupe_rules::jailed(resource).is_some();
        let (type_, reason) = (ConditionType::SandboxReady, Reason::SandboxUnavailable);
        matters.then(|| Condition { type_, status: false, reason, message: lack.as_str().to_owned() })
    }

    /// What this process reads of what a resource names: in a cluster some of it is its pod's matter.
    fn used(&self, resource: &Resource) -> References {
        match self.cluster() {
            Some(_) if !cluster::reads_its_own(resource) => References::default(),
            Some(_) => troupe_rules::references(resource),
            // A folder has no ConfigMaps, which is said elsewhere.
            None => References { config_maps: Vec::new(), ..troupe_rules::references(resource) },
        }
    }

    /// The first Secret's key, or ConfigMap, that is named and not there.
    fn lacking(&self, used: &References) -> Option<(Reason, String)> {
        let Some(cluster) = self.cluster() else {
            return used.secrets.iter().find_map(|used| {
                let reference = SecretRef::Key { name: used.name.clone(), key: used.key.clone() };
                let error = self.shared.secrets.value(&reference).err()?;
                Some((Reason::SecretNotFound, format!("{}: {error}", used.path)))
            });
        };
        let told = |path: &str, name: &Material, lack: Lack| (lack.reason, format!("{path}: {name} {}", lack.message));
        let secret = |used: &SecretUse| {
            let name = Material::Secret(used.name.as_str().into());
            let lack = cluster.materials.lookup(&name, &used.key).err()?;
            Some(told(&used.path, &name, lack))
        };
        let config_map = |used: &ConfigMapUse| {
            let name = Material::ConfigMap(used.name.as_str().into());
            let lack = match &used.key {
                Some(key) => cluster.materials.lookup(&name, key).err()?,
                None => cluster.materials.lack(&name)?,
            };
            Some(told(&used.path, &name, lack))
        };
        used.secrets.iter().find_map(secret).or_else(|| used.config_maps.iter().find_map(config_map))
    }
}
