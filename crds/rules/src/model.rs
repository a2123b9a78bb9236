//! Rules of a Model.

use troupe_crds::ModelSpec;

use crate::{
    connection::{check_headers, check_url},
    reference::References,
    violation::Findings,
};

/// Adds what is wrong with a Model.
pub fn check(name: &str, spec: &ModelSpec, findings: &mut Findings) {
    check_url("spec.baseUrl", &spec.base_url, findings);
    check_headers("spec.headers", &spec.headers, findings);
    for (index, fallback) in spec.fallbacks.iter().enumerate() {
        let path = format!("spec.fallbacks[{index}].name");
        if fallback.name == name {
            findings.add(path, "a Model cannot fall back to itself: name another one, or remove this");
        } else if spec.fallbacks.iter().take(index).any(|earlier| earlier.name == fallback.name) {
            findings.add(path, format!("fallback {} stands twice: remove one", fallback.name));
        }
    }
}

/// Adds what a Model refers to.
pub fn references(spec: &ModelSpec, references: &mut References) {
    if let Some(key) = &spec.api_key {
        references.secret("spec.apiKey.secretKeyRef", &key.secret_key_ref);
    }
    references.headers("spec.headers", &spec.headers);
    references.tls("spec.tls", spec.tls.as_ref());
    for (index, fallback) in spec.fallbacks.iter().enumerate() {
        references.object(format!("spec.fallbacks[{index}]"), fallback);
    }
}
