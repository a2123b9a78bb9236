//! The Service of an MCP server.

use k8s_openapi::{
    api::core::v1::{Service, ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::Input;
use crate::mcp_server::PORT;

/// The Service. With several pods a client stays with one, since a session of MCP lives in one bridge.
pub fn build(input: &Input<'_>) -> Service {
    let port = ServicePort {
        name: Some("mcp".to_owned()),
        port: PORT,
        protocol: Some("TCP".to_owned()),
        target_port: Some(IntOrString::String("mcp".to_owned())),
        ..ServicePort::default()
    };
    let affinity = if input.spec.replicas > 1 { "ClientIP" } else { "None" };
    Service {
        metadata: input.marks.metadata(&input.name()),
        spec: Some(ServiceSpec {
            selector: Some(input.marks.selector()),
            ports: Some(vec![port]),
            session_affinity: Some(affinity.to_owned()),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}
