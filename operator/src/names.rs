//! Names of what the operator makes; the chart's admission policies and the documentation know them too.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::key::Key;

/// What an id as a step of a path keeps as it is: unreserved characters (RFC 3986).
const STEP: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

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

/// Where runs of an Agent, a Team or a Workflow are started; `id` is its id in the HTTP API.
pub fn runs_url(key: &Key, id: &str) -> String {
    let id = utf8_percent_encode(id, STEP);
    format!("{}/v1/{}/{id}/runs", runtime_url(&key.namespace), key.kind.plural())
}

/// The address of a namespace's runtime.
pub fn runtime_url(namespace: &str) -> String {
    format!("http://{RUNTIME}.{namespace}.svc:{}", crate::runtime::PORT)
}
