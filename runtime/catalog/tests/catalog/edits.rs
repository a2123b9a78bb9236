//! Whatever is written is what is read back.

use proptest::prelude::*;
use serde_json::{Value, json};
use troupe_catalog::WriteOptions;
use troupe_crds::{Kind, Resource};

use crate::folder::{MODEL, Setting, entry};

const ONE: &str = "\
# Leading.
---
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata:
  name: one # the name
  labels: {a: b}
spec:
  # The model.
  modelRef: {name: small} # cheap
  parameters:
    temperature: 0.5
  systemPrompt:
    text: |
      # Heading
      Text.
  tools:
    - builtin: Bash # careful
    - {builtin: Fetch}
---
# Trailing.
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata: {name: two}
spec: {modelRef: {name: small}}
";

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,8}", "[ -~\n]{0,30}", "\\PC{0,10}", Just("yes".to_owned()), Just("# x\n- y: z\n".to_owned())]
}

fn spec() -> impl Strategy<Value = Value> {
    let builtin = prop::sample::select(vec!["Bash", "Fetch", "ReadFile", "WriteFile"]);
    let tools = prop::collection::vec((builtin, any::<bool>()), 0..4).prop_map(|tools| {
        let tool = |(builtin, asks): (&str, bool)| {
            if asks { json!({"builtin": builtin, "approval": "Always"}) } else { json!({"builtin": builtin}) }
        };
        tools.into_iter().map(tool).collect::<Vec<_>>()
    });
    let parameters = prop::collection::btree_map(
        "[a-z_]{1,6}",
        prop_oneof![text().prop_map(Value::from), any::<i32>().prop_map(Value::from)],
        0..4,
    );
    (prop::option::of(text()), prop::option::of(text()), tools, parameters, prop::option::of(1..50u32)).prop_map(
        |(description, prompt, tools, parameters, rounds)| {
            let mut spec = json!({"modelRef": {"name": "small"}});
            if let Some(description) = description {
                spec["description"] = description.into();
            }
            if let Some(prompt) = prompt {
                spec["systemPrompt"] = json!({"text": prompt});
            }
            if !tools.is_empty() {
                spec["tools"] = tools.into();
            }
            if !parameters.is_empty() {
                spec["parameters"] = json!(parameters);
            }
            if let Some(rounds) = rounds {
                spec["limits"] = json!({"maxToolRounds": rounds});
            }
            spec
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_applied_is_what_is_loaded(specs in prop::collection::vec(spec(), 1..3)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let setting = Setting::with(&format!("{MODEL}{ONE}"));
            let catalog = setting.open_first().await;
            for spec in specs {
                let document = json!({
                    "apiVersion": "troupe.dev/v1alpha1", "kind": "Agent", "metadata": {"name": "one"}, "spec": spec,
                });
                let Ok(resource) = Resource::from_value(document) else { continue };
                if catalog.apply(resource.clone(), WriteOptions::default()).await.is_err() {
                    continue;
                }
                let again = setting.open_first().await;
                let loaded = entry(&again, Kind::Agent, "one");
                let (Resource::Agent(applied), Resource::Agent(loaded)) = (&resource, loaded.newest.as_deref().unwrap()) else {
                    panic!("an Agent stays one")
                };
                assert_eq!(applied.spec, loaded.spec);
                let text = setting.read("first/all.yaml");
                assert!(text.starts_with(MODEL) && text.contains("# Leading.\n---\n"), "{text}");
                assert!(text.ends_with("---\n# Trailing.\napiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata: {name: two}\nspec: {modelRef: {name: small}}\n"), "{text}");
            }
        });
    }
}
