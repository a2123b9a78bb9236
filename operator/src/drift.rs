//! Whether an object still is what was applied: what the API server added is left alone, what somebody changed is not.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    child::{APPLIED, Child, Desired},
    fingerprint::fingerprint,
};

/// Fields by which the API server tells the entries of a list apart; lists of other names are whole values.
const LIST_KEYS: [(&str, &[&str]); 13] = [
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("env", &["name"]),
    ("volumes", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("imagePullSecrets", &["name"]),
    ("ownerReferences", &["uid"]),
    ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    // A container's ports and a Service's.
    ("ports", &["containerPort", "port", "protocol"]),
    ("accessModes", &[]),
    ("tolerations", &[]),
    ("subjects", &[]),
    ("rules", &[]),
];

/// The fingerprint of an object that is to be applied, as its annotation has it.
pub fn applied(desired: &Desired) -> String {
    let fields = desired.value.as_object().into_iter().flatten();
    format!("{:016x}", fingerprint(fields))
}

/// The object with its own fingerprint in the annotation.
pub fn with_fingerprint(desired: &Desired) -> Value {
    let fingerprint = applied(desired);
    let mut value = desired.value.clone();
    if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
        let annotations = metadata.entry("annotations").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Value::Object(annotations) = annotations {
            annotations.insert(APPLIED.to_owned(), Value::String(fingerprint));
        }
    }
    value
}

/// Whether an object must be applied: something else was applied last, or somebody changed a field of it since.
pub fn differs(desired: &Desired, child: &Child) -> bool {
    child.applied.as_deref() != Some(&applied(desired)) || !is_within("", &desired.value, &child.value())
}

/// Whether all that is wanted is there; more may be there.
fn is_within(field: &str, wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted
            .iter()
            .all(|(name, value)| is_empty(value) || found.get(name).is_some_and(|found| is_within(name, value, found))),
        (Value::Array(wanted), Value::Array(found)) => list_is_within(field, wanted, found),
        (Value::String(wanted), Value::String(found)) => wanted == found || is_same_quantity(wanted, found),
        (wanted, found) => wanted == found,
    }
}

/// The API server leaves out what is empty.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(is_empty) && fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn list_is_within(field: &str, wanted: &[Value], found: &[Value]) -> bool {
    let keys = LIST_KEYS.iter().find(|(name, _)| *name == field).map_or(&[][..], |(_, keys)| keys);
    let is_keyed = !keys.is_empty() && wanted.iter().all(Value::is_object);
    if !is_keyed {
        return wanted.len() == found.len()
            && wanted.iter().zip(found).all(|(wanted, found)| is_within("", wanted, found));
    }
    let key = |item: &Value| -> Vec<Option<Value>> { keys.iter().map(|key| item.get(*key).cloned()).collect() };
    // What the wanted entry does not say is no part of its key: a port's protocol is filled in.
    let matches = |wanted: &Value, found: &Value| {
        key(wanted).iter().zip(key(found)).all(|(wanted, found)| wanted.is_none() || *wanted == found)
    };
    wanted.iter().all(|wanted| found.iter().any(|found| matches(wanted, found) && is_within("", wanted, found)))
}

/// The API server writes quantities its own way: `1000m` becomes `1`.
fn is_same_quantity(left: &str, right: &str) -> bool {
    matches!((quantity(left), quantity(right)), (Some(left), Some(right)) if (left - right).abs() <= left.abs() * 1e-12)
}

/// A quantity as a number; none where it is none.
pub fn quantity(text: &str) -> Option<f64> {
    let suffixes: BTreeMap<&str, f64> = BTreeMap::from([
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("", 1.0),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("Ei", 1_152_921_504_606_846_976.0),
    ]);
    if let Ok(number) = text.parse::<f64>() {
        return text.starts_with(|c: char| c.is_ascii_digit() || c == '.').then_some(number);
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, suffix) = text.split_at_checked(end)?;
    Some(number.parse::<f64>().ok()? * suffixes.get(suffix)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_server_adds_is_no_drift() {
        let wanted = json!({"spec": {"replicas": 1, "ports": [{"port": 80}], "resources": {"cpu": "1000m"}, "x": {}}});
        let found = json!({"spec": {"replicas": 1, "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
            "resources": {"cpu": "1", "memory": "1Gi"}, "type": "ClusterIP"}, "status": {}});
        assert!(is_within("", &wanted, &found));
    }

    #[test]
    fn what_somebody_changes_is_drift() {
        let wanted =
            json!({"rules": [{"verbs": ["get"], "resourceNames": ["a"]}], "containers": [{"name": "a", "image": "x"}]});
        for (pointer, value) in [
            ("/rules/0/resourceNames", json!(["a", "b"])),
            ("/rules", json!([])),
            ("/containers/0/image", json!("y")),
            ("/containers", json!([{"name": "b", "image": "x"}])),
        ] {
            let mut found = wanted.clone();
            *found.pointer_mut(pointer).unwrap() = value;
            assert!(!is_within("", &wanted, &found), "{pointer}");
        }
    }

    #[test]
    fn entries_that_others_add_to_a_keyed_list_stay() {
        let wanted = json!({"env": [{"name": "A", "value": "1"}]});
        let found = json!({"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]});
        assert!(is_within("", &wanted, &found));
    }

    #[test]
    fn quantities_are_compared_by_value() {
        assert!(is_same_quantity("0.5", "500m") && is_same_quantity("1Gi", "1024Mi"));
        assert!(!is_same_quantity("1", "2") && !is_same_quantity("a", "b") && !is_same_quantity("inf", "infinity"));
    }
}
