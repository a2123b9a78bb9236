//! Rules of headers, variables and addresses, wherever they stand.

use troupe_crds::{
    cel,
    connection::{EnvironmentVariable, Header},
};

use crate::violation::Findings;

/// Each header has one source, and stands once.
pub fn check_headers(path: &str, headers: &[Header], findings: &mut Findings) {
    for (index, header) in headers.iter().enumerate() {
        let path = format!("{path}[{index}]");
        findings.require_one(&[header.value.is_some(), header.secret_key_ref.is_some()], &path, cel::VALUE_OR_SECRET);
        if header.value.as_deref().is_some_and(|value| value.contains(['\r', '\n', '\0'])) {
            findings.add(format!("{path}.value"), "a header value is one line: remove the line break");
        }
        if headers.iter().take(index).any(|earlier| earlier.name.eq_ignore_ascii_case(&header.name)) {
            findings.add(format!("{path}.name"), format!("header {} stands twice: remove one", header.name));
        }
    }
}

/// Each variable has one source, and stands once.
pub fn check_environment(path: &str, variables: &[EnvironmentVariable], findings: &mut Findings) {
    for (index, variable) in variables.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let present = [variable.value.is_some(), variable.secret_key_ref.is_some()];
        findings.require_one(&present, &path, cel::VALUE_OR_SECRET);
        if variables.iter().take(index).any(|earlier| earlier.name == variable.name) {
            findings.add(format!("{path}.name"), format!("variable {} stands twice: remove one", variable.name));
        }
    }
}

/// An address of HTTP, as [`cel::HTTP_URL`] says.
pub fn check_url(path: &str, url: &str, findings: &mut Findings) {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.chars().next());
    findings.require(host.is_some_and(|first| first != '/'), path, cel::HTTP_URL);
}
