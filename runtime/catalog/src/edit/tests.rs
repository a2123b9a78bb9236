//! What an edit leaves of a person's text.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The document after `change` was made to what it says.
fn edited(document: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_yaml::from_str(document).unwrap();
    change(&mut value);
    edit(document, &value).unwrap()
}

const AGENT: &str = "\
---
# The assistant.
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata:
  name: assistant # do not rename
spec:
  # Which model.
  modelRef: {name: small} # cheap
  parameters:
    temperature: 0.2 # low
    stop: [a, b]
  systemPrompt:
    text: |
      You are kind.

      Be brief.
  # What it may do.
  tools:
    - builtin: Bash # with care
      approval: Always
    - tool: {name: weather}
";

#[test]
fn equal_values_leave_the_text_as_it_is() {
    assert_eq!(edited(AGENT, |_| {}), AGENT);
}

#[test]
fn a_scalar_is_replaced_and_its_comment_stays() {
    let text = edited(AGENT, |value| value["spec"]["parameters"]["temperature"] = json!(0.7));
    assert_eq!(text, AGENT.replace("0.2 # low", "0.7 # low"));
}

#[test]
fn a_scalar_in_a_flow_mapping_is_replaced() {
    let text = edited(AGENT, |value| value["spec"]["modelRef"]["name"] = json!("large"));
    assert_eq!(text, AGENT.replace("{name: small} # cheap", "{name: large} # cheap"));
}

#[test]
fn a_flow_sequence_grows_in_place() {
    let text = edited(AGENT, |value| value["spec"]["parameters"]["stop"] = json!(["a", "b", "c: d"]));
    assert_eq!(text, AGENT.replace("[a, b]", "[a, b, \"c: d\"]"));
}

#[test]
fn a_literal_text_is_replaced_by_one() {
    let text = edited(AGENT, |value| value["spec"]["systemPrompt"]["text"] = json!("You are terse.\n  Indented.\n"));
    let expected =
        AGENT.replace("      You are kind.\n\n      Be brief.\n", "      You are terse.\n        Indented.\n");
    assert_eq!(text, expected);
}

#[test]
fn a_long_text_becomes_a_short_one_and_back() {
    let short = edited(AGENT, |value| value["spec"]["systemPrompt"]["text"] = json!("Hi"));
    assert_eq!(short, AGENT.replace("|\n      You are kind.\n\n      Be brief.\n", "Hi\n"));
    let again = edited(&short, |value| value["spec"]["systemPrompt"]["text"] = json!("You are kind.\n\nBe brief.\n"));
    assert_eq!(again, AGENT);
}

#[test]
fn a_new_key_is_added_at_the_end_of_its_mapping() {
    let text = edited(AGENT, |value| value["spec"]["parameters"]["think"] = json!(true));
    assert_eq!(text, AGENT.replace("    stop: [a, b]\n", "    stop: [a, b]\n    think: true\n"));
    let text = edited(AGENT, |value| value["spec"]["limits"] = json!({"maxToolRounds": 3}));
    assert_eq!(text, format!("{AGENT}  limits:\n    maxToolRounds: 3\n"));
}

#[test]
fn a_key_goes_with_its_lines_only() {
    let text = edited(AGENT, |value| drop(value["spec"].as_object_mut().unwrap().remove("systemPrompt")));
    let expected = AGENT.replace("  systemPrompt:\n    text: |\n      You are kind.\n\n      Be brief.\n", "");
    assert_eq!(text, expected);
}

#[test]
fn items_come_and_go() {
    let text = edited(AGENT, |value| {
        let tools = value["spec"]["tools"].as_array_mut().unwrap();
        tools.insert(1, json!({"builtin": "Fetch"}));
        tools.push(json!({"tool": {"name": "news"}, "approval": "Never"}));
    });
    // Two places changed at once are seen as a change of the second item and two new ones.
    assert!(text.contains("    - builtin: Bash # with care\n      approval: Always\n"), "{text}");
    let text = edited(AGENT, |value| value["spec"]["tools"].as_array_mut().unwrap().push(json!({"builtin": "Fetch"})));
    assert_eq!(text, format!("{AGENT}    - builtin: Fetch\n"));
    let text = edited(AGENT, |value| drop(value["spec"]["tools"].as_array_mut().unwrap().remove(0)));
    assert_eq!(text, AGENT.replace("    - builtin: Bash # with care\n      approval: Always\n", ""));
    let text = edited(AGENT, |value| {
        drop(value["spec"]["tools"][0].as_object_mut().unwrap().remove("approval"));
    });
    assert_eq!(text, AGENT.replace("      approval: Always\n", ""));
}

#[test]
fn the_first_item_gets_a_new_neighbour_above() {
    let text =
        edited(AGENT, |value| value["spec"]["tools"].as_array_mut().unwrap().insert(0, json!({"builtin": "Fetch"})));
    assert_eq!(text, AGENT.replace("    - builtin: Bash", "    - builtin: Fetch\n    - builtin: Bash"));
}

#[test]
fn an_anchored_document_is_rewritten_below_its_leading_comments() {
    let document = "# Shared.\n---\n# Mine.\na: &x {b: 1}\nc: *x\n";
    assert_eq!(
        edited(document, |value| value["c"]["b"] = json!(2)),
        "# Shared.\n---\n# Mine.\na:\n  b: 1\nc:\n  b: 2\n"
    );
}

#[test]
fn a_heading_in_a_text_is_no_comment() {
    let document = "a:\n  text: |\n    One\n    # Two\n# Three\nb: 1\n";
    assert_eq!(edited(document, |value| drop(value.as_object_mut().unwrap().remove("a"))), "# Three\nb: 1\n");
    assert_eq!(
        edited(document, |value| value["a"]["text"] = json!("One\n")),
        "a:\n  text: |\n    One\n# Three\nb: 1\n"
    );
}

#[test]
fn an_empty_value_is_filled() {
    assert_eq!(edited("a:\nb: 1\n", |value| value["a"] = json!({"c": [1]})), "a:\n  c:\n  - 1\nb: 1\n");
    assert_eq!(edited("a: {} # none\n", |value| value["a"] = json!({"c": 1})), "a: # none\n  c: 1\n");
    assert_eq!(edited("a: []\n", |value| value["a"] = json!([{"c": 1, "d": 2}])), "a:\n- c: 1\n  d: 2\n");
}

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[a-z]{0,6}", "[ -~\n#:]{0,20}", "\\PC{0,8}", Just("true".to_owned()), Just("1".to_owned())];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-e]|[a-z -]{1,5}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn mapping() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-e]", value(), 1..5).prop_map(|map| Value::Object(map.into_iter().collect()))
}

proptest! {
    #[test]
    fn an_edited_document_says_what_was_wanted(old in mapping(), new in mapping()) {
        let document = format!("# Kept.\n---\n{}", write(&old).unwrap());
        let text = edit(&document, &new).unwrap();
        prop_assert_eq!(serde_yaml::from_str::<Value>(&text).unwrap(), new);
        prop_assert!(text.starts_with("# Kept.\n---\n"));
    }

    #[test]
    fn rebasing_carries_the_difference(old in mapping(), new in mapping()) {
        let mut raw = old.clone();
        rebase(&mut raw, &old, &new);
        prop_assert_eq!(raw, new);
    }
}
