//! A whole node: the control plane, and scheduler, kubelet, containerd, kube-proxy and `CoreDNS` in a network of their own, where real
//! pods run.

use std::{
    ops::Deref,
    os::fd::AsFd as _,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::Context as _;
use k8s_openapi::api::core::v1::Node as NodeObject;
use kube::{Api, runtime::wait::await_condition};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::{
    ControlPlane, apply,
    control_plane::Surroundings,
    credential::User,
    network::{NODE, Network},
    place::Place,
    process::{Daemon, Launch, output},
};

/// The name of the node.
const NAME: &str = "node";

/// Longer than a start takes on a busy machine: only what hangs meets it.
const LIMIT: Duration = Duration::from_mins(3);

/// What cannot be done with a cluster that `KUBECONFIG` names.
const NOT_OURS: &str = "the node is not ours";

/// How often containerd is asked whether it is there; it has no way to tell.
const PAUSE: Duration = Duration::from_millis(50);

/// What runs pods: see [`crate::node`].
#[derive(Debug)]
pub struct Node {
    /// `None` for a cluster of somebody else's.
    own: Option<Own>,
    // Last: with it goes the folder, and with that the containers, mounts and network.
    control_plane: ControlPlane,
}

/// What we started beside the control plane.
#[derive(Debug)]
struct Own {
    /// In the order of their start, which is also that of their end.
    daemons: Vec<Daemon>,
    programs: PathBuf,
    network: Network,
}

impl Deref for Node {
    type Target = ControlPlane;

    fn deref(&self) -> &ControlPlane {
        &self.control_plane
    }
}

impl Node {
    /// Starts one, and waits until it is ready for pods. Needs root.
    ///
    /// `control_plane` and `node` are the folders of these two sets of programs.
    pub async fn start(control_plane: &Path, node: &Path) -> anyhow::Result<Self> {
        static STARTS: AtomicU32 = AtomicU32::new(0);
        // Process ids have seven digits at most, and a link's name fifteen characters.
        let number = std::process::id() * 10 + STARTS.fetch_add(1, Ordering::Relaxed) % 10;
        let network = Network::named_after(number);
        let sweep = Path::new(env!("CARGO_MANIFEST_DIR")).join("node/clean.sh").display().to_string();
        let place = Place::swept_by(&[&sweep], &[&network.name, &network.link])?;
        network.create()?;
        let surroundings = Surroundings { network: Some(network.file()), node: Some(NODE), reached: network.ends().1 };
        let containerd = containerd(node, &place, &network)?;
        let control_plane = ControlPlane::start_in(control_plane, surroundings, place).await?;
        let own = Own { daemons: vec![containerd], programs: node.to_owned(), network };
        let mut started = Self { own: Some(own), control_plane };
        tokio::time::timeout(LIMIT, started.join()).await.context("the node did not become ready in time")??;
        Ok(started)
    }

    /// The cluster of a kubeconfig that is there already. Nothing is started, and nothing of it is stopped.
    pub fn existing(named: &Path) -> anyhow::Result<Self> {
        Ok(Self { own: None, control_plane: ControlPlane::existing(named)? })
    }

    /// Starts what makes a node of it.
    async fn join(&mut self) -> anyhow::Result<()> {
        self.images_ready().await?;
        let pause = self.folder().join("pause.tar");
        let file = format!("{}:/pause:755", self.own()?.programs.join("pause").display());
        let image =
            ["--name", "troupe.dev/test/pause:1", "--file", &file, "--entrypoint", r#"["/pause"]"#, "--user", "65535"];
        write_image(&pause, &image)?;
        self.load_image(&pause)?;
        let launches = [self.scheduler()?, self.kubelet()?, self.proxy()?, self.dns()?];
        let client = self.client().await?;
        let own = self.own.as_mut().context(NOT_OURS)?;
        for launch in launches {
            own.daemons.push(Launch { network: Some(own.network.file()), ..launch }.start()?);
        }
        let dns = include_str!("../node/dns.yaml").replace("ADDRESS", &NODE.to_string());
        apply(&client, "kube-system", &dns).await?;
        tokio::select! {
            ready = await_condition(Api::<NodeObject>::all(client), NAME, is_ready) => ready.map(drop).map_err(Into::into),
            ended = ended(&mut own.daemons) => ended,
        }
    }

    /// Loads an OCI archive, as `scripts/image` writes it. Pods then name it with `imagePullPolicy: IfNotPresent` or `Never`.
    ///
    /// # Errors
    /// In a cluster that is not ours, unless `TROUPE_CLUSTER_LOAD` names the command that takes an archive there, such as
    /// `kind load image-archive`.
    pub fn load_image(&self, archive: &Path) -> anyhow::Result<()> {
        let archive = archive.display().to_string();
        if self.own.is_some() {
            return self.ctr(&["images", "import", "--local", &archive]).map(drop);
        }
        let named = std::env::var("TROUPE_CLUSTER_LOAD")
            .context("TROUPE_CLUSTER_LOAD must say how images get into this cluster")?;
        let words: Vec<&str> = named.split_whitespace().chain([archive.as_str()]).collect();
        output(Path::new(words[0]), &words[1..]).map(drop)
    }

    /// `ctr`, for the images and containers that Kubernetes sees.
    pub fn ctr(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let socket = self.folder().join("containerd.sock").display().to_string();
        let arguments: Vec<&str> =
            ["--address", &socket, "--namespace", "k8s.io"].iter().chain(arguments).copied().collect();
        output(&self.own()?.programs.join("ctr"), &arguments)
    }

    /// A command that runs in the node's network, from where Services and pods are reached.
    pub fn inside(&self, program: impl AsRef<Path>) -> anyhow::Result<Command> {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.own()?.network.file().display())).arg("--").arg(program.as_ref());
        Ok(command)
    }

    /// What `work` comes to on a thread of its own, whose sockets are in the node's network: Services and pods are reached as if it ran
    /// on the node. Clients belong to the runtime that they were made in, so it makes its own.
    pub async fn within<T, F>(&self, work: impl FnOnce() -> F + Send + 'static) -> anyhow::Result<T>
    where
        T: Send + 'static,
        F: Future<Output = anyhow::Result<T>>,
    {
        let network = std::fs::File::open(self.own()?.network.file())?;
        let (tell, told) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let enter = || move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network));
            let worked = enter()
                .context("the node's network cannot be entered")
                .and_then(|()| tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work()));
            // Whoever asked may be gone.
            let _ = tell.send(worked);
        });
        told.await.context("the work within the node's network did not end")?
    }

    /// Process ids of everything that we started, for those who measure.
    pub fn all_processes(&self) -> Vec<(String, u32)> {
        let control_plane = self.processes().into_iter().map(|(name, id)| (name.to_owned(), id));
        let node = self.own.iter().flat_map(|own| &own.daemons).map(|daemon| (daemon.name(), daemon.id()));
        control_plane.chain(node).collect()
    }

    fn own(&self) -> anyhow::Result<&Own> {
        self.own.as_ref().context(NOT_OURS)
    }

    async fn images_ready(&mut self) -> anyhow::Result<()> {
        while self.ctr(&["version"]).is_err() {
            for daemon in &mut self.own.as_mut().context(NOT_OURS)?.daemons {
                daemon.running()?;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    fn identity(&self, name: &str, user: &str, group: Option<&str>) -> anyhow::Result<PathBuf> {
        let authority = self.authority().context(NOT_OURS)?;
        self.write_kubeconfig(name, &User::Certificate(authority.client(user, group)?))
    }

    fn scheduler(&self) -> anyhow::Result<Launch> {
        let kubeconfig = self.identity("scheduler", "system:kube-scheduler", None)?;
        let launch = Launch::new(self.own()?.programs.join("kube-scheduler"), self.folder());
        Ok(launch.file("--kubeconfig", kubeconfig).flag("--leader-elect=false").flag("--secure-port=0"))
    }

    fn kubelet(&self) -> anyhow::Result<Launch> {
        let folder = self.folder();
        let credential = self.authority().context(NOT_OURS)?.server(&[&NODE.to_string(), NAME])?;
        std::fs::write(folder.join("kubelet-server.crt"), &credential.certificate)?;
        std::fs::write(folder.join("kubelet-server.key"), &credential.key)?;
        std::fs::write(folder.join("resolv.conf"), format!("nameserver {NODE}\n"))?;
        let config = folder.join("kubelet.yaml");
        std::fs::write(&config, filled(include_str!("../node/kubelet.yaml"), folder, &self.own()?.programs))?;
        let kubeconfig = self.identity("kubelet", &format!("system:node:{NAME}"), Some("system:nodes"))?;
        Ok(Launch::new(self.own()?.programs.join("kubelet"), folder)
            .file("--config", config)
            .file("--kubeconfig", kubeconfig)
            .file("--root-dir", folder.join("kubelet"))
            .file("--cert-dir", folder.join("kubelet/certificates"))
            .flag(format!("--hostname-override={NAME}"))
            .flag(format!("--node-ip={NODE}")))
    }

    fn proxy(&self) -> anyhow::Result<Launch> {
        let kubeconfig = self.identity("proxy", "system:kube-proxy", None)?;
        Ok(Launch::new(self.own()?.programs.join("kube-proxy"), self.folder())
            .file("--kubeconfig", kubeconfig)
            .flag(format!("--hostname-override={NAME}"))
            .flag("--proxy-mode=nftables")
            // Pods share a bridge: an answer that crossed it directly would come from an address that nobody asked.
            .flag("--masquerade-all=true")
            // The machine's limits are not a namespace's to change.
            .flag("--conntrack-max-per-core=0")
            .flag("--conntrack-tcp-timeout-established=0s")
            .flag("--conntrack-tcp-timeout-close-wait=0s"))
    }

    fn dns(&self) -> anyhow::Result<Launch> {
        self.identity("coredns", "coredns", Some("system:masters"))?;
        let config = self.folder().join("Corefile");
        let text = filled(include_str!("../node/Corefile"), self.folder(), &self.own()?.programs);
        std::fs::write(&config, text.replace("ADDRESS", &NODE.to_string()))?;
        Ok(Launch::new(self.own()?.programs.join("coredns"), self.folder()).flag("-conf").flag(config))
    }
}

/// Writes an OCI archive with the repository's `scripts/image`; its options are what that says.
pub fn write_image(archive: &Path, options: &[&str]) -> anyhow::Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/image");
    let archive = archive.display().to_string();
    let arguments: Vec<&str> = [archive.as_str()].into_iter().chain(options.iter().copied()).collect();
    output(&script, &arguments).map(drop)
}

fn containerd(programs: &Path, place: &Place, network: &Network) -> anyhow::Result<Daemon> {
    let folder = place.path();
    let config = place.write("containerd.toml", &filled(include_str!("../node/containerd.toml"), folder, programs))?;
    std::fs::create_dir(folder.join("cni"))?;
    place.write("cni/bridge.conflist", &filled(include_str!("../node/bridge.conflist"), folder, programs))?;
    let launch = Launch::new(programs.join("containerd"), folder).file("--config", config);
    Launch { network: Some(network.file()), programs: vec![programs.to_owned()], ..launch }.start()
}

fn filled(template: &str, folder: &Path, programs: &Path) -> String {
    template.replace("FOLDER", &folder.display().to_string()).replace("PROGRAMS", &programs.display().to_string())
}

/// Kubernetes takes its taint away a moment after this is true; pods are scheduled then.
fn is_ready(node: Option<&NodeObject>) -> bool {
    let conditions = node.and_then(|node| node.status.as_ref()).and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| all.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"))
}

/// Never, unless one of them has ended: then why.
async fn ended(daemons: &mut [Daemon]) -> anyhow::Result<()> {
    loop {
        for daemon in daemons.iter_mut() {
            daemon.running()?;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
