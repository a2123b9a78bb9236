//! Objects that refer to themselves through others: agents without a limit of depth, teams, workflows, includes.

use std::collections::{BTreeMap, BTreeSet};

use troupe_crds::{Agent, Kind, Resource};

use crate::{
    reference::{Reference, references},
    violation::Violation,
};

/// A violation of one of several objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectViolation {
    /// Kind of the object.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub violation: Violation,
}

/// Every cycle of references that would never end, as one violation for each of its objects.
///
/// Agents may call each other in a circle where one of them limits the depth with `delegation.maxDepth`; every way
/// round passes that one. Teams, workflows and templates have no such limit.
pub fn check<'a>(resources: impl IntoIterator<Item = &'a Resource>) -> Vec<ObjectViolation> {
    let mut graphs: BTreeMap<Kind, Graph> = BTreeMap::new();
    for resource in resources {
        let Some(kind) = resource.kind().filter(|kind| remedy(*kind).is_some()) else { continue };
        if is_limited(resource) {
            continue;
        }
        let inner = references(resource).objects.into_iter().filter(|reference| reference.kind == kind).collect();
        graphs.entry(kind).or_default().insert(resource.name().to_owned(), inner);
    }
    graphs.iter().flat_map(|(kind, graph)| violations(*kind, graph)).collect()
}

type Graph = BTreeMap<String, Vec<Reference>>;

fn is_limited(resource: &Resource) -> bool {
    matches!(resource, Resource::Agent(agent) if is_depth_limited(agent))
}

/// Whether an agent says how deep its sub-agents may go.
pub fn is_depth_limited(agent: &Agent) -> bool {
    agent.spec.delegation.is_some()
}

fn remedy(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Agent => Some("set delegation.maxDepth on one of them, or remove one of the references"),
        Kind::Team | Kind::Workflow | Kind::PromptTemplate => Some("remove one of the references"),
        Kind::Model | Kind::Tool | Kind::McpServer | Kind::Runtime => None,
    }
}

fn violations(kind: Kind, graph: &Graph) -> Vec<ObjectViolation> {
    let targets = |references: &'_ Vec<Reference>| references.iter().map(|reference| reference.name.clone()).collect();
    let owned: BTreeMap<&str, Vec<String>> =
        graph.iter().map(|(name, references)| (name.as_str(), targets(references))).collect();
    let edges = owned.iter().map(|(name, targets)| (*name, targets.iter().map(String::as_str).collect())).collect();
    let mut found = Vec::new();
    for names in cycles(&edges) {
        let message = format!(
            "{} refer to each other without end ({}): {}",
            if names.len() == 1 { "the object's references" } else { "these objects" },
            shown(&names),
            remedy(kind).unwrap_or_default()
        );
        for (position, name) in names.iter().enumerate() {
            let next = names.get(position + 1).or(names.first());
            let reference = graph.get(name).into_iter().flatten().find(|reference| Some(&reference.name) == next);
            let path = reference.map_or_else(|| "spec".to_owned(), |reference| reference.path.clone());
            let violation = Violation { path, message: message.clone() };
            found.push(ObjectViolation { kind, name: name.clone(), violation });
        }
    }
    found
}

/// A cycle as people read it: `a -> b -> a`.
pub fn shown(names: &[String]) -> String {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.extend(names.first().copied());
    names.join(" -> ")
}

/// Cycles of a graph, until what is left has none: every node that is part of a cycle is in one that is returned, or
/// shares its cycles with nodes that are. Each begins with its least name, so that equal graphs give equal answers.
pub fn cycles(edges: &BTreeMap<&str, Vec<&str>>) -> Vec<Vec<String>> {
    let mut state = Search { edges, done: BTreeSet::new(), found: Vec::new() };
    for start in edges.keys() {
        state.walk(start);
    }
    state.found
}

struct Search<'a> {
    edges: &'a BTreeMap<&'a str, Vec<&'a str>>,
    /// Nodes from which every way has been followed.
    done: BTreeSet<&'a str>,
    found: Vec<Vec<String>>,
}

impl<'a> Search<'a> {
    /// Follows every way from a node once. A list of its own stands for the call stack, since ten thousand agents in a
    /// row would overflow that.
    fn walk(&mut self, start: &'a str) {
        let mut way: Vec<(&'a str, usize)> = Vec::new();
        let mut on_way: BTreeSet<&'a str> = BTreeSet::new();
        if !self.done.contains(start) {
            way.push((start, 0));
            on_way.insert(start);
        }
        while let Some((node, next)) = way.last_mut() {
            let target = self.edges.get(*node).and_then(|targets| targets.get(*next)).copied();
            *next += 1;
            match target {
                None => {
                    self.done.insert(*node);
                    on_way.remove(*node);
                    way.pop();
                }
                Some(target) if on_way.contains(target) => {
                    let from = way.iter().position(|(node, _)| *node == target).unwrap_or_default();
                    let cycle = way.iter().skip(from).map(|(node, _)| (*node).to_owned()).collect();
                    let cycle = least_first(cycle);
                    if !self.found.contains(&cycle) {
                        self.found.push(cycle);
                    }
                }
                Some(target) if self.done.contains(target) => {}
                Some(target) => {
                    way.push((target, 0));
                    on_way.insert(target);
                }
            }
        }
    }
}

fn least_first(mut cycle: Vec<String>) -> Vec<String> {
    let least = cycle.iter().enumerate().min_by_key(|(_, name)| name.as_str()).map_or(0, |(position, _)| position);
    cycle.rotate_left(least);
    cycle
}
