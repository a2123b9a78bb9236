//! Python functions in the jail.

use serde_json::{Value, json};
use troupe_core::tool::{FunctionTool, ToolKind, ToolResult, ToolSnapshot};

use super::place::{Place, tool};

async fn ran(entrypoint: Option<&str>, source: &str, arguments: Value) -> ToolResult {
    Place::new().call(&function(entrypoint, source), arguments).await
}

fn function(entrypoint: Option<&str>, source: &str) -> ToolSnapshot {
    tool(ToolKind::Function(FunctionTool {
        language: "Python".to_owned(),
        source: source.to_owned(),
        entrypoint: entrypoint.map(str::to_owned),
        network: false,
    }))
}

#[tokio::test]
async fn an_entry_point_gets_the_arguments_by_name_and_its_return_is_the_result() {
    let source = "def add(a, b=2):\n    print('adding')\n    return {'sum': a + b, 'é': [None, True]}";
    let result = ran(Some("add"), source, json!({"a": 40})).await;
    assert_eq!((result.content.as_str(), result.is_error), ("{\"sum\":42,\"é\":[null,true]}", false));
    assert_eq!(result.structured, Some(json!({"sum": 42, "é": [null, true]})));
}

#[tokio::test]
async fn without_an_entry_point_payload_goes_in_and_result_comes_out() {
    let result = ran(None, "result = payload['name'].upper()", json!({"name": "ada"})).await;
    assert_eq!(result.content, "ADA");
}

#[tokio::test]
async fn what_is_printed_is_the_answer_where_there_is_no_result() {
    let source = "import sys\nprint('one')\nprint('two', file=sys.stderr)";
    let lines = ran(None, source, json!({})).await.content;
    assert!(lines.contains("one\n") && lines.contains("two\n"), "{lines}");
    assert_eq!(ran(None, "pass", json!({})).await.content, "null");
}

#[tokio::test]
async fn an_exception_is_an_error_with_its_type_its_line_and_what_was_printed() {
    let source = "def f(x):\n    print('before')\n    raise ValueError('no ' + x)";
    let result = ran(Some("f"), source, json!({"x": "way"})).await;
    assert!(result.is_error);
    assert_eq!(result.content, "Error: ValueError: no way\n  line 3, in f\nIt printed:\nbefore\n");
}

#[tokio::test]
async fn wrong_arguments_and_wrong_code_are_told() {
    let message = |result: ToolResult| {
        assert!(result.is_error, "{}", result.content);
        result.content
    };
    let source = "def f(x):\n    return x";
    assert!(message(ran(Some("f"), source, json!({"y": 1})).await).contains("unexpected keyword argument 'y'"));
    assert!(message(ran(Some("g"), source, json!({})).await).contains("no function 'g'"));
    assert!(message(ran(None, "def", json!({})).await).contains("SyntaxError"));
    assert!(message(ran(None, "result = float('nan')", json!({})).await).contains("ValueError"));
    assert!(message(ran(None, "import sys; sys.exit('stop')", json!({})).await).contains("SystemExit: stop"));
    assert!(message(ran(None, "import os; os._exit(4)", json!({})).await).contains("exit code 4, without a result"));
}

#[tokio::test]
async fn coroutines_are_awaited_and_rich_values_become_json() {
    let source = "import dataclasses, datetime\n@dataclasses.dataclass\nclass P:\n    x: int\nasync def f():\n    return {'p': P(1), 'd': datetime.date(2026, 1, 2), 's': {3}}";
    let result = ran(Some("f"), source, json!({})).await;
    assert_eq!(result.structured, Some(json!({"p": {"x": 1}, "d": "2026-01-02", "s": [3]})), "{}", result.content);
}

#[tokio::test]
async fn the_workspace_is_there_and_the_network_is_not() {
    let place = Place::new();
    std::fs::write(place.path("workspace/in.txt"), "content").unwrap();
    let source = "result = open('in.txt').read()\nopen('out.txt', 'w').write('new')";
    assert_eq!(place.call(&function(None, source), json!({})).await.content, "content");
    assert_eq!(std::fs::read_to_string(place.path("workspace/out.txt")).unwrap(), "new");
    let source = "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')";
    let result = place.call(&function(None, source), json!({})).await;
    assert!(result.is_error && result.content.contains("Operation not permitted"), "{}", result.content);
}

#[tokio::test]
async fn a_time_out_ends_it_and_another_language_is_refused() {
    let place = Place::new();
    let slow = ToolSnapshot { timeout_ms: Some(1500), ..function(None, "print('x', flush=True)\nwhile True: pass") };
    let result = place.call(&slow, json!({})).await;
    assert_eq!(result.content, "Error: the command was ended because it ran longer than 1.5 s\nIt printed:\nx\n");
    let mut other = function(None, "x");
    if let ToolKind::Function(function) = &mut other.kind {
        function.language = "Ruby".to_owned();
    }
    assert_eq!(
        place.call(&other, json!({})).await.content,
        "Error: the language \"Ruby\" is not supported; write Python"
    );
}
