//! Bodies that the service takes, where what the description says is not enough: ids must be of things that are there.

use serde_json::{Value, json};

use crate::Places;

/// Bodies of an operation, each with other fields; none where the description's own example will do.
pub(crate) fn bodies(operation: &str, places: &Places) -> Vec<Value> {
    let infer = || {
        vec![
            json!({"agent_id": "plain", "messages": messages(), "max_tool_rounds": 2, "interrupt": false}),
            json!({"model_id": "small", "text": "hi", "tool_ids": ["greet"], "session_id": "",
                "model": {"model_id": "small", "generate_params": {"a": 1}}}),
            json!({"model_id": "small", "text": "hi", "model_config_override": {"generate_params": {"a": 1}}}),
        ]
    };
    match operation {
        "inference_infer" | "inference_stream" => infer(),
        "inference_abort" => vec![json!({"session_id": "gone", "forced": true})],
        "chat_completions" => chat(),
        "runs_create" => vec![
            json!({"input": "hi", "dry_run": true}),
            json!({"input": messages(), "dry_run": true, "wait": 1, "status": "draft", "dispatch": "manual"}),
            json!({"input": {"a": 1}, "status": "draft"}),
        ],
        "runs_cancel" => vec![json!({"forced": false, "reason": "no need"})],
        "runs_approve" => vec![json!({"decision": "approve", "arguments": {"name": "Bob"}, "comment": "good"})],
        "runs_input" => vec![json!({"call_id": places.call, "content": "x", "is_error": false})],
        "models_register" | "models_update" => {
            vec![json!({"model_id": "small", "api_base": places.model, "model_name": "tiny",
            "api_key": "k", "model_type": "llm", "api_protocol": "openai", "generate_params": {"a": 1}})]
        }
        "tools_register" => vec![
            json!({"tool_id": "add", "tool_type": "function", "name": "add", "description": "d",
                "parameters": {"type": "object"}, "source": "def add(): return 1", "function_name": "add"}),
            json!({"tool_id": "far", "tool_type": "mcp", "name": "far", "description": "d", "parameters": {},
                "mcp_server_name": "far", "tool_name": "t", "mcp_url": "http://127.0.0.1:1/mcp", "mcp_headers": {"A": "b"}}),
            json!({"tool_id": "near", "tool_type": "mcp", "name": "near", "description": "d", "parameters": {},
                "mcp_server_name": "near", "tool_name": "t", "mcp_command": "false", "mcp_args": ["a"], "mcp_env": {"A": "b"}}),
        ],
        "tools_update" => vec![json!({"name": "greet", "description": "d", "parameters": {"type": "object"}})],
        "tools_delete_batch" => vec![json!({"tool_ids": ["gone"]})],
        "tools_call" => vec![json!({"tool_id": "greet", "arguments": {"name": "Ada"}, "format": "text"})],
        "tools_register_skill" => vec![json!({"skill_dir": "gone"})],
        "mcp_servers_register" => vec![
            json!({"mcpServers": {"far": {"url": "http://127.0.0.1:1/mcp", "headers": {"A": "b"}, "type": "http", "disabled": true}}}),
            json!({"mcpServers": {"near": {"command": "false", "args": ["a"], "env": {"A": "b"}, "disabled": true}}}),
        ],
        "templates_create" | "templates_update" => vec![json!({"template_id": "hello", "content": "Hello {{name}}"})],
        "templates_preview" => vec![json!({"arguments": {"name": "Ada"}})],
        "agents_create" | "agents_update" => vec![json!({"model_id": "small", "nickname": "n", "tool_ids": ["greet"],
            "template_id": "hello", "template_arguments": {"name": "Ada"}, "system_prompt": "s", "myself_view": "v",
            "description": "d", "avatar": "a", "group": "g"})],
        "agents_publish" => vec![json!({"revision": null})],
        "env_set" => vec![json!({"key": "K", "value": "v"})],
        "sessions_revoke" => {
            vec![json!({"timestamp": "2026-04-21T15:30:12.000123", "forced": false, "keep_files": true})]
        }
        "resources_apply" => {
            vec![json!({"apiVersion": "troupe.dev/v1alpha1", "kind": "Model", "metadata": {"name": "small"},
            "spec": {"protocol": "OpenAI", "baseUrl": places.model, "model": "tiny"}})]
        }
        _ => Vec::new(),
    }
}

fn messages() -> Value {
    let pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
    json!([
        {"role": "system", "content": "Be kind.", "name": "n", "prompt_template": "gone", "arguments": {"a": 1}},
        {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": {"url": pixel}}],
            "images": [pixel]},
        {"role": "assistant", "content": "x", "thinking": "t", "tool_calls": [
            {"id": "c1", "name": "greet", "arguments": "{}"},
            {"id": "c2", "function": {"name": "greet", "arguments": {"a": 1}}}]},
        {"role": "tool", "content": "r", "tool_id": "greet", "tool_use_id": "c1"},
        {"role": "tool", "content": "r", "tool_use_id": "c2"},
        {"role": "user", "content": "go on"},
    ])
}

fn chat() -> Vec<Value> {
    let schema = json!({"type": "object", "properties": {}});
    vec![
        json!({"model": "agent/plain", "messages": messages(), "stream": false,
            "tools": [{"type": "function", "function": {"name": "mine", "description": "d", "parameters": schema}}],
            "tool_choice": "auto", "parallel_tool_calls": true, "response_format": {"type": "text"},
            "temperature": 0.5, "top_p": 1, "max_tokens": 10, "max_completion_tokens": 10, "stop": ["x"], "seed": 1,
            "frequency_penalty": 0, "presence_penalty": 0, "logit_bias": {}, "reasoning_effort": "low", "user": "u",
            "n": 1, "logprobs": false, "interrupt": false}),
        json!({"model": "small", "messages": [{"role": "user", "content": "hi"}], "stream": true, "stop": "x",
            "stream_options": {"include_usage": true}, "session_id": ""}),
        json!({"model": "agent/plain", "messages": [{"role": "user", "content": "hi"}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": true}}}),
    ]
}
