//! Rules of a Team.

use troupe_crds::{
    TeamSpec,
    team::{MEMBER_NAMES, ONE_AGGREGATION, ONE_MEMBER, SUPERVISOR_IS_MEMBER, SUPERVISOR_NEEDED, Strategy},
};

use troupe_language::placeholder;

use crate::{
    agent::{check_tools, tool_references},
    reference::References,
    violation::Findings,
};

/// Adds what is wrong with a Team.
pub fn check(name: &str, spec: &TeamSpec, findings: &mut Findings) {
    let names: Vec<&str> = spec.members.iter().map(|member| member.name.as_str()).collect();
    let unique = names.iter().enumerate().all(|(index, name)| !names.iter().take(index).any(|earlier| earlier == name));
    findings.require(unique, "spec", MEMBER_NAMES);
    let supervised = spec.strategy != Strategy::Supervisor || spec.supervisor.is_some();
    findings.require(supervised, "spec", SUPERVISOR_NEEDED);
    let member = spec.supervisor.as_deref().is_none_or(|supervisor| names.contains(&supervisor));
    findings.require(member, "spec", SUPERVISOR_IS_MEMBER);
    for (index, member) in spec.members.iter().enumerate() {
        let path = format!("spec.members[{index}]");
        findings.require_one(&[member.agent_ref.is_some(), member.team_ref.is_some()], &path, ONE_MEMBER);
        if member.team_ref.as_ref().is_some_and(|team| team.name == name) {
            findings.add(format!("{path}.teamRef.name"), "a Team cannot be its own member: name another Team");
        }
    }
    if let Some(aggregation) = &spec.aggregation {
        let present = [aggregation.template.is_some(), aggregation.model_ref.is_some()];
        findings.require_one(&present, "spec.aggregation", ONE_AGGREGATION);
        if spec.strategy != Strategy::Parallel {
            findings.add("spec.aggregation", "aggregation is only for strategy Parallel: remove it");
        }
        if let Some(template) = &aggregation.template {
            check_aggregation(template, &names, findings);
        }
    }
    check_tools("spec.tools", &spec.tools, findings);
}

fn check_aggregation(template: &str, members: &[&str], findings: &mut Findings) {
    for name in placeholder::names(template).iter().filter(|name| !members.contains(&name.as_str())) {
        let message = format!("{{{{{name}}}}} is the name of no member: use one of {}", members.join(", "));
        findings.add("spec.aggregation.template", message);
    }
}

/// Adds what a Team refers to.
pub fn references(spec: &TeamSpec, references: &mut References) {
    for (index, member) in spec.members.iter().enumerate() {
        references.optional(format!("spec.members[{index}].agentRef"), member.agent_ref.as_ref());
        references.optional(format!("spec.members[{index}].teamRef"), member.team_ref.as_ref());
    }
    references.optional("spec.modelRef", spec.model_ref.as_ref());
    let aggregation = spec.aggregation.as_ref().and_then(|aggregation| aggregation.model_ref.as_ref());
    references.optional("spec.aggregation.modelRef", aggregation);
    tool_references("spec.tools", &spec.tools, references);
}
