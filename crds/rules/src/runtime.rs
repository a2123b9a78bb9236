//! Rules of a Runtime.

use std::net::IpAddr;

use troupe_crds::{
    RuntimeSpec,
    runtime::{AccessMode, RUNTIME_NAME, Storage, rule},
};

use crate::{
    agent::{check_context, check_tools, tool_references},
    connection::check_environment,
    reference::References,
    violation::Findings,
};

/// Adds what is wrong with a Runtime.
pub fn check(name: &str, spec: &RuntimeSpec, findings: &mut Findings) {
    findings.require(name == RUNTIME_NAME, "metadata.name", rule::SINGLETON);
    check_replicas(spec, findings);
    let user = spec.pod_template.as_ref().and_then(|template| template.run_as_user);
    findings.require(user.is_none(), "spec", rule::NO_RUN_AS_USER);
    if let Some(Storage { sqlite, postgres }) = &spec.storage {
        findings.require_one(&[sqlite.is_some(), postgres.is_some()], "spec.storage", rule::ONE_STORAGE);
    }
    if let Some(workspace) = &spec.workspace {
        let own = workspace.size.is_some() || workspace.storage_class_name.is_some();
        findings.require(workspace.existing_claim.is_none() || !own, "spec.workspace", rule::CLAIM_OR_SIZE);
    }
    if let Some(bundle) = &spec.ca_bundle {
        let present = [bundle.secret_key_ref.is_some(), bundle.config_map_key_ref.is_some()];
        findings.require_one(&present, "spec.caBundle", rule::ONE_BUNDLE);
    }
    check_environment("spec.env", &spec.env, findings);
    check_egress(spec, findings);
    if let Some(defaults) = &spec.defaults {
        check_tools("spec.defaults.tools", &defaults.tools, findings);
        check_context("spec.defaults.context", defaults.context.as_ref(), findings);
    }
}

fn check_replicas(spec: &RuntimeSpec, findings: &mut Findings) {
    let single = spec.replicas <= 1;
    let postgres = spec.storage.as_ref().is_some_and(|storage| storage.postgres.is_some());
    findings.require(single || postgres, "spec", rule::REPLICAS_NEED_POSTGRES);
    let shared = spec.workspace.as_ref().is_none_or(|workspace| workspace.access_mode == AccessMode::ReadWriteMany);
    findings.require(single || shared, "spec", rule::REPLICAS_NEED_SHARED_WORKSPACE);
}

fn check_egress(spec: &RuntimeSpec, findings: &mut Findings) {
    for (index, allowed) in spec.egress.iter().flat_map(|egress| &egress.allow).enumerate() {
        let path = format!("spec.egress.allow[{index}]");
        let excepted = allowed.except.iter().enumerate();
        let excepted = excepted.map(|(index, cidr)| (format!("{path}.except[{index}]"), cidr));
        for (path, cidr) in std::iter::once((format!("{path}.cidr"), &allowed.cidr)).chain(excepted) {
            if !is_network(cidr) {
                findings
                    .add(path, format!("{cidr:?} is no network: write it as address and length, such as 10.0.0.0/8"));
            }
        }
    }
}

fn is_network(cidr: &str) -> bool {
    let Some((address, length)) = cidr.split_once('/') else { return false };
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    length.parse::<u8>().is_ok_and(|length| length <= most)
}

/// Adds what a Runtime refers to.
pub fn references(spec: &RuntimeSpec, references: &mut References) {
    if let Some(bundle) = &spec.ca_bundle {
        if let Some(secret) = &bundle.secret_key_ref {
            references.secret("spec.caBundle.secretKeyRef", secret);
        }
        if let Some(config_map) = &bundle.config_map_key_ref {
            references.config_map_key("spec.caBundle.configMapKeyRef", config_map);
        }
    }
    if let Some(postgres) = spec.storage.as_ref().and_then(|storage| storage.postgres.as_ref()) {
        references.secret("spec.storage.postgres.urlSecretKeyRef", &postgres.url_secret_key_ref);
    }
    references.environment("spec.env", &spec.env);
    let Some(defaults) = &spec.defaults else { return };
    references.optional("spec.defaults.modelRef", defaults.model_ref.as_ref());
    references.optional("spec.defaults.summaryModelRef", defaults.summary_model_ref.as_ref());
    let summary = defaults.context.as_ref().and_then(|context| context.summary_model_ref.as_ref());
    references.optional("spec.defaults.context.summaryModelRef", summary);
    tool_references("spec.defaults.tools", &defaults.tools, references);
}
