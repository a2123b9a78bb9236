//! etcd, the API server and the controller manager: started, stopped, restarted.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Request;
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};

use crate::{
    credential::{Authority, Credential, User, kubeconfig, token_key},
    place::Place,
    process::{Daemon, Launch},
};

/// Longer than a start takes on a busy machine: only what hangs meets it.
const LIMIT: Duration = Duration::from_mins(2);

/// How often a server that starts is asked whether it is ready; it has no way to tell.
const PAUSE: Duration = Duration::from_millis(25);

/// Where the control plane is, and where it is reached.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// The network namespace of its programs, as a file; this process's if there is none.
    pub(crate) network: Option<PathBuf>,
    /// What the API server tells pods as its address; without one, there are no pods, and it listens on loopback alone.
    pub(crate) node: Option<Ipv4Addr>,
    /// The address under which we reach it.
    pub(crate) reached: Ipv4Addr,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self { network: None, node: None, reached: Ipv4Addr::LOCALHOST }
    }
}

/// A running control plane, or a cluster that `KUBECONFIG` names in its stead. What was started ends when it is dropped, and when
/// the process is killed.
pub struct ControlPlane {
    /// `None` for a cluster of somebody else's.
    own: Option<Own>,
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    access: Kubeconfig,
    // Last, since what runs writes there.
    place: Place,
}

impl std::fmt::Debug for ControlPlane {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ControlPlane").field("kubeconfig", &self.kubeconfig).finish_non_exhaustive()
    }
}

/// What we started. The order is that of dropping: who asks goes before who answers.
pub(crate) struct Own {
    authority: Authority,
    surroundings: Surroundings,
    controllers: Daemon,
    server: Mutex<Server>,
    etcd: Daemon,
}

/// The API server, which tests stop and start.
#[derive(Debug)]
struct Server {
    launch: Launch,
    running: Option<Daemon>,
}

impl ControlPlane {
    /// Starts one from the programs of a folder, on ports of its own, and waits until it is ready.
    pub async fn start(programs: &Path) -> anyhow::Result<Self> {
        Self::start_in(programs, Surroundings::default(), Place::new()?).await
    }

    /// The same within a network of its own.
    pub(crate) async fn start_in(programs: &Path, surroundings: Surroundings, place: Place) -> anyhow::Result<Self> {
        let authority = Authority::new("troupe-test")?;
        let port = free_port()?;
        let files = Files::write(&place, &authority, &surroundings, port)?;
        let folder = place.path();
        let start = |launch: Launch| Launch { network: surroundings.network.clone(), ..launch }.start();
        let etcd = start(etcd(programs, folder))?;
        let launch = api_server(programs, folder, &files, &surroundings, port);
        let server = Server { launch: launch.clone(), running: Some(start(launch)?) };
        let controllers = start(controllers(programs, folder, &files))?;
        let own = Own { authority, surroundings, controllers, server: Mutex::new(server), etcd };
        let (kubeconfig, access) = (files.admin, Kubeconfig::read_from(folder.join("admin.kubeconfig"))?);
        let mut started = Self { own: Some(own), kubeconfig, kubectl: programs.join("kubectl"), access, place };
        tokio::time::timeout(LIMIT, started.ready_once())
            .await
            .context("the control plane did not become ready in time")??;
        Ok(started)
    }

    /// The cluster of a kubeconfig that is there already. Nothing is started, and nothing of it is stopped.
    pub fn existing(named: &Path) -> anyhow::Result<Self> {
        let access = Kubeconfig::read_from(named)?;
        Ok(Self { own: None, kubeconfig: named.to_owned(), kubectl: "kubectl".into(), access, place: Place::new()? })
    }

    /// Whether this is a control plane of our own, which tests may restart.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// The kubeconfig of one who may do everything.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The program `kubectl` of the same version.
    pub fn kubectl(&self) -> &Path {
        &self.kubectl
    }

    /// A folder that goes with the cluster.
    pub fn folder(&self) -> &Path {
        self.place.path()
    }

    /// How to connect as one who may do everything.
    pub async fn config(&self) -> anyhow::Result<Config> {
        connection(self.access.clone()).await
    }

    /// A client for one who may do everything. It belongs to the runtime, thus to the test, that it is made in.
    pub async fn client(&self) -> anyhow::Result<Client> {
        Ok(Client::try_from(self.config().await?)?)
    }

    /// The API server's address and its authority's certificate, in PEM.
    pub(crate) fn server(&self) -> anyhow::Result<(String, String)> {
        let cluster =
            self.access.clusters.first().and_then(|named| named.cluster.as_ref()).context("a cluster is missing")?;
        let server = cluster.server.clone().context("the cluster has no address")?;
        let authority = match (&cluster.certificate_authority_data, &cluster.certificate_authority) {
            (Some(data), _) => String::from_utf8(STANDARD.decode(data)?)?,
            (None, Some(path)) => std::fs::read_to_string(path)?,
            (None, None) => bail!("the kubeconfig names no authority"),
        };
        Ok((server, authority))
    }

    /// Process ids of what we started, for those who measure.
    pub fn processes(&self) -> Vec<(&'static str, u32)> {
        let Some(own) = &self.own else { return Vec::new() };
        let server = own.server.lock().ok().and_then(|server| server.running.as_ref().map(Daemon::id));
        let server = server.map(|id| ("kube-apiserver", id));
        server.into_iter().chain([("etcd", own.etcd.id()), ("kube-controller-manager", own.controllers.id())]).collect()
    }

    /// Kills the API server, as a crash does. Until it is started again, nobody is answered.
    pub fn stop_api_server(&self) -> anyhow::Result<()> {
        let own = self.own.as_ref().context("the API server is not ours to stop")?;
        let mut server = own.server.lock().map_err(|_| anyhow::anyhow!("a test died while it held the API server"))?;
        if let Some(mut running) = server.running.take() {
            running.kill();
        }
        Ok(())
    }

    /// Starts the API server again, at the same address, and waits until it is ready.
    pub async fn start_api_server(&self) -> anyhow::Result<()> {
        let own = self.own.as_ref().context("the API server is not ours to start")?;
        {
            let mut server =
                own.server.lock().map_err(|_| anyhow::anyhow!("a test died while it held the API server"))?;
            ensure!(server.running.is_none(), "the API server runs already");
            let launch = Launch { network: own.surroundings.network.clone(), ..server.launch.clone() };
            server.running = Some(launch.start()?);
        }
        let ready = tokio::time::timeout(LIMIT, async {
            let client = self.client().await?;
            while !is_ready(&client).await {
                own.server_running()?;
                tokio::time::sleep(PAUSE).await;
            }
            anyhow::Ok(())
        });
        ready.await.context("the API server did not become ready in time")?
    }

    /// Both, at once.
    pub async fn restart_api_server(&self) -> anyhow::Result<()> {
        self.stop_api_server()?;
        self.start_api_server().await
    }

    /// The certificate authority of our own control plane.
    pub(crate) fn authority(&self) -> Option<&Authority> {
        self.own.as_ref().map(|own| &own.authority)
    }

    async fn ready_once(&mut self) -> anyhow::Result<()> {
        let client = self.client().await?;
        while !is_ready(&client).await {
            if let Some(own) = &mut self.own {
                own.etcd.running()?;
                own.server_running()?;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

impl Own {
    fn server_running(&self) -> anyhow::Result<()> {
        let mut server = self.server.lock().map_err(|_| anyhow::anyhow!("a test died while it held the API server"))?;
        server.running.as_mut().map_or(Ok(()), Daemon::running)
    }
}

/// Ready is: the API server says so, and every controller's rights are there.
async fn is_ready(client: &Client) -> bool {
    let Ok(request) = Request::get("/readyz").body(Vec::new()) else { return false };
    client.request_text(request).await.is_ok_and(|answer| answer == "ok")
}

/// How to connect with a kubeconfig; the connection takes no proxy of the machine's.
pub(crate) async fn connection(kubeconfig: Kubeconfig) -> anyhow::Result<Config> {
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.proxy_url = None;
    Ok(config)
}

/// A port that stays free over a restart of the API server: the kernel gives away ports from 32768 on by itself.
fn free_port() -> anyhow::Result<u16> {
    // Processes, and two starts in one, begin to look at different places: a port is free until the API server has taken it.
    static STARTS: AtomicU32 = AtomicU32::new(0);
    let place = std::process::id().wrapping_mul(7).wrapping_add(STARTS.fetch_add(1, Ordering::Relaxed)) % 10_000;
    let first = 20_000 + u16::try_from(place)?;
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    (first..32_000).chain(20_000..first).find(free).context("no port is free")
}

/// Certificates, keys and kubeconfigs, as files.
struct Files {
    authority: PathBuf,
    authority_key: PathBuf,
    server: (PathBuf, PathBuf),
    kubelet_client: (PathBuf, PathBuf),
    front_proxy: (PathBuf, PathBuf),
    front_proxy_authority: PathBuf,
    token_key: (PathBuf, PathBuf),
    admin: PathBuf,
    controllers: PathBuf,
}

impl Files {
    fn write(place: &Place, authority: &Authority, surroundings: &Surroundings, port: u16) -> anyhow::Result<Self> {
        let pair = |name: &str, credential: &Credential| -> anyhow::Result<(PathBuf, PathBuf)> {
            let certificate = place.write(&format!("{name}.crt"), &credential.certificate)?;
            Ok((certificate, place.write(&format!("{name}.key"), &credential.key)?))
        };
        let server = format!("https://{}:{port}", surroundings.reached);
        let identity = |name: &str, user: &str, group: Option<&str>| {
            let user = User::Certificate(authority.client(user, group)?);
            place.write(&format!("{name}.kubeconfig"), &kubeconfig(&server, &authority.certificate(), &user))
        };
        let node = surroundings.node.unwrap_or(Ipv4Addr::LOCALHOST).to_string();
        let reached = surroundings.reached.to_string();
        let names = ["localhost", "kubernetes.default.svc", "127.0.0.1", "10.96.0.1", &node, &reached];
        let front_proxy = Authority::new("troupe-test-front-proxy")?;
        let (private, public) = token_key()?;
        Ok(Self {
            authority: place.write("authority.crt", &authority.certificate())?,
            authority_key: place.write("authority.key", &authority.key())?,
            server: pair("server", &authority.server(&names)?)?,
            kubelet_client: pair("kubelet-client", &authority.client("kube-apiserver", Some("system:masters"))?)?,
            front_proxy: pair("front-proxy", &front_proxy.client("front-proxy", None)?)?,
            front_proxy_authority: place.write("front-proxy-authority.crt", &front_proxy.certificate())?,
            token_key: (place.write("tokens.key", &private)?, place.write("tokens.pub", &public)?),
            admin: identity("admin", "admin", Some("system:masters"))?,
            controllers: identity("controllers", "system:kube-controller-manager", None)?,
        })
    }
}

/// A socket in the folder instead of ports: nobody else can come across it. Its data need not outlive the machine.
fn etcd(programs: &Path, folder: &Path) -> Launch {
    let clients = format!("unix://{}", folder.join("etcd.sock").display());
    let peers = format!("unix://{}", folder.join("peers.sock").display());
    Launch::new(programs.join("etcd"), folder)
        .flag("--name=test")
        .file("--data-dir", folder.join("etcd"))
        .flag(format!("--listen-client-urls={clients}"))
        .flag(format!("--advertise-client-urls={clients}"))
        .flag(format!("--listen-peer-urls={peers}"))
        .flag(format!("--initial-advertise-peer-urls={peers}"))
        .flag(format!("--initial-cluster=test={peers}"))
        .flag("--unsafe-no-fsync")
        .flag("--log-level=warn")
}

fn api_server(programs: &Path, folder: &Path, files: &Files, surroundings: &Surroundings, port: u16) -> Launch {
    let launch = Launch::new(programs.join("kube-apiserver"), folder)
        .flag(format!("--etcd-servers=unix://{}", folder.join("etcd.sock").display()))
        .flag(format!("--secure-port={port}"))
        .flag("--authorization-mode=Node,RBAC")
        .flag("--enable-admission-plugins=NodeRestriction")
        .flag("--anonymous-auth=false")
        .flag("--allow-privileged=true")
        .flag("--service-cluster-ip-range=10.96.0.0/16")
        .flag("--service-account-issuer=https://kubernetes.default.svc.cluster.local")
        .file("--service-account-signing-key-file", &files.token_key.0)
        .file("--service-account-key-file", &files.token_key.1)
        .file("--client-ca-file", &files.authority)
        .file("--tls-cert-file", &files.server.0)
        .file("--tls-private-key-file", &files.server.1)
        .file("--kubelet-client-certificate", &files.kubelet_client.0)
        .file("--kubelet-client-key", &files.kubelet_client.1)
        .file("--kubelet-certificate-authority", &files.authority)
        .flag("--kubelet-preferred-address-types=InternalIP")
        // What an aggregated API server, such as that of the metrics, knows its callers by.
        .file("--requestheader-client-ca-file", &files.front_proxy_authority)
        .flag("--requestheader-allowed-names=front-proxy")
        .flag("--requestheader-username-headers=X-Remote-User")
        .flag("--requestheader-group-headers=X-Remote-Group")
        .flag("--requestheader-extra-headers-prefix=X-Remote-Extra-")
        .file("--proxy-client-cert-file", &files.front_proxy.0)
        .file("--proxy-client-key-file", &files.front_proxy.1);
    match surroundings.node {
        Some(node) => launch.flag("--bind-address=0.0.0.0").flag(format!("--advertise-address={node}")),
        // Without pods nobody looks for the API server by its Service, whose endpoint must not be loopback.
        None => launch.flag("--bind-address=127.0.0.1").flag("--endpoint-reconciler-type=none"),
    }
}

fn controllers(programs: &Path, folder: &Path, files: &Files) -> Launch {
    Launch::new(programs.join("kube-controller-manager"), folder)
        .file("--kubeconfig", &files.controllers)
        .file("--service-account-private-key-file", &files.token_key.0)
        .file("--root-ca-file", &files.authority)
        .file("--cluster-signing-cert-file", &files.authority)
        .file("--cluster-signing-key-file", &files.authority_key)
        .flag("--use-service-account-credentials=true")
        .flag("--leader-elect=false")
        // It serves nothing, so it needs no port.
        .flag("--secure-port=0")
        // The defaults, 20 and 30, are meant to spare a server with others to serve.
        .flag("--kube-api-qps=500")
        .flag("--kube-api-burst=1000")
}
