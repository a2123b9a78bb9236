//! The built-in tools as models see them. They exist without a resource; an agent must name them to have them.

use serde_json::{Value, json};

use super::{Approval, OnInterrupted, ToolKind, ToolSnapshot, ToolSpec};

/// A command line in the jail (S1-90).
pub fn bash(network: bool) -> ToolSnapshot {
    built_in(
        "bash",
        "Run a shell command in the workspace and return its output. A non-zero exit code is reported before the output.",
        json!({
            "type": "object",
            "properties": {
                "command": {"type": "string", "description": "The shell command to run"},
                "cwd": {"type": "string", "description": "The working directory; by default the workspace"}
            },
            "required": ["command"]
        }),
        ToolKind::Bash { network },
    )
}

/// Fetches a URL under the address guard (S1-91).
pub fn fetch() -> ToolSnapshot {
    built_in(
        "fetch",
        "Make an HTTP request to a public address and return the answer as text.",
        json!({
            "type": "object",
            "properties": {
                "url": {"type": "string", "description": "The http or https URL"},
                "method": {"type": "string", "description": "The HTTP method; GET by default"},
                "body": {"type": "string", "description": "The request's body"},
                "headers": {"type": "string", "description": "Request headers as a JSON object in a string"}
            },
            "required": ["url"]
        }),
        ToolKind::Fetch,
    )
}

/// An ad-hoc sub-agent (S1-116).
pub fn delegate() -> ToolSnapshot {
    built_in(
        "delegate",
        "Give a task to an independent sub-agent with its own model and tools, and get its answer. \
         Write \"[continue]\" in the context to go on with the last sub-agent's conversation.",
        json!({
            "type": "object",
            "properties": {
                "model_id": {"type": "string", "description": "The id of the sub-agent's model"},
                "tool_names": {
                    "type": "array", "items": {"type": "string"},
                    "description": "The names of the tools that it gets; empty for none"
                },
                "task": {"type": "string", "description": "What it shall do, with everything that it must know"},
                "context": {"type": "string", "description": "Its system prompt"},
                "images": {
                    "type": "array", "items": {"type": "string"},
                    "description": "Images for it: paths in the workspace, URLs, or base64"
                }
            },
            "required": ["model_id", "tool_names", "task"]
        }),
        ToolKind::Delegate,
    )
}

/// The arguments of an agent that is a tool of another one.
pub fn agent_parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "task": {"type": "string", "description": "What the agent shall do, with everything that it must know"}
        },
        "required": ["task"]
    })
}

/// Reads a file of the workspace.
pub fn read_file() -> ToolSnapshot {
    let tool = built_in(
        "read_file",
        "Read a text file of the workspace.",
        json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "The file's path in the workspace"},
                "offset": {"type": "integer", "minimum": 1, "description": "The first line to read; 1 by default"},
                "limit": {"type": "integer", "minimum": 1, "description": "The most lines to read; 2000 by default"}
            },
            "required": ["path"]
        }),
        ToolKind::ReadFile,
    );
    ToolSnapshot { read_only: true, idempotent: true, ..tool }
}

/// Writes a file of the workspace.
pub fn write_file() -> ToolSnapshot {
    let tool = built_in(
        "write_file",
        "Write a text file of the workspace, replacing what it held; folders are made as needed.",
        json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "The file's path in the workspace"},
                "content": {"type": "string", "description": "The file's whole new content"}
            },
            "required": ["path", "content"]
        }),
        ToolKind::WriteFile,
    );
    ToolSnapshot { idempotent: true, destructive: true, ..tool }
}

/// Searches the workspace's files.
pub fn search_files() -> ToolSnapshot {
    let tool = built_in(
        "search_files",
        "Search the text files of the workspace and return the matching lines with their paths and numbers.",
        json!({
            "type": "object",
            "properties": {
                "pattern": {"type": "string", "description": "What to look for"},
                "path": {"type": "string", "description": "The folder to search; by default the whole workspace"},
                "regex": {"type": "boolean", "description": "Whether the pattern is a regular expression; false by default"}
            },
            "required": ["pattern"]
        }),
        ToolKind::SearchFiles,
    );
    ToolSnapshot { read_only: true, idempotent: true, ..tool }
}

/// Every built-in that exists without a resource, by name.
pub fn named(name: &str) -> Option<ToolSnapshot> {
    match name {
        "bash" => Some(bash(false)),
        "fetch" => Some(fetch()),
        "delegate" => Some(delegate()),
        "read_file" => Some(read_file()),
        "write_file" => Some(write_file()),
        "search_files" => Some(search_files()),
        _ => None,
    }
}

fn built_in(name: &str, description: &str, parameters: Value, kind: ToolKind) -> ToolSnapshot {
    ToolSnapshot {
        spec: ToolSpec { name: name.to_owned(), description: description.to_owned(), parameters },
        id: name.to_owned(),
        output: None,
        kind,
        timeout_ms: None,
        approval: Approval::Never,
        on_interrupted: OnInterrupted::Auto,
        read_only: false,
        idempotent: false,
        destructive: false,
        hidden_arguments: Vec::new(),
    }
}
