//! Who reaches an MCP server: its namespace's runtime. Whom it reaches: names and public addresses, or what the
//! namespace's Runtime allows.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyPeer, NetworkPolicySpec};
use troupe_crds::runtime::RUNTIME_NAME;

use super::Input;
use crate::{
    mcp_server::PORT,
    names,
    runtime::build::network::{allowed, block, dns, ingress, labels},
};

/// Addresses that are not public: private networks (RFC 1918), carriers' (RFC 6598), link-local with the metadata
/// addresses (RFC 3927), loopback.
const PRIVATE_V4: [&str; 6] =
    ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"];

/// Unique local (RFC 4193) and link-local addresses.
const PRIVATE_V6: [&str; 2] = ["fc00::/7", "fe80::/10"];

/// The policy of an MCP server.
pub fn build(input: &Input<'_>) -> NetworkPolicy {
    let public = || {
        let to = vec![block("0.0.0.0/0", &PRIVATE_V4), block("::/0", &PRIVATE_V6)];
        vec![NetworkPolicyEgressRule { to: Some(to), ports: None }]
    };
    let mut egress = vec![dns()];
    egress.extend(allowed(input.egress).unwrap_or_else(public));
    NetworkPolicy {
        metadata: input.marks.metadata(&input.name()),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(labels(input.marks.selector())),
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            ingress: Some(vec![ingress(vec![runtime()], PORT)]),
            egress: Some(egress),
        }),
    }
}

fn runtime() -> NetworkPolicyPeer {
    let selector: BTreeMap<String, String> = [
        ("app.kubernetes.io/name".to_owned(), names::RUNTIME.to_owned()),
        ("app.kubernetes.io/instance".to_owned(), RUNTIME_NAME.to_owned()),
    ]
    .into();
    NetworkPolicyPeer { pod_selector: Some(labels(selector)), ..NetworkPolicyPeer::default() }
}
