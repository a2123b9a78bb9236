//! Templates, files, skills, closures, and what every call has in common.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use troupe_core::port::ToolContext;
use troupe_core::tool::{SkillTool, TemplateTool, ToolKind, ToolSnapshot, ToolSpec, builtin};
use troupe_language::Engine;
use troupe_tools::Reply;

use super::place::{Place, appears, tool};

#[tokio::test]
async fn a_template_is_rendered_with_its_includes() {
    let place = Place::new();
    let template = TemplateTool {
        text: "{% include 'greeting' %} {{ n + 1 }}".to_owned(),
        engine: Engine::Jinja,
        includes: BTreeMap::from([("greeting".to_owned(), "Hello {{ name }}".to_owned())]),
    };
    let snapshot = tool(ToolKind::Template(template.clone()));
    assert_eq!(place.call(&snapshot, json!({"name": "Ada", "n": 1})).await.content, "Hello Ada 2");
    let broken = tool(ToolKind::Template(TemplateTool { text: "{% if %}".to_owned(), ..template }));
    assert!(place.call(&broken, json!({})).await.is_error);
}

#[tokio::test]
async fn files_are_written_read_and_searched_in_the_workspace() {
    let mut place = Place::new();
    let written = place.call(&builtin::write_file(), json!({"path": "a/b.txt", "content": "one\ntwo\n"})).await;
    assert_eq!(written.content, "Wrote 8 bytes to a/b.txt");
    assert_eq!(place.call(&builtin::read_file(), json!({"path": "a/b.txt", "offset": 2})).await.content, "two\n");
    assert_eq!(place.call(&builtin::search_files(), json!({"pattern": "two"})).await.content, "a/b.txt:2: two");
    place.context.read_only = true;
    let refused = place.call(&builtin::write_file(), json!({"path": "a/b.txt", "content": ""})).await;
    assert_eq!(refused.content, "Error: the workspace is read-only");
    place.context.workspace = None;
    let none = place.call(&builtin::read_file(), json!({"path": "a/b.txt"})).await;
    assert_eq!(none.content, "Error: there is no workspace; give the run one");
}

#[tokio::test]
async fn an_opened_skill_tells_its_instructions_and_its_folder() {
    let place = Place::new();
    let files = BTreeMap::from([("run.sh".to_owned(), "echo ran".to_owned())]);
    let skill = SkillTool { name: "s".into(), body: Some("Do it.".into()), directory: None, files, steps: Vec::new() };
    let result = place.call(&tool(ToolKind::Skill(skill)), json!({})).await;
    let folder = result.structured.unwrap()["directory"].as_str().unwrap().to_owned();
    assert_eq!(result.content, format!("Do it.\n\nWorking directory: {folder}"));
    assert!(folder.starts_with(place.path("data/skills").to_str().unwrap()));
    let place = Place { context: ToolContext { directory: Some(folder.into()), ..place.context.clone() }, ..place };
    assert_eq!(place.bash("sh run.sh").await, "ran");
}

#[derive(Deserialize, JsonSchema)]
struct Weather {
    /// The city.
    city: String,
    #[serde(default)]
    days: Option<u32>,
}

#[tokio::test]
async fn a_typed_closure_shows_its_schema_and_gets_its_arguments() {
    let place = Place::new();
    let snapshot = place.tools.register_typed("weather", "Tells it", |weather: Weather, _| async move {
        Ok::<_, String>(json!({"city": weather.city, "days": weather.days}))
    });
    assert_eq!(snapshot.id, "function-weather");
    assert_eq!(snapshot.spec.parameters["required"], json!(["city"]));
    assert_eq!(snapshot.spec.parameters["properties"]["city"], json!({"type": "string", "description": "The city."}));
    let result = place.call(&snapshot, json!({"city": "Oslo"})).await;
    assert_eq!(result.structured, Some(json!({"city": "Oslo", "days": null})));
    let wrong = place.call(&snapshot, json!({"city": 5})).await;
    assert!(wrong.is_error && wrong.content.contains("do not fit"), "{}", wrong.content);
    let missing = place.call(&snapshot, json!({})).await;
    assert_eq!(missing.content, "Error: the argument \"city\" is missing");
    assert!(place.tools.unregister("weather") && place.tools.registered().is_empty());
    assert!(place.call(&snapshot, json!({"city": "Oslo"})).await.content.contains("not registered"));
}

#[tokio::test]
async fn a_closure_that_fails_panics_or_hangs_gives_an_error_result() {
    let place = Place::new();
    let closure = |arguments: Map<String, Value>, _: ToolContext| async move {
        match arguments.get("do").and_then(Value::as_str) {
            Some("fail") => Err("it failed".to_owned()),
            Some("panic") => panic!("oh no"),
            Some("hang") => std::future::pending().await,
            _ => Ok(Reply::from("fine")),
        }
    };
    let snapshot = place.tools.register("c", "", json!({"type": "object"}), closure);
    let quick = ToolSnapshot { timeout_ms: Some(200), ..snapshot };
    for (what, content) in [
        ("work", "fine"),
        ("fail", "Error: it failed"),
        ("panic", "Error: the tool \"c\" panicked"),
        ("hang", "Error: the tool took longer than 0.2 s and was ended"),
    ] {
        assert_eq!(place.call(&quick, json!({ "do": what })).await.content, content);
    }
}

#[tokio::test]
async fn a_kill_ends_calls_that_have_no_process_too() {
    let place = Place::new();
    let mark = place.path("begun");
    let begun = mark.clone();
    let snapshot = place.tools.register("wait", "", json!({"type": "object"}), move |_, context: ToolContext| {
        std::fs::write(&begun, "").unwrap();
        async move {
            context.cancel.cancelled().await;
            Err::<String, _>("never seen".to_owned())
        }
    });
    let (result, killed) = tokio::join!(place.call(&snapshot, json!({})), async {
        appears(mark).await;
        place.tools.kill(place.context.root)
    });
    assert!(result.is_error && killed == 1, "{}", result.content);
}

#[tokio::test]
async fn what_the_schema_requires_is_asked_for_by_name() {
    let place = Place::new();
    let template = TemplateTool { text: "{{city}}".to_owned(), engine: Engine::Placeholder, includes: BTreeMap::new() };
    let spec = ToolSpec {
        name: "t".into(),
        description: String::new(),
        parameters: json!({"type": "object", "required": ["city"]}),
    };
    let snapshot = ToolSnapshot { spec, ..tool(ToolKind::Template(template)) };
    assert_eq!(place.call(&snapshot, json!({})).await.content, "Error: the argument \"city\" is missing");
}

#[test]
fn built_in_tools_are_found_by_their_kind() {
    for named in ["bash", "fetch", "delegate", "read_file", "write_file", "search_files"] {
        let snapshot = builtin::named(named).unwrap();
        assert_eq!(troupe_tools::builtin::snapshot(&snapshot.kind), Some(snapshot));
    }
    assert_eq!(troupe_tools::builtin::snapshot(&ToolKind::Client), None);
}
