//! The echo assistant: what answers when no rule does, so that a first conversation needs no script and no key.
//!
//! It answers in words. Asked for the time, for files, or to use bash, it calls a fitting tool that was offered, once, and reports
//! what came of it.

use serde_json::{Map, Value, json};

use crate::{
    exchange::{Exchange, OfferedTool},
    scenario::{Reply, Role},
};

/// What a person wants, in the order in which it is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Bash,
    Time,
    Files,
}

/// The assistant's reply to a request.
pub(crate) fn reply(exchange: &Exchange<'_>) -> Reply {
    if exchange.last_role == Some(Role::Tool) {
        return Reply::text("Here is what the tool answered:\n\n{{last_tool}}");
    }
    if let Some((tool, arguments)) = wish(&exchange.last_user).and_then(|wish| fitting_call(wish, exchange)) {
        let mut reply = Reply::call(tool, arguments);
        reply.thinking = Some(format!("The user needs the tool {tool}."));
        return reply;
    }
    Reply::text(in_words(exchange))
}

fn wish(text: &str) -> Option<Wish> {
    let text = text.to_lowercase();
    let any = |words: &[&str]| text.split(|c: char| !c.is_alphanumeric()).any(|word| words.contains(&word));
    match () {
        () if any(&["bash", "shell", "command"]) => Some(Wish::Bash),
        () if any(&["time", "clock", "date"]) => Some(Wish::Time),
        () if any(&["file", "files", "folder", "directory"]) => Some(Wish::Files),
        () => None,
    }
}

/// The tool and arguments for a wish: a tool made for it, else bash.
fn fitting_call<'a>(wish: Wish, exchange: &Exchange<'a>) -> Option<(&'a str, Value)> {
    let named = |words: &[&str]| {
        let fits = |tool: &&OfferedTool<'_>| words.iter().any(|word| tool.name.to_lowercase().contains(word));
        exchange.tools.iter().find(fits).copied()
    };
    let made_for = match wish {
        Wish::Bash => None,
        Wish::Time => named(&["current_time", "get_time", "time", "clock", "date"]),
        Wish::Files => named(&["list_dir", "list_files", "search_files"]),
    };
    if let Some(tool) = made_for {
        return Some((tool.name, plausible(tool.schema)));
    }
    let bash = named(&["bash", "shell"])?;
    let command = match wish {
        Wish::Bash => quoted(&exchange.last_user).unwrap_or("uname -a"),
        Wish::Time => "date",
        Wish::Files => "ls -la",
    };
    let mut arguments = plausible(bash.schema);
    let argument = command_argument(bash.schema);
    arguments[argument] = json!(command);
    Some((bash.name, arguments))
}

/// The argument that takes the command line: the first required one.
fn command_argument(schema: &Value) -> &str {
    schema["required"][0].as_str().unwrap_or("command")
}

/// What stands between back-quotes.
fn quoted(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('`')?;
    let (command, _) = rest.split_once('`')?;
    Some(command).filter(|command| !command.is_empty())
}

/// Arguments for the required properties of a schema: its default, its first allowed value, or something of its type.
fn plausible(schema: &Value) -> Value {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let value = |name: &str| {
        let property = &schema["properties"][name];
        match (&property["default"], &property["enum"][0], property["type"].as_str()) {
            (Value::Null, Value::Null, Some("integer" | "number")) => json!(1),
            (Value::Null, Value::Null, Some("boolean")) => json!(false),
            (Value::Null, Value::Null, Some("array")) => json!([]),
            (Value::Null, Value::Null, Some("object")) => json!({}),
            (Value::Null, Value::Null, _) if name.to_lowercase().contains("zone") => json!("UTC"),
            (Value::Null, Value::Null, _) => json!("."),
            (Value::Null, first, _) => first.clone(),
            (default, _, _) => default.clone(),
        }
    };
    Value::Object(required.map(|name| (name.to_owned(), value(name))).collect::<Map<_, _>>())
}

/// An answer that says what this is and what to try.
fn in_words(exchange: &Exchange<'_>) -> String {
    let tools: Vec<&str> = exchange.tools.iter().map(|tool| tool.name).collect();
    let heard = if exchange.last_user.is_empty() { "You said nothing yet." } else { "You said: {{last_user}}" };
    let offer = if tools.is_empty() {
        "I was offered no tools.".to_owned()
    } else {
        format!(
            "I was offered these tools: {}. Ask me for the time, for files, or to use bash to run `ls`.",
            tools.join(", ")
        )
    };
    format!(
        "{heard}\n\nI am a scripted stand-in for a language model: I answer without a key and without thinking. {offer}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Protocol;

    fn asked(text: &str, tools: &Value) -> Reply {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": text}], "tools": tools});
        reply(&Protocol::OpenAI.read(&body, 0))
    }

    fn called(reply: &Reply) -> (&str, &Value) {
        let call = reply.tool_calls.first().expect("a call");
        (&call.name, &call.arguments)
    }

    #[test]
    fn a_tool_made_for_the_time_is_preferred_and_gets_a_time_zone() {
        let time = json!({"name": "mcp_get_current_time", "parameters": {
            "type": "object", "properties": {"timezone": {"type": "string"}}, "required": ["timezone"]}});
        let bash = json!({"name": "bash", "parameters": {"type": "object", "required": ["command"]}});
        let both = json!([{"function": bash}, {"function": time}]);
        let only_bash = json!([{"function": bash}]);
        assert_eq!(called(&asked("What time is it?", &both)), ("mcp_get_current_time", &json!({"timezone": "UTC"})));
        assert_eq!(called(&asked("What time is it?", &only_bash)), ("bash", &json!({"command": "date"})));
        assert_eq!(called(&asked("use bash to run `ls /`", &both)), ("bash", &json!({"command": "ls /"})));
        assert_eq!(called(&asked("list my files", &both)), ("bash", &json!({"command": "ls -la"})));
    }

    #[test]
    fn without_a_fitting_tool_it_answers_in_words() {
        let reply = asked("What time is it?", &json!([]));
        assert!(reply.tool_calls.is_empty());
        assert!(reply.text.expect("words").starts_with("You said: {{last_user}}"));
    }
}
