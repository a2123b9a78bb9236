//! Jinja templates: what they can say, what they refer to, and where they stop.

use serde_json::{Map, Value, json};
use troupe_language::{Engine, JinjaNames, LanguageError, jinja};

fn render(text: &str, values: Value) -> Result<String, LanguageError> {
    let Value::Object(values) = values else { return Ok(String::new()) };
    jinja::render(text, &values, &|name| match name {
        "greeting" => Some("Hello {{ name }}".to_owned()),
        "outer" => Some("<{% include 'greeting' %}>".to_owned()),
        "base" => Some("[{% block body %}default{% endblock %}]".to_owned()),
        "itself" => Some("x{% include 'itself' %}{% include 'itself' %}".to_owned()),
        "broken" => Some("\n\n{% if %}".to_owned()),
        _ => None,
    })
}

#[test]
fn conditions_loops_and_filters_work_and_nothing_is_escaped() {
    let text = "{% for item in items if item.on %}{{ loop.index }}:{{ item.name|upper }}<{% else %}none{% endfor %}";
    let items = json!({"items": [{"name": "a&b", "on": true}, {"name": "c", "on": false}, {"name": "d", "on": true}]});
    assert_eq!(render(text, items), Ok("1:A&B<2:D<".to_owned()));
    assert_eq!(render(text, json!({"items": []})), Ok("none".to_owned()));
}

#[test]
fn an_object_is_walked_in_the_order_in_which_it_is_written() {
    let text = "{% for key, value in fields|items %}{{ key }}={{ value }};{% endfor %}{{ fields }}";
    let rendered = render(text, json!({"fields": {"z": 1, "a": 2}}));
    assert_eq!(rendered, Ok("z=1;a=2;{'z': 1, 'a': 2}".to_owned()));
}

#[test]
fn templates_include_and_extend_others() {
    let values = json!({"name": "Ada"});
    assert_eq!(render("{% include 'outer' %}!", values.clone()), Ok("<Hello Ada>!".to_owned()));
    assert_eq!(render("{% include 'none' ignore missing %}!", values.clone()), Ok("!".to_owned()));
    assert_eq!(render("{% include ['none', 'greeting'] %}!", values.clone()), Ok("Hello Ada!".to_owned()));
    let extended = "{% extends 'base' %}{% block body %}{{ name }} {{ super() }}{% endblock %}";
    assert_eq!(render(extended, values), Ok("[Ada default]".to_owned()));
}

#[test]
fn names_are_what_the_template_does_not_set_itself() {
    let text = "{% set own = b %}{% for x in list %}{{ x }}{{ own }}{{ a.field }}{{ range(3) }}{% endfor %}\
                {% if c is defined %}{% include 'one' %}{% endif %}{% include ['two', 'one'] %}";
    let names = JinjaNames {
        variables: ["b", "list", "a", "c"].map(str::to_owned).to_vec(),
        includes: ["one", "two"].map(str::to_owned).to_vec(),
    };
    assert_eq!(jinja::check(text), Ok(names));
}

#[test]
fn an_error_names_the_line_and_what_to_do() {
    let error = jinja::check("first\n{% if a %}\nlast").unwrap_err();
    assert_eq!(error.line, Some(2));
    let error = jinja::check("first\n{{ a b }}").unwrap_err();
    assert_eq!(error.line, Some(2));
    assert!(error.to_string().starts_with("syntax error: "), "{error}");
    let error = render("first\n{{ user.name }}", json!({})).unwrap_err();
    assert_eq!((error.line, error.remedy.contains("is defined")), (Some(2), true), "{error}");
    let error = render("{% include 'broken' %}", json!({})).unwrap_err();
    assert_eq!((error.line, error.what.contains("\"broken\"")), (Some(3), true), "{error}");
    let error = render("\n{% include 'none' %}", json!({})).unwrap_err();
    assert!(error.what.contains("none"), "{error}");
}

#[test]
fn what_could_double_a_text_without_end_is_no_part_of_the_dialect() {
    for text in [
        "{% macro f(x) %}{{ f(x ~ x) }}{% endmacro %}{{ f('a') }}",
        "{% import 'greeting' as g %}",
        "{% from 'greeting' import g %}",
        "{% for x in y recursive %}{{ loop(x) }}{% endfor %}",
        "{% call f() %}{% endcall %}",
        "{% include name %}",
        "{% if a %}{% for x in y %}{% with z = 1 %}{% include name ~ 'x' %}{% endwith %}{% endfor %}{% endif %}",
    ] {
        assert!(jinja::check(text).is_err(), "{text}");
        assert!(render(text, json!({"name": "greeting", "y": []})).is_err(), "{text}");
    }
    let doubling = "{% set ns = namespace(t='xx') %}{% for i in range(60) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}";
    assert!(render(doubling, json!({})).is_err());
}

#[test]
fn loops_and_outputs_and_includes_have_limits() {
    let endless = "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}";
    assert!(render(endless, json!({})).unwrap_err().what.contains("fuel"));
    let large = json!({"text": "x".repeat(1000)});
    let error = render("{% for a in range(9000) %}{{ text }}{% endfor %}", large).unwrap_err();
    assert!(error.what.contains("wrote more than"), "{error}");
    assert!(render("{% include 'itself' %}", json!({})).is_err());
    assert!(jinja::check(&"x".repeat(300_000)).is_err());
}

#[test]
fn engines_are_written_in_pascal_case_and_answer_alike() {
    let values: Map<String, Value> = Map::from_iter([("a".to_owned(), json!("x"))]);
    for (engine, word, text) in [
        (Engine::Placeholder, "Placeholder", "{{a}} $a {% if"),
        (Engine::Jinja, "Jinja", "{{a}} $a"),
        (Engine::Dollar, "Dollar", "{{a}} $a {% if"),
    ] {
        assert_eq!(serde_json::to_value(engine).unwrap(), json!(word));
        assert_eq!(serde_json::from_value::<Engine>(json!(word)).unwrap(), engine);
        assert_eq!(engine.names(text), ["a"]);
        assert_eq!(engine.check(text).unwrap().variables, ["a"]);
        assert!(engine.render(text, &values, &|_| None).unwrap().contains('x'));
    }
    assert_eq!(Engine::default(), Engine::Placeholder);
    assert_eq!(Engine::Jinja.names("{% if"), Vec::<String>::new());
}
