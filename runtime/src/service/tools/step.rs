//! The fixed steps of a skill, as S1 writes them (S1-108) and as resources do.

use serde_json::{Map, Value, json};
use troupe_catalog::View;
use troupe_crds::Kind;
use troupe_crds::tool::SkillStep;

use crate::http::error::Problem;
use crate::service::manifest::wrong;

/// Steps as S1 shows them.
pub(super) fn shown(view: &View, steps: &[SkillStep]) -> Vec<Value> {
    let id = |kind, name: &str| view.get(kind, name).map_or_else(|| name.to_owned(), |entry| entry.id.to_string());
    let shown = steps.iter().filter_map(|step| match (&step.tool, &step.inference) {
        (Some(step), _) => Some(json!({
            "type": "tool",
            "target": id(Kind::Tool, &step.tool_ref.name),
            "args_mapping": step.arguments.to_value(),
        })),
        (None, Some(step)) => {
            let template = step.template_ref.as_ref().map(|template| id(Kind::PromptTemplate, &template.name));
            let mut shown = json!({"type": "inference", "prompt_template": step.prompt.clone().or(template)});
            if let Some(model) = &step.model_ref {
                shown["model_id"] = id(Kind::Model, &model.name).into();
            }
            Some(shown)
        }
        (None, None) => None,
    });
    shown.collect()
}

/// Steps as resources write them.
pub(super) fn read(view: &View, steps: &[Value]) -> Result<Value, Problem> {
    steps.iter().enumerate().map(|(index, step)| read_one(view, &format!("steps[{index}]"), step)).collect()
}

fn read_one(view: &View, path: &str, step: &Value) -> Result<Value, Problem> {
    let text = |field: &str| step.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let named = |field: &str, kind: Kind, id: &str| {
        let entry = view.find(kind, id);
        entry
            .map(|entry| json!({"name": entry.name.as_ref()}))
            .ok_or_else(|| wrong(&format!("{path}.{field}"), format!("there is no {kind} {id:?}")))
    };
    match text("type") {
        Some("tool") => {
            let target = text("target").ok_or_else(|| Problem::missing_field(&format!("{path}.target")))?;
            let arguments = match step.get("args_mapping") {
                None | Some(Value::Null) => Value::Object(Map::new()),
                Some(arguments @ Value::Object(_)) => arguments.clone(),
                Some(_) => return Err(wrong(&format!("{path}.args_mapping"), "it must be an object")),
            };
            Ok(json!({"tool": {"toolRef": named("target", Kind::Tool, target)?, "arguments": arguments}}))
        }
        Some("inference") => {
            let prompt = text("prompt_template");
            let prompt = prompt.ok_or_else(|| Problem::missing_field(&format!("{path}.prompt_template")))?;
            let mut inference = match view.find(Kind::PromptTemplate, prompt) {
                Some(entry) => json!({"templateRef": {"name": entry.name.as_ref()}}),
                None => json!({"prompt": prompt}),
            };
            if let Some(model) = text("model_id") {
                inference["modelRef"] = named("model_id", Kind::Model, model)?;
            }
            Ok(json!({"inference": inference}))
        }
        Some(other) => Err(wrong(&format!("{path}.type"), format!("{other:?} is neither tool nor inference"))),
        None => Err(Problem::missing_field(&format!("{path}.type"))),
    }
}
