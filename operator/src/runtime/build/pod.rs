//! The pod of a runtime: the service, and beside it the sandbox, which has neither Secrets nor a token.

use k8s_openapi::{
    api::core::v1::{
        ConfigMapProjection, Container, ContainerPort, DownwardAPIProjection, DownwardAPIVolumeFile, EnvVar,
        EnvVarSource, HTTPGetAction, KeyToPath, ObjectFieldSelector, PersistentVolumeClaimVolumeSource,
        PodTemplateSpec, Probe, ProjectedVolumeSource, ResourceRequirements, SecretProjection,
        ServiceAccountTokenProjection, TopologySpreadConstraint, Volume, VolumeMount, VolumeProjection,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};
use troupe_crds::runtime::{CaBundle, Proxy};

use super::Input;
use crate::{
    names, pod,
    runtime::{METRICS_PORT, PORT},
};

/// Where the kubelet puts a token, and where every client looks for one.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Where the sandbox listens: a socket within the pod.
const SANDBOX_PATH: &str = "/run/troupe";

/// Where the bundle of certificate authorities is.
const CA_PATH: &str = "/etc/troupe/ca";

/// Seconds between the signal to stop and the end: the runtime's own 20 s for running turns, and as many to say so.
const GRACE: i64 = 45;

/// Hosts that no proxy is asked for, where people name none: what is within the cluster.
const NO_PROXY: &str = "localhost,127.0.0.1,::1,.svc,.cluster.local,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16";

/// The pod template.
pub fn template(input: &Input<'_>) -> PodTemplateSpec {
    let said = input.spec.pod_template.as_ref();
    let mut template = pod::template(&input.marks, names::RUNTIME, said, vec![service(input)]);
    if let Some(spec) = &mut template.spec {
        spec.init_containers = sandbox(input).map(|sandbox| vec![sandbox]);
        let lists = [Some(&input.spec.image_pull_secrets), said.map(|said| &said.image_pull_secrets)];
        let lists = lists.into_iter().flatten().map(Vec::as_slice);
        spec.image_pull_secrets = pod::pull_secrets(lists, &input.pods.image_pull_secrets);
        spec.termination_grace_period_seconds = Some(GRACE);
        spec.volumes = Some(volumes(input));
        if spec.topology_spread_constraints.is_none() && input.spec.replicas >= 2 {
            spec.topology_spread_constraints = Some(vec![spread(input)]);
        }
    }
    template
}

fn service(input: &Input<'_>) -> Container {
    let arguments = [
        "serve",
        "--namespace",
        "$(POD_NAMESPACE)",
        "--listen",
        &format!("0.0.0.0:{PORT}"),
        "--metrics",
        &format!("0.0.0.0:{METRICS_PORT}"),
        "--data",
        "/data",
        "--workspace",
        "/workspace",
    ]
    .map(str::to_owned);
    let mut mounts = vec![
        pod::mount("data", "/data"),
        pod::mount("workspace", "/workspace"),
        pod::mount("tmp", "/tmp"),
        VolumeMount { read_only: Some(true), ..pod::mount("token", TOKEN_PATH) },
    ];
    if sandbox_image(input).is_some() {
        mounts.push(pod::mount("sandbox", SANDBOX_PATH));
    }
    if input.spec.ca_bundle.is_some() {
        mounts.push(VolumeMount { read_only: Some(true), ..pod::mount("ca", CA_PATH) });
    }
    Container {
        name: "runtime".to_owned(),
        image: Some(input.spec.image.as_ref().unwrap_or(&input.pods.runtime_image).clone()),
        image_pull_policy: Some(input.pods.image_pull_policy.clone()),
        args: Some(arguments.into()),
        env: Some(pod::variables(&input.spec.env, environment(input))),
        ports: Some(vec![port("http", PORT), port("metrics", METRICS_PORT)]),
        startup_probe: Some(Probe { period_seconds: Some(1), failure_threshold: Some(120), ..probe("/healthz") }),
        readiness_probe: Some(Probe { period_seconds: Some(5), ..probe("/readyz") }),
        liveness_probe: Some(Probe { period_seconds: Some(10), failure_threshold: Some(6), ..probe("/healthz") }),
        resources: Some(resources(input)),
        security_context: Some(pod::container_security()),
        volume_mounts: Some(mounts),
        ..Container::default()
    }
}

/// The sandbox; none where there is no image for it. An init container that goes on is there before the service starts, and
/// until it has ended, so that a turn that is being finished still has it (Kubernetes 1.29 and later).
fn sandbox(input: &Input<'_>) -> Option<Container> {
    let said = input.spec.sandbox.as_ref();
    let arguments = ["sandbox", "--listen", &format!("{SANDBOX_PATH}/sandbox.sock"), "--workspace", "/workspace"];
    Some(Container {
        name: "sandbox".to_owned(),
        image: Some(sandbox_image(input)?.to_owned()),
        image_pull_policy: Some(input.pods.image_pull_policy.clone()),
        args: Some(arguments.map(str::to_owned).into()),
        restart_policy: Some("Always".to_owned()),
        env: Some(vec![pod::variable("HOME", "/tmp"), pod::variable("TMPDIR", "/tmp")]),
        resources: Some(
            said.and_then(|said| said.resources.clone()).unwrap_or_else(|| input.pods.sandbox_resources.0.clone()),
        ),
        security_context: Some(pod::container_security()),
        volume_mounts: Some(vec![
            pod::mount("workspace", "/workspace"),
            pod::mount("sandbox", SANDBOX_PATH),
            pod::mount("sandbox-tmp", "/tmp"),
        ]),
        ..Container::default()
    })
}

fn sandbox_image<'a>(input: &'a Input<'_>) -> Option<&'a str> {
    let said = input.spec.sandbox.as_ref().and_then(|sandbox| sandbox.image.as_deref());
    Some(said.unwrap_or(&input.pods.sandbox_image)).filter(|image| !image.is_empty())
}

/// Variables that the operator sets; people's own of these names are dropped.
fn environment(input: &Input<'_>) -> Vec<EnvVar> {
    let mut variables = vec![
        field("POD_NAME", "metadata.name"),
        field("POD_NAMESPACE", "metadata.namespace"),
        field("POD_IP", "status.podIP"),
        pod::variable("HOME", "/tmp"),
        pod::variable("TMPDIR", "/tmp"),
    ];
    if let Some(url) = input.postgres() {
        variables.push(pod::secret_variable("TROUPE_DATABASE_URL", url));
    }
    if sandbox_image(input).is_some() {
        variables.push(pod::variable("TROUPE_SANDBOX_SOCKET", format!("{SANDBOX_PATH}/sandbox.sock")));
    }
    if input.spec.ca_bundle.is_some() {
        variables.push(pod::variable("TROUPE_CA_BUNDLE", format!("{CA_PATH}/bundle.pem")));
    }
    variables.extend(input.spec.proxy.iter().flat_map(proxy));
    variables
}

fn proxy(proxy: &Proxy) -> Vec<EnvVar> {
    let named = [("HTTP_PROXY", &proxy.http_proxy), ("HTTPS_PROXY", &proxy.https_proxy)];
    let mut variables: Vec<EnvVar> =
        named.into_iter().filter_map(|(name, value)| Some(pod::variable(name, value.clone()?))).collect();
    let direct = if proxy.no_proxy.is_empty() { NO_PROXY.to_owned() } else { proxy.no_proxy.join(",") };
    variables.push(pod::variable("NO_PROXY", direct));
    variables
}

fn resources(input: &Input<'_>) -> ResourceRequirements {
    let template = || input.spec.pod_template.as_ref().and_then(|template| template.resources.clone());
    let said = input.spec.resources.clone().or_else(template);
    said.unwrap_or_else(|| input.pods.runtime_resources.0.clone())
}

fn volumes(input: &Input<'_>) -> Vec<Volume> {
    let workspace = input.spec.workspace.as_ref();
    let existing = workspace.and_then(|workspace| workspace.existing_claim.as_deref());
    let claimed = workspace.map(|_| existing.unwrap_or(names::RUNTIME_WORKSPACE));
    let mut volumes = vec![
        if input.postgres().is_some() { pod::scratch("data", "10Gi") } else { claim("data", names::RUNTIME_DATA) },
        claimed.map_or_else(|| pod::scratch("workspace", "10Gi"), |name| claim("workspace", name)),
        pod::scratch("tmp", "1Gi"),
        token(),
    ];
    if sandbox_image(input).is_some() {
        volumes.extend([pod::scratch("sandbox", "1Mi"), pod::scratch("sandbox-tmp", "1Gi")]);
    }
    volumes.extend(input.spec.ca_bundle.as_ref().map(bundle));
    volumes
}

fn claim(name: &str, claim_name: &str) -> Volume {
    let source = PersistentVolumeClaimVolumeSource { claim_name: claim_name.to_owned(), read_only: None };
    Volume { name: name.to_owned(), persistent_volume_claim: Some(source), ..Volume::default() }
}

/// What a client of the API server finds in a pod, for the one container that mounts it.
fn token() -> Volume {
    let token = ServiceAccountTokenProjection {
        path: "token".to_owned(),
        expiration_seconds: Some(3600),
        // No audience is the API server's own.
        audience: None,
    };
    let root = ConfigMapProjection {
        name: "kube-root-ca.crt".to_owned(),
        items: Some(vec![path("ca.crt", "ca.crt")]),
        ..ConfigMapProjection::default()
    };
    let file = DownwardAPIVolumeFile {
        path: "namespace".to_owned(),
        field_ref: Some(ObjectFieldSelector { field_path: "metadata.namespace".to_owned(), api_version: None }),
        ..DownwardAPIVolumeFile::default()
    };
    let sources = vec![
        VolumeProjection { service_account_token: Some(token), ..VolumeProjection::default() },
        VolumeProjection { config_map: Some(root), ..VolumeProjection::default() },
        VolumeProjection {
            downward_api: Some(DownwardAPIProjection { items: Some(vec![file]) }),
            ..VolumeProjection::default()
        },
    ];
    projected("token", sources)
}

fn bundle(bundle: &CaBundle) -> Volume {
    let secret = bundle.secret_key_ref.as_ref().map(|reference| VolumeProjection {
        secret: Some(SecretProjection {
            name: reference.name.clone(),
            items: Some(vec![path(&reference.key, "bundle.pem")]),
            ..SecretProjection::default()
        }),
        ..VolumeProjection::default()
    });
    let config_map = bundle.config_map_key_ref.as_ref().map(|reference| VolumeProjection {
        config_map: Some(ConfigMapProjection {
            name: reference.name.clone(),
            items: Some(vec![path(&reference.key, "bundle.pem")]),
            ..ConfigMapProjection::default()
        }),
        ..VolumeProjection::default()
    });
    projected("ca", secret.into_iter().chain(config_map).collect())
}

fn projected(name: &str, sources: Vec<VolumeProjection>) -> Volume {
    let source = ProjectedVolumeSource { sources: Some(sources), ..ProjectedVolumeSource::default() };
    Volume { name: name.to_owned(), projected: Some(source), ..Volume::default() }
}

fn path(key: &str, path: &str) -> KeyToPath {
    KeyToPath { key: key.to_owned(), path: path.to_owned(), mode: None }
}

fn field(name: &str, path: &str) -> EnvVar {
    let selector = ObjectFieldSelector { field_path: path.to_owned(), api_version: None };
    let source = EnvVarSource { field_ref: Some(selector), ..EnvVarSource::default() };
    EnvVar { name: name.to_owned(), value_from: Some(source), ..EnvVar::default() }
}

fn port(name: &str, port: i32) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: port,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }
}

fn probe(path: &str) -> Probe {
    let get = HTTPGetAction {
        path: Some(path.to_owned()),
        port: IntOrString::String("http".to_owned()),
        ..HTTPGetAction::default()
    };
    Probe { http_get: Some(get), timeout_seconds: Some(5), ..Probe::default() }
}

/// Replicas go to different nodes where they can.
fn spread(input: &Input<'_>) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        label_selector: Some(super::network::labels(input.marks.selector())),
        ..TopologySpreadConstraint::default()
    }
}
