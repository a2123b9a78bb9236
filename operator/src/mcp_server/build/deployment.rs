//! The Deployment of an MCP server: the bridge in whatever image the command needs.

use std::time::Duration;

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec},
        core::v1::{
            Container, ContainerPort, EnvVar, HTTPGetAction, Probe, ResourceRequirements, TCPSocketAction, VolumeMount,
        },
    },
    apimachinery::pkg::util::intstr::IntOrString,
};
use troupe_crds::mcp_server::{Sharing, StdioServer};

use super::Input;
use crate::{mcp_server::PORT, pod, runtime::build::network::labels};

/// Where the init container puts the bridge: an image without a shell has no `cp` to do it.
const BRIDGE_PATH: &str = "/troupe";

/// The longest call where nothing is said.
const CALL_TIMEOUT: Duration = Duration::from_mins(1);

/// How long a process may idle where nothing is said.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);

/// The Deployment.
pub fn build(input: &Input<'_>, stdio: &StdioServer) -> Deployment {
    let said = input.spec.pod_template.as_ref();
    let name = input.name();
    let mut template = pod::template(&input.marks, &name, said, vec![server(input, stdio)]);
    if let Some(spec) = &mut template.spec {
        let lists = said.map(|said| said.image_pull_secrets.as_slice());
        spec.image_pull_secrets = pod::pull_secrets(lists, &input.pods.image_pull_secrets);
        spec.init_containers = Some(vec![install(input)]);
        spec.volumes =
            Some(vec![pod::scratch("bridge", "64Mi"), pod::scratch("home", "1Gi"), pod::scratch("tmp", "1Gi")]);
    }
    let replicas = if input.spec.suspend { 0 } else { input.spec.replicas };
    Deployment {
        metadata: input.marks.metadata(&name),
        spec: Some(DeploymentSpec {
            replicas: i32::try_from(replicas).ok(),
            selector: labels(input.marks.selector()),
            template,
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn install(input: &Input<'_>) -> Container {
    Container {
        name: "install-bridge".to_owned(),
        image: Some(input.pods.bridge_image.clone()),
        image_pull_policy: Some(input.pods.image_pull_policy.clone()),
        args: Some(vec!["install".to_owned(), BRIDGE_PATH.to_owned()]),
        resources: Some(input.pods.mcp_resources.0.clone()),
        security_context: Some(pod::container_security()),
        volume_mounts: Some(vec![pod::mount("bridge", BRIDGE_PATH)]),
        ..Container::default()
    }
}

fn server(input: &Input<'_>, stdio: &StdioServer) -> Container {
    Container {
        name: "server".to_owned(),
        image: Some(stdio.image.as_ref().unwrap_or(&input.pods.mcp_image).clone()),
        image_pull_policy: Some(input.pods.image_pull_policy.clone()),
        command: Some(vec![format!("{BRIDGE_PATH}/troupe-mcp-bridge")]),
        args: Some(arguments(input, stdio)),
        env: Some(environment(stdio)),
        ports: Some(vec![ContainerPort {
            name: Some("mcp".to_owned()),
            container_port: PORT,
            protocol: Some("TCP".to_owned()),
            ..ContainerPort::default()
        }]),
        // A real list of tools: the first one starts the server, which may take its minute.
        readiness_probe: Some(Probe {
            http_get: Some(HTTPGetAction {
                path: Some("/healthz".to_owned()),
                port: IntOrString::String("mcp".to_owned()),
                ..HTTPGetAction::default()
            }),
            period_seconds: Some(10),
            timeout_seconds: Some(10),
            ..Probe::default()
        }),
        // The bridge restarts a server that dies by itself; only a bridge that answers nothing is restarted.
        liveness_probe: Some(Probe {
            tcp_socket: Some(TCPSocketAction {
                port: IntOrString::String("mcp".to_owned()),
                ..TCPSocketAction::default()
            }),
            period_seconds: Some(10),
            failure_threshold: Some(6),
            ..Probe::default()
        }),
        resources: Some(resources(input)),
        security_context: Some(pod::container_security()),
        volume_mounts: Some(vec![
            VolumeMount { read_only: Some(true), ..pod::mount("bridge", BRIDGE_PATH) },
            pod::mount("home", "/home/mcp"),
            pod::mount("tmp", "/tmp"),
        ]),
        ..Container::default()
    }
}

fn resources(input: &Input<'_>) -> ResourceRequirements {
    let template = || input.spec.pod_template.as_ref().and_then(|template| template.resources.clone());
    let said = input.spec.resources.clone().or_else(template);
    said.unwrap_or_else(|| input.pods.mcp_resources.0.clone())
}

fn arguments(input: &Input<'_>, stdio: &StdioServer) -> Vec<String> {
    let pool = stdio.pool();
    let call = input.spec.timeout.as_ref().map_or(CALL_TIMEOUT, troupe_crds::GoDuration::value);
    let idle = pool.idle_timeout.as_ref().map_or(IDLE_TIMEOUT, troupe_crds::GoDuration::value);
    let mut arguments = vec![
        "--listen".to_owned(),
        format!("0.0.0.0:{PORT}"),
        "--min-processes".to_owned(),
        pool.min.to_string(),
        "--max-processes".to_owned(),
        pool.max.to_string(),
        "--idle-timeout".to_owned(),
        idle.as_secs_f64().to_string(),
        "--call-timeout".to_owned(),
        call.as_secs_f64().to_string(),
        "--max-response-bytes".to_owned(),
        input.spec.max_response_bytes.to_string(),
    ];
    if stdio.sharing == Sharing::PerSession {
        arguments.push("--per-session".to_owned());
    }
    arguments.push("--".to_owned());
    arguments.extend(std::iter::once(&stdio.command).chain(&stdio.args).map(|argument| pod::literal(argument)));
    arguments
}

/// People's variables, and places to write for programs that look for them; people's own of these names win.
fn environment(stdio: &StdioServer) -> Vec<EnvVar> {
    let places = [
        ("HOME", "/home/mcp"),
        ("TMPDIR", "/tmp"),
        ("XDG_CACHE_HOME", "/home/mcp/.cache"),
        ("UV_CACHE_DIR", "/home/mcp/.cache/uv"),
        ("npm_config_cache", "/home/mcp/.cache/npm"),
    ];
    let mut variables = pod::variables(&stdio.env, Vec::new());
    for (name, path) in places {
        if !variables.iter().any(|variable| variable.name == name) {
            variables.push(pod::variable(name, path));
        }
    }
    variables
}
