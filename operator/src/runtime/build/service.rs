//! The Service of a runtime: the API, and the metrics for whoever scrapes Services.

use k8s_openapi::{
    api::core::v1::{Service, ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::Input;
use crate::{
    names,
    runtime::{METRICS_PORT, PORT},
};

/// The Service.
pub fn build(input: &Input<'_>) -> Service {
    Service {
        metadata: input.marks.metadata(names::RUNTIME),
        spec: Some(ServiceSpec {
            selector: Some(input.marks.selector()),
            ports: Some(vec![port("http", PORT), port("metrics", METRICS_PORT)]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn port(name: &str, port: i32) -> ServicePort {
    ServicePort {
        name: Some(name.to_owned()),
        port,
        protocol: Some("TCP".to_owned()),
        target_port: Some(IntOrString::String(name.to_owned())),
        ..ServicePort::default()
    }
}
