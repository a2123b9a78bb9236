//! Rules of a Workflow: its nodes, its graph, and what its texts and expressions name.

use std::collections::BTreeSet;

use troupe_crds::{
    WorkflowSpec,
    workflow::{Node, NodeType},
};

use crate::{reference::References, schema, violation::Findings};

pub mod graph;
pub mod node;

/// Adds what is wrong with a Workflow; each message begins with the node's id where it is about one.
pub fn check(spec: &WorkflowSpec, findings: &mut Findings) {
    if let Some(input) = &spec.input {
        schema::check("spec.input", input, findings);
    }
    check_ids(&spec.nodes, findings);
    let ids: BTreeSet<&str> = spec.nodes.iter().map(|node| node.id.as_str()).collect();
    for (index, node) in spec.nodes.iter().enumerate() {
        node::check(&format!("spec.nodes[{index}]"), node, &ids, findings);
    }
    check_edges(spec, findings);
    graph::check(spec, findings);
}

fn check_ids(nodes: &[Node], findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    let mut start = None;
    for (index, node) in nodes.iter().enumerate() {
        let path = format!("spec.nodes[{index}]");
        if !seen.insert(node.id.as_str()) {
            findings.add(format!("{path}.id"), about(node, "another node has the same id: rename one of the two"));
        }
        if node.type_ != NodeType::Start {
            continue;
        }
        if let Some(first) = start.replace(node.id.as_str()) {
            let message = format!("{first:?} is a start already: remove one of the two");
            findings.add(format!("{path}.type"), about(node, &message));
        }
    }
}

fn check_edges(spec: &WorkflowSpec, findings: &mut Findings) {
    for (index, edge) in spec.edges.iter().enumerate() {
        let path = format!("spec.edges[{index}]");
        for (field, id) in [("source", &edge.source), ("target", &edge.target)] {
            if !spec.nodes.iter().any(|node| node.id == *id) {
                let message = format!("node {id:?} is unknown: use the id of one of nodes, or remove the edge");
                findings.add(format!("{path}.{field}"), message);
            }
        }
        let Some(source) = spec.nodes.iter().find(|node| node.id == edge.source) else { continue };
        if let Some(message) = edge.condition.as_deref().and_then(|condition| wrong_route(source, condition)) {
            findings.add(format!("{path}.condition"), about(source, &message));
        }
        if spec.nodes.iter().any(|node| node.id == edge.target && node.type_ == NodeType::Start) {
            let message = format!("node {:?}: no edge enters a start: remove the edge", edge.target);
            findings.add(format!("{path}.target"), message);
        }
        if spec.edges.iter().take(index).any(|earlier| earlier == edge) {
            findings.add(path, "the same edge stands twice: remove one");
        }
    }
}

/// The routes that a node chooses from; none for a type that chooses none.
pub fn routes(type_: NodeType) -> &'static [&'static str] {
    match type_.canonical() {
        NodeType::IfElse => &["true", "false"],
        NodeType::Approval => &["approved", "rejected"],
        _ => &[],
    }
}

fn wrong_route(source: &Node, condition: &str) -> Option<String> {
    let routes = routes(source.type_);
    if routes.contains(&condition) {
        return None;
    }
    Some(if routes.is_empty() {
        format!("a node of type {} chooses no route: remove condition, or put an if-else between", source.type_)
    } else {
        format!("{condition:?} is no route of it: use one of {}", routes.join(", "))
    })
}

/// A message that begins with the node's id.
pub fn about(node: &Node, message: &str) -> String {
    format!("node {:?}: {message}", node.id)
}

/// Adds what a Workflow refers to.
pub fn references(spec: &WorkflowSpec, references: &mut References) {
    for (index, node) in spec.nodes.iter().enumerate() {
        node::references(&format!("spec.nodes[{index}].config"), node.type_, &node.config, references);
    }
}
