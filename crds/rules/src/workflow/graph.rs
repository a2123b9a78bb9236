//! The graph of a Workflow: every node can be reached, and every cycle can be left.

use std::collections::{BTreeMap, BTreeSet};

use troupe_crds::{
    WorkflowSpec,
    workflow::{Edge, NodeType},
};

use super::about;
use crate::{cycle, violation::Findings};

/// Adds unreachable nodes and cycles that no condition guards.
pub fn check(spec: &WorkflowSpec, findings: &mut Findings) {
    check_reachable(spec, findings);
    check_cycles(spec, findings);
}

/// The nodes with which a run begins: the `start`, else those that no edge enters.
pub fn entries(spec: &WorkflowSpec) -> Vec<&str> {
    let starts: Vec<&str> =
        spec.nodes.iter().filter(|node| node.type_ == NodeType::Start).map(|node| node.id.as_str()).collect();
    if !starts.is_empty() {
        return starts;
    }
    let entered: BTreeSet<&str> = spec.edges.iter().map(|edge| edge.target.as_str()).collect();
    spec.nodes.iter().map(|node| node.id.as_str()).filter(|id| !entered.contains(id)).collect()
}

fn check_reachable(spec: &WorkflowSpec, findings: &mut Findings) {
    let mut pending = entries(spec);
    if pending.is_empty() && !spec.nodes.is_empty() {
        findings.add("spec.nodes", "an edge enters every node, so that no run can begin: add a node of type start");
        return;
    }
    let next = successors(spec, |_| true);
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    while let Some(id) = pending.pop() {
        if reached.insert(id) {
            pending.extend(next.get(id).into_iter().flatten());
        }
    }
    for (index, node) in spec.nodes.iter().enumerate().filter(|(_, node)| !reached.contains(node.id.as_str())) {
        let message = "no path leads here: add an edge to it, or remove the node";
        findings.add(format!("spec.nodes[{index}]"), about(node, message));
    }
}

fn check_cycles(spec: &WorkflowSpec, findings: &mut Findings) {
    // A conditional edge is left out: a cycle that contains one ends when its node chooses the other route.
    for nodes in cycle::cycles(&successors(spec, |edge| edge.condition.is_none())) {
        let Some((index, node)) =
            spec.nodes.iter().enumerate().find(|(_, node)| nodes.first().is_some_and(|first| *first == node.id))
        else {
            continue;
        };
        let message = format!(
            "it is part of the cycle {}, which nothing ends: let an if-else choose one of its edges by condition",
            cycle::shown(&nodes)
        );
        findings.add(format!("spec.nodes[{index}]"), about(node, &message));
    }
}

fn successors(spec: &WorkflowSpec, counts: impl Fn(&Edge) -> bool) -> BTreeMap<&str, Vec<&str>> {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for edge in spec.edges.iter().filter(|edge| counts(edge)) {
        next.entry(edge.source.as_str()).or_default().push(edge.target.as_str());
    }
    next
}
