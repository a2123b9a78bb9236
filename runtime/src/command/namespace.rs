//! The runtime of a namespace, reached as a person with a kubeconfig: a port-forward to its pod and a short-lived token.

mod forward;
mod refusal;

use std::path::PathBuf;

use anyhow::{Context, bail};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Pod, Service as ServiceObject, ServiceAccount};
use kube::api::{Api, ListParams, ObjectMeta, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::UsageError;
use super::service::Service;
pub(super) use forward::Forwarded;
use refusal::may;

/// The Service of a namespace's runtime, whose selector finds its pods.
const RUNTIME: &str = "troupe-runtime";

/// The port of a runtime.
const PORT: u16 = 7988;

/// How long a token is good for, in seconds; the API server gives none for less than ten minutes.
const TOKEN_SECONDS: i64 = 3_600;

const NO_ANSWER: &str = "the runtime's pod may be starting: try again";

/// Which namespace of which cluster, as whom.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Cluster")]
pub(super) struct NamespaceOptions {
    /// Ask the runtime of this namespace, through the kubeconfig (`KUBECONFIG`, else ~/.kube/config)
    #[arg(long, short, env = "TROUPE_NAMESPACE", value_name = "NAME")]
    pub(super) namespace: Option<String>,
    /// The context of the kubeconfig [default: its current one]
    #[arg(long, env = "TROUPE_CONTEXT", value_name = "NAME")]
    context: Option<String>,
    /// The ServiceAccount of the namespace that asks; its Roles say what it may
    #[arg(long, env = "TROUPE_ACCOUNT", value_name = "NAME", default_value = "default")]
    account: String,
}

/// A runtime that can be asked, for as long as this value lives.
pub(super) struct Connection {
    /// What to ask.
    pub(super) service: Service,
    /// Carries the bytes.
    _forwarded: Forwarded,
}

impl NamespaceOptions {
    /// Refuses a context where no namespace is named: it would ask another service than was meant.
    pub(super) fn check_unused(&self) -> Result<(), UsageError> {
        match &self.context {
            Some(context) => {
                Err(UsageError(format!("--context {context} wants a namespace; name one with --namespace")))
            }
            None => Ok(()),
        }
    }

    /// Connects to the runtime of `namespace`.
    pub(super) async fn connect(&self, namespace: &str) -> anyhow::Result<Connection> {
        let reached = self.reach(namespace).await?;
        let token = reached.token().await?;
        let forwarded = reached.forward().await?;
        let service = Service::new(&forwarded.url(), Some(token), NO_ANSWER)?;
        Ok(Connection { service, _forwarded: forwarded })
    }

    /// The cluster and the namespace in it, with nothing asked yet.
    pub(super) async fn reach(&self, namespace: &str) -> anyhow::Result<Reached> {
        let options = KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        let config = match kubeconfig()? {
            Some(file) => Config::from_custom_kubeconfig(file, &options).await.context("the kubeconfig is wrong")?,
            None => Config::incluster().context("there is no kubeconfig; name one with KUBECONFIG")?,
        };
        let client = Client::try_from(config).context("the kubeconfig is wrong")?;
        Ok(Reached { client, namespace: namespace.to_owned(), account: self.account.clone() })
    }
}

/// The file or files that kubectl would read; `None` where there are none.
fn kubeconfig() -> anyhow::Result<Option<Kubeconfig>> {
    let named = super::variable::process("KUBECONFIG").is_some();
    let usual = super::variable::process("HOME").map(|home| PathBuf::from(home).join(".kube/config"));
    if !named && !usual.is_some_and(|file| file.exists()) {
        return Ok(None);
    }
    Kubeconfig::read().map(Some).context("cannot read the kubeconfig")
}

/// A namespace of a cluster, as somebody.
#[derive(Clone)]
pub(super) struct Reached {
    client: Client,
    namespace: String,
    account: String,
}

impl Reached {
    /// A token of the account for this runtime alone.
    pub(super) async fn token(&self) -> anyhow::Result<String> {
        let Self { namespace, account, .. } = self;
        let accounts = Api::<ServiceAccount>::namespaced(self.client.clone(), namespace);
        let spec = TokenRequestSpec {
            audiences: vec![format!("troupe:{namespace}")],
            expiration_seconds: Some(TOKEN_SECONDS),
            bound_object_ref: None,
        };
        let request = TokenRequest { metadata: ObjectMeta::default(), spec, status: None };
        let made = accounts.create_token_request(account, &PostParams::default(), &request).await;
        let what = format!("create serviceaccounts/token {account:?}");
        let made = may(made, &what, namespace)?;
        let made =
            made.with_context(|| format!("there is no ServiceAccount {account:?} in namespace {namespace:?}"))?;
        made.status.map(|status| status.token).context("the API server gave no token")
    }

    /// A way to a ready pod of the runtime.
    pub(super) async fn forward(&self) -> anyhow::Result<Forwarded> {
        Forwarded::to(self.pods(), self.clone()).await
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// A ready pod of the runtime.
    async fn pod(&self) -> anyhow::Result<String> {
        let namespace = &self.namespace;
        let services = Api::<ServiceObject>::namespaced(self.client.clone(), namespace);
        let found = may(services.get_opt(RUNTIME).await, &format!("get services {RUNTIME:?}"), namespace)?.flatten();
        let Some(selector) = found.and_then(|service| service.spec?.selector) else {
            bail!("namespace {namespace:?} has no runtime: it comes with its first Agent, Team or Workflow")
        };
        let labels: Vec<_> = selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let listed = self.pods().list(&ListParams::default().labels(&labels.join(","))).await;
        let pods = may(listed, "list pods", namespace)?.map(|pods| pods.items).unwrap_or_default();
        let ready = pods.iter().find(|pod| is_ready(pod)).and_then(|pod| pod.metadata.name.clone());
        ready.with_context(|| {
            format!(
                "no pod of the runtime is ready; `kubectl -n {namespace} get pods -l {}` tells more",
                labels.join(",")
            )
        })
    }
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    pod.metadata.deletion_timestamp.is_none()
        && conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
