//! What the definitions of our kinds say, read from the chart's copies.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

/// A rule that an API server enforces: its kind, where it stands (`spec.tools[]`), and what it says when it is broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rule {
    pub(crate) kind: String,
    pub(crate) at: String,
    pub(crate) says: String,
}

/// Every rule of every definition.
pub(crate) fn rules() -> BTreeSet<Rule> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/troupe/files/crds");
    let mut rules = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let definition: Value = serde_yaml::from_str(&fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        let kind = definition["spec"]["names"]["kind"].as_str().unwrap();
        for version in definition["spec"]["versions"].as_array().unwrap() {
            walk(kind, "", &version["schema"]["openAPIV3Schema"], &mut rules);
        }
    }
    rules
}

fn walk(kind: &str, at: &str, schema: &Value, rules: &mut BTreeSet<Rule>) {
    for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        let says = rule["message"].as_str().expect("a rule says what is wrong").to_owned();
        rules.insert(Rule { kind: kind.to_owned(), at: at.to_owned(), says });
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let below = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        walk(kind, &below, property, rules);
    }
    if schema["items"].is_object() {
        walk(kind, &format!("{at}[]"), &schema["items"], rules);
    }
    if schema["additionalProperties"].is_object() {
        walk(kind, &format!("{at}[]"), &schema["additionalProperties"], rules);
    }
}
