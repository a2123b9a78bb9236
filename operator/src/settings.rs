//! The flags of `troupe-operator`, each an environment variable too.

use std::{net::SocketAddr, str::FromStr};

use clap::Parser;
use k8s_openapi::api::core::v1::ResourceRequirements;

/// Keeps the runtimes of a cluster: it checks resources, reports status, and writes the workloads.
#[derive(Clone, Debug, Parser)]
#[command(name = "troupe-operator", version)]
pub struct Settings {
    /// Namespaces to watch, separated by commas [default: all]
    #[arg(long, env = "TROUPE_WATCH_NAMESPACES", value_delimiter = ',', value_name = "NAMESPACES")]
    pub watch_namespaces: Vec<String>,
    /// The namespace of the release: of the lease, and of the gateway that runtimes admit
    #[arg(long, env = "POD_NAMESPACE", default_value = "troupe-system", value_name = "NAMESPACE")]
    pub namespace: String,
    /// The name of this process among those that want the lease [default: a random one]
    #[arg(long, env = "POD_NAME", default_value_t = uuid::Uuid::new_v4().to_string(), value_name = "NAME")]
    pub identity: String,
    /// The Lease of which only one operator at a time works
    #[arg(long, env = "TROUPE_LEASE", default_value = "troupe-operator", value_name = "NAME")]
    pub lease: String,
    /// Seconds that a lease outlives its holder
    #[arg(long, env = "TROUPE_LEASE_SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u32).range(3..=300))]
    pub lease_seconds: u32,
    /// Where to serve /metrics
    #[arg(long, env = "TROUPE_METRICS", default_value = "0.0.0.0:9090", value_name = "ADDRESS")]
    pub metrics: SocketAddr,
    /// Where to serve /healthz and /readyz
    #[arg(long, env = "TROUPE_HEALTH", default_value = "0.0.0.0:8081", value_name = "ADDRESS")]
    pub health: SocketAddr,
    /// Objects of one kind that are looked at at one time
    #[arg(long, env = "TROUPE_CONCURRENCY", default_value_t = 8)]
    pub concurrency: usize,
    /// The ClusterRoleBinding whose subjects are the runtimes, so that they can have tokens reviewed [default: none]
    #[arg(long, env = "TROUPE_REVIEWER_BINDING", value_name = "NAME")]
    pub reviewer_binding: Option<String>,
    /// The ClusterRole of that binding
    #[arg(long, env = "TROUPE_REVIEWER_ROLE", default_value = "troupe-runtime-reviewer", value_name = "NAME")]
    pub reviewer_role: String,
    /// What is logged, in the manner of RUST_LOG
    #[arg(long, env = "TROUPE_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,
    #[command(flatten)]
    /// What pods are made of.
    pub pods: PodSettings,
}

/// What pods are made of, where resources do not say.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Pods")]
pub struct PodSettings {
    /// The image of runtimes; it holds `troupe`
    #[arg(long, env = "TROUPE_RUNTIME_IMAGE", default_value = concat!("troupe:", env!("CARGO_PKG_VERSION")), value_name = "IMAGE")]
    pub runtime_image: String,
    /// The image that holds `troupe-mcp-bridge`, which an init container installs
    #[arg(long, env = "TROUPE_BRIDGE_IMAGE", default_value = concat!("troupe-mcp-bridge:", env!("CARGO_PKG_VERSION")), value_name = "IMAGE")]
    pub bridge_image: String,
    /// The image in which stdio MCP servers run that name none
    #[arg(long, env = "TROUPE_MCP_IMAGE", default_value = concat!("troupe-mcp:", env!("CARGO_PKG_VERSION")), value_name = "IMAGE")]
    pub mcp_image: String,
    /// The image of the sandbox beside a runtime; it holds `troupe` too [default: none, and no sandbox]
    #[arg(long, env = "TROUPE_SANDBOX_IMAGE", default_value = "", hide_default_value = true, value_name = "IMAGE")]
    pub sandbox_image: String,
    /// When images are pulled: Always, IfNotPresent or Never
    #[arg(long, env = "TROUPE_IMAGE_PULL_POLICY", default_value = "IfNotPresent", value_name = "POLICY")]
    pub image_pull_policy: String,
    /// Secrets with registry credentials for every pod, separated by commas; they are in each namespace
    #[arg(long, env = "TROUPE_IMAGE_PULL_SECRETS", value_delimiter = ',', value_name = "NAMES")]
    pub image_pull_secrets: Vec<String>,
    /// CPU and memory of a runtime, as JSON
    #[arg(
        long,
        env = "TROUPE_RUNTIME_RESOURCES",
        default_value = r#"{"requests":{"cpu":"50m","memory":"128Mi"},"limits":{"memory":"1Gi"}}"#,
        value_name = "JSON"
    )]
    pub runtime_resources: Resources,
    /// CPU and memory of a sandbox, as JSON
    #[arg(
        long,
        env = "TROUPE_SANDBOX_RESOURCES",
        default_value = r#"{"requests":{"cpu":"10m","memory":"32Mi"},"limits":{"memory":"1Gi"}}"#,
        value_name = "JSON"
    )]
    pub sandbox_resources: Resources,
    /// CPU and memory of an MCP server, as JSON
    #[arg(
        long,
        env = "TROUPE_MCP_RESOURCES",
        default_value = r#"{"requests":{"cpu":"10m","memory":"64Mi"},"limits":{"memory":"512Mi"}}"#,
        value_name = "JSON"
    )]
    pub mcp_resources: Resources,
    /// Networks of the API server, which a runtime with a list of its own still reaches, such as 10.0.0.1/32
    #[arg(long, env = "TROUPE_API_SERVER_NETWORKS", value_delimiter = ',', value_name = "NETWORKS")]
    pub api_server_networks: Vec<String>,
}

/// CPU and memory, read from JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resources(pub ResourceRequirements);

impl FromStr for Resources {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }
}
