//! Keys that are given over the HTTP API: Secrets named `troupe-key-…` of type `Opaque`, which this runtime may write,
//! and read only once its namespace's Role names them. What it wrote itself it knows without reading.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DeleteParams, ObjectMeta, PostParams};
use troupe_crds::runtime::KEY_SECRETS;

use super::Cluster;
use super::error::{ClusterError, answer};
use super::material::{Known, Values, values_of_secret, written_name};
use super::object::resource_version;
use super::write::MANAGER;
use crate::write::ATTEMPTS;

/// What a runtime may make; of another type it could be a token of any ServiceAccount.
const TYPE: &str = "Opaque";

impl Cluster {
    /// Writes one key.
    pub(crate) async fn set_secret(&self, name: &str, key: &str, value: &str) -> Result<(), ClusterError> {
        let change = |values: &mut BTreeMap<String, ByteString>| {
            values.insert(key.to_owned(), ByteString(value.as_bytes().to_vec()));
            true
        };
        self.change(written_name(name), true, change).await.map(drop)
    }

    /// Removes one key, and the Secret with its last one; says whether it was there.
    pub(crate) async fn delete_secret_key(&self, name: &str, key: &str) -> Result<bool, ClusterError> {
        self.change(written_name(name), false, |values| values.remove(key).is_some()).await
    }

    /// Deletes a Secret; says whether it was there.
    pub(crate) async fn delete_secret(&self, name: &str) -> Result<bool, ClusterError> {
        let name = written_name(name);
        own(name, "delete")?;
        let deleted = answer(|| what("delete", name), self.secrets().delete(name, &DeleteParams::default())).await;
        match deleted {
            Ok(_) => {
                self.materials.wrote(name, Known::Absent);
                Ok(true)
            }
            Err(error) if error.is(404) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Changes a Secret, beginning again while others write it. Says whether there was anything to change.
    async fn change(
        &self,
        name: &str,
        create: bool,
        change: impl Fn(&mut BTreeMap<String, ByteString>) -> bool,
    ) -> Result<bool, ClusterError> {
        own(name, "write")?;
        let _one_at_a_time = self.keys.lock().await;
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let (mut data, version) = match self.materials.secret(name) {
                Known::There { version, values } => (bytes(&values), Some(version)),
                _ => (BTreeMap::new(), None),
            };
            if !change(&mut data) {
                return Ok(false);
            }
            let secret = self.document(name, data, version);
            let (api, parameters) = (self.secrets(), parameters());
            let written = match version {
                Some(_) if secret.data.as_ref().is_none_or(BTreeMap::is_empty) => {
                    return self.delete_secret(name).await;
                }
                Some(_) => answer(|| what("update", name), api.replace(name, &parameters, &secret)).await,
                None if create => answer(|| what("create", name), api.create(&parameters, &secret)).await,
                None => return Ok(false),
            };
            match written {
                Ok(written) => {
                    self.know(name, written);
                    return Ok(true);
                }
                Err(error) if error.is(404) && version.is_some() => self.materials.wrote(name, Known::Absent),
                // Another replica wrote it, or an earlier process, and the Role may not name it.
                Err(error) if error.is(409) => {
                    match answer(|| what("read", name), api.get(name)).await {
                        Ok(read) => self.know(name, read),
                        Err(refused) if refused.is(403) => return Err(unknown(name, &self.namespace)),
                        Err(_) => {}
                    }
                    last = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        let busy =
            || ClusterError::Refused { what: what("write", name), code: 409, message: "it keeps changing".into() };
        Err(last.unwrap_or_else(busy))
    }

    fn know(&self, name: &str, secret: Secret) {
        let version = resource_version(&secret.metadata);
        self.materials.wrote(name, Known::There { version, values: values_of_secret(secret).into() });
    }

    fn document(&self, name: &str, data: BTreeMap<String, ByteString>, version: Option<u64>) -> Secret {
        let labels = [("app.kubernetes.io/part-of".to_owned(), "troupe".to_owned())];
        Secret {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                namespace: Some(self.namespace.as_ref().to_owned()),
                labels: Some(labels.into()),
                resource_version: version.map(|version| version.to_string()),
                ..ObjectMeta::default()
            },
            data: Some(data),
            type_: Some(TYPE.to_owned()),
            ..Secret::default()
        }
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }
}

fn bytes(values: &Values) -> BTreeMap<String, ByteString> {
    // The API writes texts only, so that none is lost here.
    let text = |value: &Option<std::sync::Arc<str>>| value.as_deref().unwrap_or_default().as_bytes().to_vec();
    values.iter().map(|(key, value)| (key.as_ref().to_owned(), ByteString(text(value)))).collect()
}

fn parameters() -> PostParams {
    PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() }
}

fn what(verb: &str, name: &str) -> String {
    format!("{verb} Secret {name:?}")
}

/// Refuses names that are somebody else's, as the admission policy does.
fn own(name: &str, verb: &str) -> Result<(), ClusterError> {
    if name.starts_with(KEY_SECRETS) {
        return Ok(());
    }
    let message = format!("the runtime writes Secrets named {KEY_SECRETS}… only: change this one with kubectl");
    Err(ClusterError::Refused { what: what(verb, name), code: 403, message })
}

fn unknown(name: &str, namespace: &str) -> ClusterError {
    let message = format!(
        "it is there already, and the runtime may not read it: the Role troupe-runtime-secrets of namespace {namespace:?} must name it"
    );
    ClusterError::Refused { what: what("write", name), code: 409, message }
}
