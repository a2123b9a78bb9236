//! OpenAI's request fields as parameters of a model's own protocol.

use serde_json::{Map, Value, json};
use troupe_core::model::Protocol;

use super::request::{ChatInput, wrong};
use crate::http::error::Problem;

/// The parameters that a request sets for a model of `protocol`. `rest` says whether fields that are not known here are
/// sent on: only OpenAI's protocol has a place for them.
pub fn parameters(input: &ChatInput, protocol: Protocol, rest: bool) -> Result<Map<String, Value>, Problem> {
    match protocol {
        Protocol::OpenAI | Protocol::OpenAIResponses => Ok(openai(input, rest)),
        Protocol::Anthropic => anthropic(input),
        Protocol::Ollama => ollama(input),
    }
}

/// Fields of our own, and those that the engine says itself.
const NOT_SENT: [&str; 4] = ["top_logprobs", "functions", "function_call", "audio"];

fn given(pairs: Vec<(&str, Option<Value>)>) -> Map<String, Value> {
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn number(number: Option<&serde_json::Number>) -> Option<Value> {
    number.cloned().map(Value::Number)
}

fn openai(input: &ChatInput, rest: bool) -> Map<String, Value> {
    let mut fields = if rest { input.rest.clone() } else { Map::new() };
    fields.retain(|name, _| !NOT_SENT.contains(&name.as_str()));
    let format = input.response_format.as_ref().filter(|format| format.kind != "text");
    fields.extend(given(vec![
        ("temperature", number(input.temperature.as_ref())),
        ("top_p", number(input.top_p.as_ref())),
        ("max_tokens", input.max_tokens.map(Value::from)),
        ("max_completion_tokens", input.max_completion_tokens.map(Value::from)),
        ("stop", input.stop.as_ref().map(|stop| json!(stop.texts()))),
        ("seed", input.seed.map(Value::from)),
        ("frequency_penalty", number(input.frequency_penalty.as_ref())),
        ("presence_penalty", number(input.presence_penalty.as_ref())),
        ("logit_bias", input.logit_bias.clone().map(Value::Object)),
        ("reasoning_effort", input.reasoning_effort.clone().map(Value::String)),
        ("user", input.user.clone().map(Value::String)),
        ("parallel_tool_calls", input.parallel_tool_calls.map(Value::Bool)),
        ("response_format", format.map(response_format)),
    ]));
    fields
}

fn response_format(format: &super::request::ResponseFormat) -> Value {
    match &format.json_schema {
        Some(schema) => {
            let mut inner = json!({"name": schema.name.as_deref().unwrap_or("answer"), "schema": schema.schema});
            if let Some(strict) = schema.strict {
                inner["strict"] = strict.into();
            }
            json!({"type": format.kind, "json_schema": inner})
        }
        None => json!({"type": format.kind}),
    }
}

fn anthropic(input: &ChatInput) -> Result<Map<String, Value>, Problem> {
    refuse(input, "Anthropic's", &["seed", "frequency_penalty", "presence_penalty", "logit_bias"])?;
    Ok(given(vec![
        ("temperature", number(input.temperature.as_ref())),
        ("top_p", number(input.top_p.as_ref())),
        ("max_tokens", input.max_completion_tokens.or(input.max_tokens).map(Value::from)),
        ("stop_sequences", input.stop.as_ref().map(|stop| json!(stop.texts()))),
        ("metadata", input.user.as_ref().map(|user| json!({"user_id": user}))),
        ("parallel_tool_calls", input.parallel_tool_calls.map(Value::Bool)),
    ]))
}

fn ollama(input: &ChatInput) -> Result<Map<String, Value>, Problem> {
    refuse(input, "Ollama's", &["logit_bias"])?;
    let json_object = input.response_format.as_ref().is_some_and(|format| format.kind == "json_object");
    Ok(given(vec![
        ("temperature", number(input.temperature.as_ref())),
        ("top_p", number(input.top_p.as_ref())),
        ("num_predict", input.max_completion_tokens.or(input.max_tokens).map(Value::from)),
        ("stop", input.stop.as_ref().map(|stop| json!(stop.texts()))),
        ("seed", input.seed.map(Value::from)),
        ("frequency_penalty", number(input.frequency_penalty.as_ref())),
        ("presence_penalty", number(input.presence_penalty.as_ref())),
        ("format", json_object.then(|| "json".into())),
    ]))
}

/// Refuses what the protocol has no word for. A neutral value says nothing and is left out: some clients always send it.
fn refuse(input: &ChatInput, whose: &str, fields: &[&str]) -> Result<(), Problem> {
    let zero = |number: &serde_json::Number| number.as_f64() == Some(0.0);
    for field in fields {
        let set = match *field {
            "seed" => input.seed.is_some(),
            "frequency_penalty" => input.frequency_penalty.as_ref().is_some_and(|number| !zero(number)),
            "presence_penalty" => input.presence_penalty.as_ref().is_some_and(|number| !zero(number)),
            _ => input.logit_bias.as_ref().is_some_and(|bias| !bias.is_empty()),
        };
        if set {
            return Err(wrong(
                field,
                &format!("the model speaks {whose} protocol, which has no such setting; leave it out"),
            ));
        }
    }
    Ok(())
}
