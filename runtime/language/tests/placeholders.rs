//! `{{name}}`, `{{dotted.path}}` and `$name`: what is replaced, and what stays.

use serde_json::{Map, Value, json};
use troupe_language::{dollar, placeholder};

fn values(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[test]
fn names_are_unique_and_in_order_of_appearance() {
    assert_eq!(placeholder::names("{{b}} {{ a }} {{\n b\t}} {{größe_1}} {{नमस्ते}}"), ["b", "a", "größe_1", "नमस्ते"]);
}

#[test]
fn what_is_no_placeholder_is_no_name() {
    for text in ["", "{{}}", "{{ }}", "{{a b}}", "{{a.b}}", "{{a-b}}", "{a}", "{{a}", "{ {a}}", "{{a", "{{"] {
        assert_eq!(placeholder::names(text), Vec::<String>::new(), "{text}");
        assert_eq!(placeholder::render(text, &values(json!({"a": 1, "": 2}))), text);
    }
}

#[test]
fn a_third_brace_stays_outside() {
    assert_eq!(placeholder::render("{{{a}}}", &values(json!({"a": "x"}))), "{x}");
    assert_eq!(placeholder::render("{{ {{a}} }}", &values(json!({"a": "x"}))), "{{ x }}");
}

#[test]
fn an_unknown_name_stays_as_it_is_written() {
    assert_eq!(placeholder::render("{{ a }} {{ b }}", &values(json!({"a": "x"}))), "x {{ b }}");
}

#[test]
fn a_value_that_is_no_text_is_written_as_compact_json() {
    let given = values(json!({"n": 5, "f": 1.5, "t": true, "z": null, "l": [1, "a"], "o": {"b": 1, "a": "x y"}}));
    let rendered = placeholder::render("{{n}} {{f}} {{t}} {{z}} {{l}} {{o}}", &given);
    assert_eq!(rendered, r#"5 1.5 true null [1,"a"] {"b":1,"a":"x y"}"#);
}

#[test]
fn an_inserted_value_is_not_read_again() {
    let given = values(json!({"a": "{{b}}", "b": "secret", "open": "{{", "close": "}}"}));
    assert_eq!(placeholder::render("{{a}} {{open}}b{{close}}", &given), "{{b}} {{b}}");
}

#[test]
fn paths_take_dots_indices_and_hyphens() {
    let text = "{{ nodes.look-up.output.titles.0 }} {{state.x}} {{state.x}} {{a..b}} {{.a}} {{a.}}";
    assert_eq!(placeholder::paths(text), ["nodes.look-up.output.titles.0", "state.x"]);
}

#[test]
fn a_path_reads_objects_and_lists_and_a_missing_one_is_empty() {
    let context = json!({
        "retrieved_documents": [{"title": "First"}, {"title": "Second"}],
        "nodes": {"look-up": {"output": {"n": 3}}},
        "state": {"none": null, "0": "zero"},
    });
    let cases = [
        ("{{retrieved_documents.0.title}}/{{ retrieved_documents.1.title }}", "First/Second"),
        ("{{nodes.look-up.output}}", r#"{"n":3}"#),
        ("{{state.0}}", "zero"),
        (
            "<{{state.none}}{{state.missing}}{{retrieved_documents.7.title}}{{retrieved_documents.-1}}{{nodes.x.y}}>",
            "<>",
        ),
        ("{{a..b}} {{a b}}", "{{a..b}} {{a b}}"),
    ];
    for (text, expected) in cases {
        assert_eq!(placeholder::render_paths(text, &context), expected, "{text}");
    }
}

#[test]
fn a_dollar_starts_a_name_a_braced_name_or_another_dollar() {
    let given = values(json!({"name": "Lucas", "n": 2, "_a1": "u"}));
    let cases = [
        ("Hello $name", "Hello Lucas"),
        ("${name}s $names", "Lucass $names"),
        ("$$name $$$name", "$name $Lucas"),
        ("$5 $ ${} ${5} ${name $-", "$5 $ ${} ${5} ${name $-"),
        ("$n,$_a1", "2,u"),
        ("$unknown ${unknown}", "$unknown ${unknown}"),
    ];
    for (text, expected) in cases {
        assert_eq!(dollar::render(text, &given), expected, "{text}");
    }
    assert_eq!(dollar::names("$b ${a} $$c $b $1"), ["b", "a"]);
}
