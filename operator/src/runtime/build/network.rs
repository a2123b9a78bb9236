//! Who reaches a runtime, and whom it reaches. A NetworkPolicy knows no host names: what of the network an agent may
//! ask for is decided by the guard inside; here metadata addresses are closed, which hand out a node's credentials.

use k8s_openapi::{
    api::networking::v1::{
        IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
        NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};
use troupe_crds::runtime::{Egress, TransportProtocol};

use super::Input;
use crate::{
    names,
    runtime::{METRICS_PORT, PORT},
};

/// Metadata addresses of clouds: AWS, GCP, Azure and others; AWS's of tasks; Alibaba's.
const METADATA_V4: [&str; 3] = ["169.254.169.254/32", "169.254.170.2/32", "100.100.100.200/32"];

/// AWS's over IPv6.
const METADATA_V6: [&str; 1] = ["fd00:ec2::254/128"];

/// Where the API server usually listens, where its networks are not known.
const API_SERVER_PORT: i32 = 6443;

/// The policy of a runtime.
pub fn build(input: &Input<'_>) -> NetworkPolicy {
    let egress = match allowed(input.spec.egress.as_ref()) {
        Some(mut rules) => {
            rules.insert(0, dns());
            rules.push(NetworkPolicyEgressRule { to: Some(vec![same_namespace()]), ports: None });
            rules.push(api_server(&input.pods.api_server_networks));
            rules
        }
        None => vec![NetworkPolicyEgressRule {
            to: Some(vec![
                // Some networks know pods by their labels alone, not by their addresses.
                every_pod(),
                block("0.0.0.0/0", &METADATA_V4),
                block("::/0", &METADATA_V6),
            ]),
            ports: None,
        }],
    };
    NetworkPolicy {
        metadata: input.marks.metadata(names::RUNTIME),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(labels(input.marks.selector())),
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            ingress: Some(vec![
                ingress(vec![same_namespace(), namespace(input.release)], PORT),
                ingress(vec![every_pod()], METRICS_PORT),
            ]),
            egress: Some(egress),
        }),
    }
}

/// Rules for the networks that people allow; none where they did not say.
pub fn allowed(egress: Option<&Egress>) -> Option<Vec<NetworkPolicyEgressRule>> {
    let allow = &egress?.allow;
    let rule = |rule: &troupe_crds::runtime::EgressRule| {
        let excepted: Vec<&str> = rule.except.iter().map(String::as_str).collect();
        let ports = rule.ports.iter().map(|port| match port.protocol {
            TransportProtocol::Tcp => self::port(port.port.into(), "TCP"),
            TransportProtocol::Udp => self::port(port.port.into(), "UDP"),
        });
        let ports: Vec<NetworkPolicyPort> = ports.collect();
        NetworkPolicyEgressRule {
            to: Some(vec![block(&rule.cidr, &excepted)]),
            ports: (!ports.is_empty()).then_some(ports),
        }
    };
    (!allow.is_empty()).then(|| allow.iter().map(rule).collect())
}

/// Names are resolved wherever the cluster's DNS is.
pub fn dns() -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule { to: None, ports: Some(vec![port(53, "UDP"), port(53, "TCP")]) }
}

fn api_server(networks: &[String]) -> NetworkPolicyEgressRule {
    if networks.is_empty() {
        return NetworkPolicyEgressRule { to: None, ports: Some(vec![port(API_SERVER_PORT, "TCP")]) };
    }
    let to = networks.iter().map(|network| block(network, &[])).collect();
    NetworkPolicyEgressRule { to: Some(to), ports: None }
}

/// Lets peers in at a port.
pub fn ingress(from: Vec<NetworkPolicyPeer>, port: i32) -> NetworkPolicyIngressRule {
    NetworkPolicyIngressRule { from: Some(from), ports: Some(vec![self::port(port, "TCP")]) }
}

/// Addresses.
pub fn block(cidr: &str, except: &[&str]) -> NetworkPolicyPeer {
    let except = (!except.is_empty()).then(|| except.iter().map(|cidr| (*cidr).to_owned()).collect());
    NetworkPolicyPeer { ip_block: Some(IPBlock { cidr: cidr.to_owned(), except }), ..NetworkPolicyPeer::default() }
}

/// Pods with labels.
pub fn labels(labels: std::collections::BTreeMap<String, String>) -> LabelSelector {
    LabelSelector { match_labels: Some(labels), ..LabelSelector::default() }
}

fn same_namespace() -> NetworkPolicyPeer {
    NetworkPolicyPeer { pod_selector: Some(LabelSelector::default()), ..NetworkPolicyPeer::default() }
}

fn every_pod() -> NetworkPolicyPeer {
    NetworkPolicyPeer { namespace_selector: Some(LabelSelector::default()), ..NetworkPolicyPeer::default() }
}

fn namespace(name: &str) -> NetworkPolicyPeer {
    let label = [("kubernetes.io/metadata.name".to_owned(), name.to_owned())];
    NetworkPolicyPeer { namespace_selector: Some(labels(label.into())), ..NetworkPolicyPeer::default() }
}

fn port(port: i32, protocol: &str) -> NetworkPolicyPort {
    NetworkPolicyPort {
        port: Some(IntOrString::Int(port)),
        protocol: Some(protocol.to_owned()),
        ..NetworkPolicyPort::default()
    }
}
