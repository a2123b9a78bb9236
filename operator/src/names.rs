//! Names of what the operator makes; the chart's admission policies and the documentation know them too.

/// The runtime's workload, Service, ServiceAccount, NetworkPolicy, disruption budget, and binding to its ClusterRole;
/// that ClusterRole itself.
pub const RUNTIME: &str = "troupe-runtime";

/// The Role with the Secrets of a namespace, and its binding.
pub const RUNTIME_SECRETS: &str = "troupe-runtime-secrets";

/// The volume of the database.
pub const RUNTIME_DATA: &str = "troupe-runtime-data";

/// The volume of the files of agents.
pub const RUNTIME_WORKSPACE: &str = "troupe-runtime-workspace";

/// What an McpServer's objects are called: a DNS label, whatever the server's name.
pub fn mcp(server: &str) -> String {
    format!("mcp-{}", troupe_crds::id::slug(server))
}

/// The address of a namespace's runtime.
pub fn runtime_url(namespace: &str) -> String {
    format!("http://{RUNTIME}.{namespace}.svc:{}", crate::runtime::PORT)
}
