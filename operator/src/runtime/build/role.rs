//! The Role of exactly the Secrets and ConfigMaps that a namespace's resources name.

use k8s_openapi::api::rbac::v1::{PolicyRule, Role};
use serde_json::Value;

use super::Input;
use crate::names;

/// The Role; none where nothing is named, since a rule without names would grant everything.
pub fn build(input: &Input<'_>) -> Option<Role> {
    let rules: Vec<PolicyRule> =
        [rule("secrets", input.secrets), rule("configmaps", input.config_maps)].into_iter().flatten().collect();
    let metadata = input.marks.metadata(names::RUNTIME_SECRETS);
    (!rules.is_empty()).then(|| Role { metadata, rules: Some(rules) })
}

fn rule(resource: &str, names: &[String]) -> Option<PolicyRule> {
    (!names.is_empty()).then(|| PolicyRule {
        api_groups: Some(vec![String::new()]),
        resources: Some(vec![resource.to_owned()]),
        resource_names: Some(names.to_vec()),
        // A watch of one name needs no more than these, by a field selector.
        verbs: ["get", "list", "watch"].map(str::to_owned).into(),
        ..PolicyRule::default()
    })
}

/// The names that an existing Role grants of a resource.
pub fn granted(role: &Value, resource: &str) -> Vec<String> {
    let rules = role.get("rules").and_then(Value::as_array).into_iter().flatten();
    let of = rules.filter(|rule| rule.pointer("/resources/0").and_then(Value::as_str) == Some(resource));
    let names = of.flat_map(|rule| rule.get("resourceNames").and_then(Value::as_array).into_iter().flatten());
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}
