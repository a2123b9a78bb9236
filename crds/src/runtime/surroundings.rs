//! What surrounds a Runtime: proxy, trust, sandbox, callers, network.

use k8s_openapi::api::core::v1::ResourceRequirements;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rule;
use crate::{
    reference::{ConfigMapKeyReference, SecretKeyReference},
    tool::Network,
};

/// Proxy for requests that leave the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Proxy {
    /// Proxy of http addresses; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub http_proxy: Option<String>,
    /// Proxy of https addresses; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub https_proxy: Option<String>,
    /// Hosts, domains and networks reached directly; default: those of the cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub no_proxy: Vec<String>,
}

/// Certificate authorities to trust, as a PEM bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::ONE_BUNDLE)]
pub struct CaBundle {
    /// The key of a Secret that holds the bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<SecretKeyReference>,
    /// The key of a ConfigMap that holds the bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_key_ref: Option<ConfigMapKeyReference>,
}

/// The sidecar in which `bash` and functions run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sandbox {
    /// Container image with the programs that agents need; default: the operator's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub image: Option<String>,
    /// CPU and memory of the container; default: the chart's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// Whether code may use the network, which takes a workload of its own: `Denied` (default) or `Allowed`.
    #[serde(default)]
    pub network: Network,
}

/// Who may call a runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Auth {
    /// Audiences of accepted tokens beside `troupe:<namespace>`; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub audiences: Vec<String>,
    /// Whether callers without a token are let in; default false.
    #[serde(default)]
    pub anonymous: bool,
}

/// Where pods of the namespace may connect to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Egress {
    /// The only networks that may be reached, beside DNS and the namespace itself; default: everywhere but metadata
    /// addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub allow: Vec<EgressRule>,
}

/// A network that may be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EgressRule {
    /// The network, such as `10.0.0.0/8`.
    #[schemars(length(min = 1, max = 64))]
    pub cidr: String,
    /// Networks within it that may not be reached; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub except: Vec<String>,
    /// The only ports that may be reached; default all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub ports: Vec<EgressPort>,
}

/// A port that may be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EgressPort {
    /// Number of the port.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// Protocol of the port: `TCP` (default) or `UDP`.
    #[serde(default)]
    pub protocol: TransportProtocol,
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TransportProtocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}
