//! Conditions of workflows: CEL as S2 writes it.

use serde_json::{Value, json};
use troupe_language::expression::{check, evaluate};

fn context() -> Value {
    json!({
        "state": {"score": 7, "ratio": 0.5, "name": "x", "tags": ["a", "b"], "in": 1, "big": 18_446_744_073_709_551_615_u64,
                  "nodes": 10, "empty": null, "fields": {"b": 1, "a": [2]}},
        "nodes": {"look-up": {"text": "found it", "output": {"n": 3}}, "1": {"text": "one"}, "plain": {"text": "p"}},
        "current": {"node_id": "if-1"},
        "retrieved_documents": [{"title": "First", "score": 0.9}, {"title": "Second", "score": 0.2}],
        "and": 1,
    })
}

#[test]
fn operators_literals_and_paths_give_their_values() {
    let cases = [
        ("state.score >= 5", json!(true)),
        ("state.score >= 7.5", json!(false)),
        ("state.ratio < 1", json!(true)),
        ("state.score + 1 == 8 && state.score - 1 == 6", json!(true)),
        ("state.score % 2 == 1 ? 'odd' : \"even\"", json!("odd")),
        ("state.name == 'x' and not (state.score < 5)", json!(true)),
        ("not state.score >= 5 or state.name == 'x'", json!(true)),
        ("not state.score >= 5", json!(false)),
        ("not not true", json!(true)),
        ("(not state.score < 5)and(not false)", json!(true)),
        ("[not true, not false]", json!([false, true])),
        ("not true ? 1 : not false ? 2 : 3", json!(2)),
        ("'and or not' == 'and' + ' or ' + \"not\"", json!(true)),
        ("r'a\\' + 'it\\'s and' == 'a\\\\it\\'s and'", json!(true)),
        ("'''and '' not''' + \"\"\"or \" \"\"\"", json!("and '' notor \" ")),
        ("state.in == 1 and state.nodes-3 == 7", json!(true)),
        ("nodes.look-up.text.contains('found') and nodes.look-up.output.n == 3", json!(true)),
        ("nodes.1.text + nodes.plain.text", json!("onep")),
        ("has(nodes.look-up) and not has(nodes.no-such) and has(nodes.look-up.output.n)", json!(true)),
        ("retrieved_documents.0.title + retrieved_documents[1].title", json!("FirstSecond")),
        ("retrieved_documents.exists(d, d.score > 0.8 and not d.title.startsWith('S'))", json!(true)),
        ("retrieved_documents.map(d, d.title)", json!(["First", "Second"])),
        ("size(state.tags) == 2 and 'a' in state.tags and not ('z' in state.tags)", json!(true)),
        ("state.empty == null", json!(true)),
        ("has(state.missing) and state.missing > 3", json!(false)),
        ("state.fields", json!({"a": [2], "b": 1})),
        ("state.big > 1u", json!(true)),
        ("state.score > 1 // and a comment\n and true", json!(true)),
        ("current.node_id == 'if-1'", json!(true)),
        ("1.5e3 == 1500.0 and 0x1F == 31 and .5 < 1.0", json!(true)),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(text, &context()), Ok(expected), "{text}");
    }
}

#[test]
fn paths_are_told_in_order_without_the_variables_of_loops() {
    let cases: [(&str, &[&str]); 8] = [
        ("state.score >= 5 and nodes.look-up.text != ''", &["state.score", "nodes.look-up.text"]),
        ("retrieved_documents.0.title == state.x", &["retrieved_documents.0.title", "state.x"]),
        ("retrieved_documents.exists(d, d.score > state.least)", &["retrieved_documents", "state.least"]),
        ("state.tags.map(t, state.tags.filter(u, u == t))", &["state.tags"]),
        ("type(a.b) == int and a[c] == a['d e'].f", &["a.b", "a", "c", "a.d e.f"]),
        ("has(state.x) ? size(state.x) : 0", &["state.x"]),
        ("{'k': m.n}[o] + [p][0]", &["m.n", "o", "p"]),
        ("1 + 1 == 2", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(check(text).unwrap(), expected, "{text}");
    }
}

#[test]
fn errors_name_what_is_missing_and_never_the_values() {
    let cases = [
        ("state.missing > 3", "no field `missing`", "has("),
        ("absent.x", "no variable or function `absent`", "context"),
        ("nosuch(1)", "nosuch", "function"),
        ("state.name > 3", "overload", "type"),
        ("1 / 0", "division by zero", "divisor"),
        ("9223372036854775807 + 1", "too large", "smaller"),
        ("state.tags[9]", "out of bounds", "size"),
        ("state.score >=", "cannot be parsed", "CEL"),
        ("", "cannot be parsed", "CEL"),
        ("'open", "closing quote", "quote"),
    ];
    for (text, what, remedy) in cases {
        let error = evaluate(text, &context()).unwrap_err();
        assert!(error.what.contains(what) && error.remedy.contains(remedy), "{text}: {error}");
    }
    let error = evaluate("true and\n\n'open", &context()).unwrap_err();
    assert_eq!(error.line, Some(3));
    let error = check("true and\n(1 + ) 2").unwrap_err();
    assert_eq!(error.line, Some(2), "{error}");
    let private = json!({"state": {"name": "PRIVATE", "list": ["PRIVATE"]}});
    for text in
        ["state.name + 1", "state.name / 2", "state.list['PRIV']", "state.name.x", "-state.name", "state.list < 3"]
    {
        let error = evaluate(text, &private).unwrap_err();
        assert!(!error.to_string().contains("PRIVATE"), "{text}: {error}");
    }
}

#[test]
fn what_would_take_too_long_is_refused_before_it_starts() {
    let context = json!({"xs": vec![1; 1000]});
    for text in [
        "xs.all(a, xs.all(b, xs.all(c, a + b + c > 0)))",
        "xs.map(a, xs.map(b, xs.map(c, xs)))",
        "[[1]].map(y,[y,y,y,y,y,y,y,y]).map(y,[y,y,y,y,y,y,y,y]).map(y,[y,y,y,y,y,y,y,y]).map(y,[y,y,y,y,y,y,y,y])\
         .map(y,[y,y,y,y,y,y,y,y]).map(y,[y,y,y,y,y,y,y,y]).map(y,[y,y,y,y,y,y,y,y]).map(y,[y,y,y,y,y,y,y,y])",
        "[1].map(a, [1].map(b, [1].map(c, [1].map(d, [1].map(e, 1)))))",
    ] {
        let error = evaluate(text, &context).unwrap_err();
        assert!(error.what.contains("too long") || error.what.contains("inside each other"), "{text}: {error}");
    }
    for text in ["xs.all(x, x > 0)", "xs.map(x, x + 1).filter(x, x > 1).size() == 1000", "xs.exists(x, x in xs)"] {
        assert_eq!(evaluate(text, &context), Ok(json!(true)), "{text}");
    }
    assert!(check(&"x".repeat(2000)).unwrap_err().what.contains("2000 bytes"));
}
