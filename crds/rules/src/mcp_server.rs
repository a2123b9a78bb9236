//! Rules of an McpServer.

use std::collections::BTreeMap;

use troupe_crds::{
    McpServerSpec,
    mcp_server::{HttpServer, ONE_AUTH, ONE_TRANSPORT, PROCESS_RANGE, StdioServer, ToolFilter},
};

use crate::{
    connection::{check_environment, check_headers, check_url},
    reference::References,
    tool::is_tool_name,
    violation::Findings,
};

/// Adds what is wrong with an McpServer.
pub fn check(spec: &McpServerSpec, findings: &mut Findings) {
    findings.require_one(&[spec.stdio.is_some(), spec.http.is_some()], "spec", ONE_TRANSPORT);
    if let Some(stdio) = &spec.stdio {
        check_stdio(stdio, findings);
    }
    if let Some(http) = &spec.http {
        check_http(http, findings);
        let workload = [("resources", spec.resources.is_some()), ("podTemplate", spec.pod_template.is_some())];
        for (field, _) in workload.into_iter().filter(|(_, present)| *present) {
            findings.add(format!("spec.{field}"), format!("an http server has no pods: remove {field}"));
        }
    }
    if let Some(filter) = &spec.tool_filter {
        check_filter(filter, findings);
    }
}

fn check_stdio(stdio: &StdioServer, findings: &mut Findings) {
    check_environment("spec.stdio.env", &stdio.env, findings);
    if let Some(processes) = &stdio.processes {
        findings.require(processes.min <= processes.max, "spec.stdio.processes", PROCESS_RANGE);
    }
}

fn check_http(http: &HttpServer, findings: &mut Findings) {
    check_url("spec.http.url", &http.url, findings);
    check_headers("spec.http.headers", &http.headers, findings);
    let Some(auth) = &http.auth else { return };
    let present = [auth.oauth_client_credentials.is_some(), auth.bearer_secret_key_ref.is_some()];
    findings.require_one(&present, "spec.http.auth", ONE_AUTH);
    if let Some(oauth) = &auth.oauth_client_credentials {
        check_url("spec.http.auth.oauthClientCredentials.tokenUrl", &oauth.token_url, findings);
    }
}

fn check_filter(filter: &ToolFilter, findings: &mut Findings) {
    let mut targets: BTreeMap<&str, &str> = BTreeMap::new();
    for (from, to) in &filter.rename {
        let path = format!("spec.toolFilter.rename.{from}");
        if !is_tool_name(to) {
            findings.add(&path, format!("{to:?} is no name for a tool: use 1 to 64 letters, digits, _ and - only"));
        }
        if let Some(other) = targets.insert(to, from) {
            findings.add(&path, format!("{other} is renamed to {to} as well: choose two names"));
        }
    }
}

/// Adds what an McpServer refers to.
pub fn references(spec: &McpServerSpec, references: &mut References) {
    if let Some(stdio) = &spec.stdio {
        references.environment("spec.stdio.env", &stdio.env);
    }
    let Some(http) = &spec.http else { return };
    references.headers("spec.http.headers", &http.headers);
    references.tls("spec.http.tls", http.tls.as_ref());
    let Some(auth) = &http.auth else { return };
    if let Some(oauth) = &auth.oauth_client_credentials {
        references.secret("spec.http.auth.oauthClientCredentials.clientSecretKeyRef", &oauth.client_secret_key_ref);
    }
    if let Some(bearer) = &auth.bearer_secret_key_ref {
        references.secret("spec.http.auth.bearerSecretKeyRef", bearer);
    }
}
