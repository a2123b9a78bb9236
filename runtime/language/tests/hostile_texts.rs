//! Whatever the text, the answer is a value or an error: nothing panics, and checking agrees with running.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use troupe_language::{Engine, LanguageError, dollar, expression, jinja, placeholder};

/// Texts made of the pieces that each language gives meaning to, so that they are often nearly right.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "$",
            "$$",
            "${",
            "}",
            "a",
            "b.c",
            "nodes.",
            "look-up",
            ".0",
            " ",
            "\n",
            "'",
            "\"",
            "\\",
            "and ",
            "or ",
            "not ",
            "(",
            ")",
            "[",
            "]",
            ",",
            "?",
            ":",
            "==",
            ">=",
            "-",
            "1",
            "1.5",
            "'x'",
            "has(",
            "xs.map(x, ",
            "xs.all(y, ",
            "if a",
            "endif",
            "for x in xs",
            "endfor",
            "set a = ",
            "include 'a'",
            "|upper",
            "ü",
            "𝒳",
            "null",
            "r'",
            "'''",
            "//",
            "`",
            "0x",
            "9223372036854775807",
            "*",
            "/",
            "%",
            "loop",
            "~",
            "raw",
            "endraw",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn context() -> Map<String, Value> {
    let value = json!({"a": 1, "b": {"c": "{{a}}"}, "xs": [1, "two", null], "nodes": {"look-up": [1.5]}, "ü": true});
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// A panic inside an evaluator comes back as this error in tests, but ends a release build.
fn panicked(error: &LanguageError) -> bool {
    error.what.contains("could not be evaluated")
}

/// What `\{\{\s*(\w+)\s*\}\}` finds, as the regular expression itself says it.
fn names_by_regular_expression(text: &str) -> Result<Vec<String>, regex::Error> {
    let pattern = regex::Regex::new(r"\{\{\s*(\w+)\s*\}\}")?;
    let mut names: Vec<String> = Vec::new();
    for found in pattern.captures_iter(text) {
        if !names.contains(&found[1].to_owned()) {
            names.push(found[1].to_owned());
        }
    }
    Ok(names)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn names_are_those_of_the_regular_expression(text in text()) {
        prop_assert_eq!(Ok(placeholder::names(&text)), names_by_regular_expression(&text));
    }

    #[test]
    fn rendering_without_values_changes_nothing(text in text()) {
        prop_assert_eq!(placeholder::render(&text, &Map::new()), text.clone());
        prop_assert_eq!(dollar::render(&text, &Map::new()), text.replace("$$", "$"));
    }

    #[test]
    fn every_name_that_is_told_is_replaced(text in text()) {
        for engine in [Engine::Placeholder, Engine::Dollar] {
            let names = engine.names(&text);
            let values = names.iter().map(|name| (name.clone(), json!("."))).collect();
            let rendered = engine.render(&text, &values, &|_| None).unwrap();
            let before = text.matches(['{', '$']).count();
            let fewer = rendered.matches(['{', '$']).count() < before;
            prop_assert!(names.is_empty() || fewer);
        }
    }

    #[test]
    fn paths_render_whatever_they_are(text in text()) {
        let rendered = placeholder::render_paths(&text, &Value::Object(context()));
        prop_assert!(!placeholder::paths(&text).is_empty() || rendered == text);
    }

    #[test]
    fn a_template_that_checks_fails_at_most_over_its_values(text in text()) {
        let includes = |name: &str| (name == "a").then(|| "{{ a }}".to_owned());
        let (checked, rendered) = (jinja::check(&text), jinja::render(&text, &context(), &includes));
        prop_assert!(checked.is_ok() || rendered.is_err());
        prop_assert!(!checked.is_err_and(|error| panicked(&error)) && !rendered.is_err_and(|error| panicked(&error)));
    }

    #[test]
    fn an_expression_that_does_not_check_does_not_evaluate(text in text()) {
        let evaluated = expression::evaluate(&text, &Value::Object(context()));
        let checked = expression::check(&text);
        prop_assert!(checked.is_ok() || evaluated.is_err());
        prop_assert!(!checked.is_err_and(|error| panicked(&error)) && !evaluated.is_err_and(|error| panicked(&error)));
    }
}

#[test]
fn deep_expressions_are_errors_and_not_overflows() {
    let context = json!({"a": 1, "xs": []});
    for open in ["(", "[", "{", "!", "-", "not ", "a?b:", "{1:", "a(", "a[", "- ", "[[1", "1+(", "xs.map(x,"] {
        let text = open.repeat(1024 / open.len());
        assert!(expression::evaluate(&text, &context).is_err_and(|error| !panicked(&error)), "{open}");
    }
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{1:", "1", "}"),
        ("a(", "1", ")"),
        ("xs.map(x,", "1", ")"),
        ("not ", "1", ""),
        ("", "a", ".a"),
        ("", "a", "[0]"),
        ("", "a", ".f(1)"),
        ("-", "1", ""),
        ("1+", "1", ""),
        ("a&&", "a", ""),
        ("1?1:", "1", ""),
    ] {
        let count = 1000 / (open.len() + close.len());
        let text = format!("{}{middle}{}", open.repeat(count), close.repeat(count));
        let (checked, evaluated) = (expression::check(&text), expression::evaluate(&text, &context));
        assert!(!checked.is_err_and(|error| panicked(&error)), "{open}{close}");
        assert!(!evaluated.is_err_and(|error| panicked(&error)), "{open}{close}");
    }
}

#[test]
fn deep_templates_are_errors_and_not_overflows() {
    for open in
        ["{% if a %}", "{% for a in b %}", "{% with a = 1 %}", "{% set a %}", "{% filter upper %}", "{{ (", "{{ {"]
    {
        let rendered = jinja::render(&open.repeat(2000), &Map::new(), &|_| None);
        assert!(rendered.is_err_and(|error| !panicked(&error)), "{open}");
    }
    let chains =
        ["(", "[", "{1:", "not ", "-", "a.b(", "a if b else ", "1+", "1 and ", "a~", "2**", "1<", "a|upper|", "a.b."];
    for open in chains {
        for count in [300, 990, 20_000] {
            let text = format!("{{{{ {}a }}}}", open.repeat(count));
            let rendered = jinja::render(&text, &Map::new(), &|_| None);
            assert!(count < 20_000 || jinja::check(&text).is_err(), "{open}");
            assert!(!rendered.is_err_and(|error| panicked(&error)), "{open}");
        }
    }
}
