//! The chart's values: every one is explained and used, and what is not one is refused.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use serde_json::{Value, json};
use troupe_test_cluster::chart_programs;

use crate::{chart, file, render, run};

/// Values that are passed on as they are: what is in them is Kubernetes' to check.
const OPEN: [&str; 8] = [
    "/operator/podLabels",
    "/operator/podAnnotations",
    "/operator/nodeSelector",
    "/operator/affinity",
    "/operator/resources",
    "/runtime/resources",
    "/sandbox/resources",
    "/mcp/resources",
];

fn values(path: &Path) -> Value {
    serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Pointers of every value that is no map, and of the maps that are open; of every map too, where asked for.
fn pointers(value: &Value, at: &str, maps: bool, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if !OPEN.contains(&at) && !at.ends_with("/serviceMonitor/labels") => {
            if maps {
                found.insert(at.to_owned());
            }
            fields.iter().for_each(|(name, value)| pointers(value, &format!("{at}/{name}"), maps, found));
        }
        _ => {
            found.insert(at.to_owned());
        }
    }
}

fn leaves(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    pointers(value, "", false, &mut found);
    found
}

fn set(value: &mut Value, pointer: &str, to: Value) {
    *value.pointer_mut(pointer).expect("it is a value") = to;
}

/// Helm's words on values, where it refuses them.
fn refusal(helm: &Path, values: &Value) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("values.yaml");
    fs::write(&path, serde_json::to_string(values).unwrap()).unwrap();
    run(Command::new(helm).args(["template", "troupe"]).arg(chart()).arg("--values").arg(path)).err()
}

#[test]
fn every_value_is_explained() {
    let text = fs::read_to_string(chart().join("values.yaml")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut path: Vec<(usize, &str)> = Vec::new();
    let mut explained = BTreeSet::new();
    for (number, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let Some((name, _)) = line.trim_start().split_once(':').filter(|_| !line.trim_start().starts_with('#')) else {
            continue;
        };
        path.retain(|(depth, _)| *depth < indent);
        path.push((indent, name));
        let comment: Vec<_> =
            lines[..number].iter().rev().take_while(|line| line.trim_start().starts_with('#')).collect();
        if comment.iter().any(|line| line.trim_start().starts_with("# -- ")) {
            let names: Vec<_> = path.iter().map(|(_, name)| *name).collect();
            explained.insert(format!("/{}", names.join("/")));
        }
    }
    let missing: Vec<_> = leaves(&values(&chart().join("values.yaml"))).difference(&explained).cloned().collect();
    assert!(missing.is_empty(), "values.yaml does not explain {missing:?}");
}

#[test]
fn every_value_is_used() {
    let Some(programs) = chart_programs().unwrap() else { return };
    let helm = programs.join("helm");
    let (default, all) = (values(&chart().join("values.yaml")), values(&file("values/everything.yaml")));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("values.yaml");
    let rendered = |values: &Value| {
        fs::write(&path, serde_json::to_string(values).unwrap()).unwrap();
        render(&helm, Some(&path))
    };
    let whole = rendered(&all);
    let mut unused = Vec::new();
    for pointer in leaves(&default) {
        let own = all.pointer(&pointer).unwrap_or_else(|| panic!("values/everything.yaml lacks {pointer}")).clone();
        let common = default.pointer(&pointer).unwrap().clone();
        let mut without = all.clone();
        // Tags count where there are no digests.
        if let Some(image) = pointer.strip_suffix("/tag") {
            set(&mut without, &format!("{image}/digest"), json!(""));
            let with = rendered(&without);
            set(&mut without, &pointer, common);
            if rendered(&without) == with {
                unused.push(pointer);
            }
            continue;
        }
        let other =
            if own == common { json!(!own.as_bool().expect("only switches are as by default")) } else { common };
        set(&mut without, &pointer, other);
        if rendered(&without) == whole {
            unused.push(pointer);
        }
    }
    assert!(unused.is_empty(), "no template uses {unused:?}");
}

#[test]
fn what_is_no_value_is_refused() {
    let Some(programs) = chart_programs().unwrap() else { return };
    let helm = programs.join("helm");
    let all = values(&file("values/everything.yaml"));
    assert_eq!(refusal(&helm, &all), None);
    let mut maps = BTreeSet::new();
    pointers(&all, "", true, &mut maps);
    maps.retain(|pointer| all.pointer(pointer).is_some_and(Value::is_object));
    maps.retain(|pointer| !OPEN.contains(&pointer.as_str()) || pointer.ends_with("/resources"));
    maps.retain(|pointer| !pointer.ends_with("/labels"));
    maps.extend(["/imagePullSecrets/0", "/httpRoutes/0"].map(str::to_owned));
    assert!(maps.len() > 20, "{maps:?}");
    for pointer in &maps {
        let mut wrong = all.clone();
        wrong.pointer_mut(pointer).unwrap().as_object_mut().unwrap().insert("unknwon".to_owned(), json!(1));
        let said = refusal(&helm, &wrong).unwrap_or_else(|| panic!("{pointer}/unknwon is taken"));
        assert!(said.contains("unknwon"), "{pointer}: {said}");
    }
}

#[test]
fn values_of_a_wrong_type_are_refused() {
    let Some(programs) = chart_programs().unwrap() else { return };
    let helm = programs.join("helm");
    let all = values(&file("values/everything.yaml"));
    for pointer in leaves(&all) {
        let other = match all.pointer(&pointer).unwrap() {
            Value::String(_) => json!(["a list"]),
            _ => json!("a text"),
        };
        let mut wrong = all.clone();
        set(&mut wrong, &pointer, other);
        assert!(refusal(&helm, &wrong).is_some(), "{pointer} takes any type");
    }
    for (pointer, value) in [
        ("/operator/replicas", json!(-1)),
        ("/operator/concurrency", json!(0)),
        ("/operator/watchNamespaces", json!(["Not_A_Name"])),
        ("/operator/watchNamespaces", json!(["twice", "twice"])),
        ("/operator/image/digest", json!("sha256:short")),
        ("/operator/podLabels", json!({"number": 1})),
        ("/operator/tolerations", json!(["a text"])),
        ("/image/pullPolicy", json!("Sometimes")),
        ("/network/apiServerNetworks", json!(["10.0.0.1"])),
        ("/metrics/serviceMonitor/interval", json!("often")),
        ("/httpRoutes", json!([{"namespace": "a"}])),
        ("/httpRoutes", json!([{"namespace": "a", "parentRefs": []}])),
        ("/imagePullSecrets", json!(["registry"])),
        ("/caBundle/key", json!("")),
    ] {
        let mut wrong = all.clone();
        set(&mut wrong, pointer, value.clone());
        assert!(refusal(&helm, &wrong).is_some(), "{pointer} takes {value}");
    }
}
