//! What tests need of a cluster that runs: a namespace of their own, identities, and Troupe's kinds.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use k8s_openapi::{
    api::{
        authentication::v1::{TokenRequest, TokenRequestSpec},
        core::v1::{Namespace, ServiceAccount},
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, Config, ResourceExt as _,
    api::{ObjectMeta, PostParams},
    config::Kubeconfig,
    runtime::wait::{await_condition, conditions::is_crd_established},
};

use crate::{
    ControlPlane, apply,
    control_plane::connection,
    credential::{User, kubeconfig},
};

/// How long a token of a test is good for: the least that the API server grants is ten minutes.
const TOKEN_SECONDS: i64 = 3600;

impl ControlPlane {
    /// Makes a namespace that no other test has, ready for pods and tokens: its ServiceAccount `default` is there.
    pub async fn namespace(&self, prefix: &str) -> anyhow::Result<String> {
        let client = self.client().await?;
        let metadata = ObjectMeta { generate_name: Some(format!("{prefix}-")), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        let made = Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &namespace).await?;
        let name = made.name_any();
        let accounts: Api<ServiceAccount> = Api::namespaced(client, &name);
        await_condition(accounts, "default", |account: Option<&ServiceAccount>| account.is_some()).await?;
        Ok(name)
    }

    /// A token of a ServiceAccount for these audiences; the API server's own if there are none.
    pub async fn token(&self, namespace: &str, account: &str, audiences: &[&str]) -> anyhow::Result<String> {
        let audiences: Vec<String> = audiences.iter().map(|&audience| audience.to_owned()).collect();
        let spec =
            TokenRequestSpec { audiences, expiration_seconds: Some(TOKEN_SECONDS), ..TokenRequestSpec::default() };
        let request = TokenRequest { spec, ..TokenRequest::default() };
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client().await?, namespace);
        let made = accounts.create_token_request(account, &PostParams::default(), &request).await;
        let made = made.with_context(|| format!("ServiceAccount {namespace}/{account} got no token"))?;
        Ok(made.status.context("a token without a token")?.token)
    }

    /// How a ServiceAccount connects, with a token for the API server and no right but its own.
    pub async fn config_of(&self, namespace: &str, account: &str) -> anyhow::Result<Config> {
        let mut config = connection(Kubeconfig::from_yaml(&self.kubeconfig_text(namespace, account).await?)?).await?;
        namespace.clone_into(&mut config.default_namespace);
        Ok(config)
    }

    /// A client for a ServiceAccount.
    pub async fn client_of(&self, namespace: &str, account: &str) -> anyhow::Result<Client> {
        Ok(Client::try_from(self.config_of(namespace, account).await?)?)
    }

    /// The same as a file, for programs that are started as that ServiceAccount.
    pub async fn kubeconfig_of(&self, namespace: &str, account: &str) -> anyhow::Result<PathBuf> {
        let path = self.folder().join(format!("{namespace}.{account}.kubeconfig"));
        fs::write(&path, self.kubeconfig_text(namespace, account).await?)?;
        Ok(path)
    }

    /// A kubeconfig file for somebody of our own making.
    pub(crate) fn write_kubeconfig(&self, name: &str, user: &User) -> anyhow::Result<PathBuf> {
        let (server, authority) = self.server()?;
        let path = self.folder().join(format!("{name}.kubeconfig"));
        fs::write(&path, kubeconfig(&server, &authority, user))?;
        Ok(path)
    }

    async fn kubeconfig_text(&self, namespace: &str, account: &str) -> anyhow::Result<String> {
        let (server, authority) = self.server()?;
        let token = self.token(namespace, account, &[]).await?;
        Ok(kubeconfig(&server, &authority, &User::Token(token)))
    }

    /// Applies a file, or every `.yaml` of a folder in the order of their names, as one who may do everything.
    pub async fn apply_path(&self, namespace: &str, path: &Path) -> anyhow::Result<()> {
        let client = self.client().await?;
        for file in manifests(path)? {
            let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            apply(&client, namespace, &text).await.with_context(|| file.display().to_string())?;
        }
        Ok(())
    }

    /// Applies Troupe's definitions, the chart's copies, and waits until the API server serves them. Do it as often as you like.
    pub async fn install_resource_definitions(&self) -> anyhow::Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/troupe/files/crds");
        self.apply_path("default", &folder).await?;
        let client = self.client().await?;
        for file in manifests(&folder)? {
            for definition in crate::documents(&fs::read_to_string(file)?)? {
                let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
                await_condition(definitions, &definition.name_any(), is_crd_established()).await?;
            }
        }
        Ok(())
    }

    /// `kubectl` with one's rights given by `kubeconfig`; nothing else of this process's settings reaches it.
    pub fn kubectl_as(&self, kubeconfig: &Path) -> Command {
        let mut command = Command::new(self.kubectl());
        command.env_clear().env("HOME", self.folder()).env("PATH", "/usr/bin:/bin").env("KUBECONFIG", kubeconfig);
        command
    }
}

fn manifests(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut files: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    Ok(files)
}
