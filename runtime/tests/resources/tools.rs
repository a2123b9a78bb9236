//! `/v1/tools`: functions, templates, skills, built-in tools, calls.

use reqwest::Method;
use serde_json::{Value, json};

use crate::service::Service;

fn function(source: &str) -> Value {
    json!({
        "tool_type": "function",
        "name": "get_weather",
        "description": "Tells the weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        "source": source,
    })
}

fn ids(listed: &Value) -> Vec<&str> {
    listed["tools"].as_array().unwrap().iter().map(|tool| tool["tool_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn built_in_tools_are_listed_and_stay() {
    let service = Service::start().await;
    let listed = service.get("/v1/tools").await.body;
    assert_eq!(ids(&listed), ["bash", "fetch", "delegate", "read_file", "write_file", "search_files"]);
    assert!(listed["tools"].as_array().unwrap().iter().all(|tool| tool["builtin"] == true));
    assert_eq!(listed["tools"][0]["tool_type"], "function");
    assert_eq!(service.delete("/v1/tools/bash").await.status, 403);
    assert_eq!(service.put("/v1/tools/bash", json!({"name": "x"})).await.status, 403);
    assert_eq!(service.delete("/v1/tools/none").await.status, 404);
    assert_eq!(service.put("/v1/tools/none", json!({"name": "x"})).await.status, 404);
}

#[tokio::test]
async fn a_function_of_a_file_is_loaded_called_changed_and_renamed() {
    let service = Service::start().await;
    service.write("workspace/tool.py", "def get_weather(city):\n    return {'city': city, 'degrees': 7}\n").await;
    let mut body = function("");
    body["function_file_path"] = "tool.py".into();
    let registered = service.post("/v1/tools", body).await;
    assert_eq!(
        (registered.status, registered.body),
        (201, json!({"status": "registered", "tool_id": "function-get_weather"}))
    );
    let listed = service.get("/v1/tools").await.body;
    let tool =
        listed["tools"].as_array().unwrap().iter().find(|tool| tool["tool_id"] == "function-get_weather").unwrap();
    assert_eq!((&tool["tool_type"], &tool["name"]), (&json!("function"), &json!("get_weather")));
    assert_eq!(tool["function_name"], "get_weather");
    assert!(tool.get("builtin").is_none() && tool.get("skill_dir").is_none());
    let call = json!({"tool_id": "get_weather", "arguments": {"city": "Oslo"}, "format": "json"});
    let called = service.post("/v1/tools/call", call).await;
    assert_eq!((called.status, called.body), (200, json!({"result": {"city": "Oslo", "degrees": 7}})));
    let renamed =
        service.put("/v1/tools/function-get_weather", json!({"name": "weather", "function_name": "get_weather"})).await;
    assert_eq!((renamed.status, renamed.body), (200, json!({"status": "updated", "tool_id": "function-weather"})));
    let called =
        service.post("/v1/tools/call", json!({"tool_id": "function-weather", "arguments": {"city": "Rome"}})).await;
    assert_eq!(called.body, json!({"result": "{\"city\":\"Rome\",\"degrees\":7}"}));
    let batch = json!({"tool_ids": ["function-weather", "bash", "none"]});
    let deleted = service.send(Method::DELETE, "/v1/tools/batch", &batch.to_string(), &[]).await;
    let expected = json!({"deleted": ["function-weather"], "not_found": ["none"], "skipped": ["bash"]});
    assert_eq!((deleted.status, deleted.body), (200, expected));
}

#[tokio::test]
async fn a_function_that_does_not_load_is_refused() {
    let service = Service::start().await;
    for (source, said) in [
        ("def get_weather(:", "SyntaxError"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("def other(): pass", "function_name"),
        ("get_weather = 1", "function_name"),
        ("", "function_file_path"),
    ] {
        let answer = service.post("/v1/tools", function(source)).await;
        assert!(answer.status == 400 && answer.error().contains(said), "{source}: {answer:?}");
    }
    let mut body = function("");
    body["function_file_path"] = "none.py".into();
    let answer = service.post("/v1/tools", body).await;
    assert!(answer.status == 400 && answer.error().contains("function_file_path"), "{answer:?}");
    assert_eq!(ids(&service.get("/v1/tools").await.body).len(), 6);
}

#[tokio::test]
async fn a_template_tool_is_called_and_kept_a_template() {
    let service = Service::start().await;
    let text = "apiVersion: troupe.dev/v1alpha1\nkind: Tool\nmetadata:\n  name: greet\nspec:\n  description: Greets\n  \
                parameters:\n    type: object\n    properties:\n      name: {type: string} # who\n  template:\n    text: 'Hello {{name}}'\n";
    service.write("resources/greet.yaml", text).await;
    let called = service.post("/v1/tools/call", json!({"tool_id": "greet", "arguments": {"name": "Ada"}})).await;
    assert_eq!(called.body, json!({"result": "Hello Ada"}));
    let listed = service.get("/v1/tools").await.body;
    let mut tool = listed["tools"].as_array().unwrap().iter().find(|tool| tool["tool_id"] == "greet").unwrap().clone();
    assert_eq!(tool["tool_type"], "function");
    tool["description"] = "Greets people".into();
    assert_eq!(service.put("/v1/tools/greet", tool).await.status, 200);
    let file = service.file("resources/greet.yaml");
    assert!(file.contains("Hello {{name}}") && file.contains("Greets people"), "{file}");
    assert!(file.contains("# who") && !file.contains("toolName"), "{file}");
    let none =
        service.post("/v1/tools/call", json!({"tool_id": "greet", "arguments": {"name": "A"}, "format": "json"})).await;
    let said = "Result is not valid JSON and no embedded JSON could be extracted";
    assert_eq!((none.status, none.error()), (400, said));
}

#[tokio::test]
async fn what_only_a_run_can_call_and_errors_are_a_400() {
    let service = Service::start().await;
    let delegate = service.post("/v1/tools/call", json!({"tool_id": "delegate"})).await;
    assert!(delegate.status == 400 && delegate.error().contains("tool_id"), "{delegate:?}");
    let failed = service.post("/v1/tools/call", json!({"tool_id": "read_file", "arguments": {"path": "none"}})).await;
    assert!(failed.status == 400 && failed.error().starts_with("Error:"), "{failed:?}");
    assert_eq!(service.post("/v1/tools/call", json!({"tool_id": "none"})).await.status, 404);
}

#[tokio::test]
async fn a_skill_is_registered_from_its_folder() {
    let service = Service::start().await;
    service.write("workspace/skills/pdf/SKILL.md", "---\nname: pdf\ndescription: Reads PDFs\n---\nDo it.\n").await;
    let registered = service.post("/v1/tools/skill", json!({"skill_dir": "skills/pdf"})).await;
    assert_eq!((registered.status, registered.body), (201, json!({"status": "registered", "tool_id": "skill-pdf"})));
    let listed = service.get("/v1/tools").await.body;
    let tool = listed["tools"].as_array().unwrap().iter().find(|tool| tool["tool_id"] == "skill-pdf").unwrap();
    assert_eq!((&tool["tool_type"], &tool["name"]), (&json!("skill"), &json!("pdf")));
    assert_eq!(tool["description"], "Reads PDFs");
    assert!(tool["skill_dir"].as_str().unwrap().ends_with("workspace/skills/pdf"));
    let called = service.post("/v1/tools/call", json!({"tool_id": "skill-pdf"})).await;
    assert_eq!(called.status, 400);
    service.write("workspace/skills/bad/SKILL.md", "---\nname: bad\n---\n").await;
    for directory in ["skills/none", "skills", "skills/bad"] {
        let answer = service.post("/v1/tools/skill", json!({"skill_dir": directory})).await;
        assert!(answer.status == 400 && answer.error().contains("skill_dir"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_function_that_says_error_has_failed() {
    let service = Service::start().await;
    let mut body = function("def get_weather(city):\n    return 'Error: no such city'\n");
    body["parameters"]["required"] = json!([]);
    assert_eq!(service.post("/v1/tools", body).await.status, 201);
    let call = json!({"tool_id": "get_weather", "arguments": {"city": "x"}});
    let called = service.post("/v1/tools/call", call).await;
    assert_eq!((called.status, called.error()), (400, "Error: no such city"), "{called:?}");
}
