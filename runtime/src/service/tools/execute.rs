//! Runs the fixed steps of a skill, one after the other, without a model that chooses them (S1-108).

use serde_json::{Map, Value};
use troupe_catalog::View;
use troupe_core::model::ModelSnapshot;
use troupe_crds::Kind;
use troupe_crds::tool::{InferenceStep, SkillStep, ToolStep};

use super::{CallInput, spec, tool_missing};
use crate::app::App;
use crate::http::error::Problem;
use crate::service::manifest::wrong;
use crate::service::resolve::sentence;
use crate::service::rights::Caller;

/// What the result of the step before is called.
const PREVIOUS: &str = "prev_result";

impl App {
    /// Runs a skill's steps; the last one's result. Texts of a step may hold `{{prev_result}}`, which is empty in the
    /// first, and the names of `arguments`. The first step that fails ends the skill.
    pub async fn execute_skill(&self, id: &str, arguments: Map<String, Value>) -> Result<String, Problem> {
        let view = self.catalog.view();
        let entry = view.find(Kind::Tool, id).cloned().ok_or_else(|| tool_missing(id))?;
        let skill = spec(&entry).and_then(|spec| spec.skill.as_ref());
        let skill = skill.ok_or_else(|| wrong("tool_id", format!("{id:?} is not a skill")))?;
        if skill.steps.is_empty() {
            return Err(wrong("tool_id", format!("{id:?} has no steps: a model opens it and follows its text")));
        }
        let mut values = arguments;
        let mut result = String::new();
        for (index, step) in skill.steps.iter().enumerate() {
            values.insert(PREVIOUS.to_owned(), result.into());
            let done = self.execute_step(&view, step, &values).await;
            result = done.map_err(|problem| Problem::bad_request(format!("steps[{index}]: {}", problem.detail())))?;
        }
        Ok(result)
    }

    async fn execute_step(
        &self,
        view: &View,
        step: &SkillStep,
        values: &Map<String, Value>,
    ) -> Result<String, Problem> {
        match (&step.tool, &step.inference) {
            (Some(step), _) => self.execute_call(step, values).await,
            (None, Some(step)) => self.execute_inference(view, step, values).await,
            (None, None) => Err(wrong("step", "it has neither tool nor inference")),
        }
    }

    async fn execute_call(&self, step: &ToolStep, values: &Map<String, Value>) -> Result<String, Problem> {
        let arguments = step.arguments.0.iter().map(|(name, value)| (name.clone(), filled(value, values))).collect();
        let input = CallInput { tool_id: Some(step.tool_ref.name.clone()), arguments: Some(arguments), format: None };
        match self.call_tool(input, Caller::default()).await? {
            Value::String(text) => Ok(text),
            value => Ok(value.to_string()),
        }
    }

    async fn execute_inference(
        &self,
        view: &View,
        step: &InferenceStep,
        values: &Map<String, Value>,
    ) -> Result<String, Problem> {
        let failed = |error: &dyn std::error::Error| Problem::bad_request(sentence(error));
        let prompt = match (&step.prompt, &step.template_ref) {
            (Some(prompt), _) => placeholders(prompt, values),
            (None, Some(template)) => view.render_prompt(&template.name, values).map_err(|error| failed(&error))?,
            (None, None) => return Err(wrong("inference", "it has neither prompt nor templateRef")),
        };
        let models: Vec<std::sync::Arc<ModelSnapshot>> = match &step.model_ref {
            Some(model) => view.resolve_model(&model.name).map_err(|error| failed(&error))?,
            None => return Err(wrong("modelRef", "no agent calls the skill here: name a model")),
        };
        self.ask(models, "", prompt).await.map_err(|error| failed(&error))
    }
}

/// An argument of a step with its placeholders filled in, in lists and objects too. A text that is nothing but one
/// placeholder, or the bare word `prev_result` as S1 writes it, is that value itself.
fn filled(value: &Value, values: &Map<String, Value>) -> Value {
    match value {
        Value::String(text) => {
            let name = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).map(str::trim);
            let name = name.or_else(|| (text == PREVIOUS).then_some(PREVIOUS));
            let whole = name.and_then(|name| values.get(name)).cloned();
            whole.unwrap_or_else(|| placeholders(text, values).into())
        }
        Value::Array(items) => items.iter().map(|item| filled(item, values)).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, member)| (name.clone(), filled(member, values))).collect())
        }
        other => other.clone(),
    }
}

fn placeholders(text: &str, values: &Map<String, Value>) -> String {
    troupe_language::placeholder::render(text, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn placeholders_are_filled_in_at_every_depth() {
        let values = json!({"prev_result": "rain", "days": [1, 2]});
        let values = values.as_object().unwrap();
        let arguments = json!({"a": "{{prev_result}} today", "b": ["prev_result"], "c": {"d": "{{days}}"}, "e": 3});
        let expected = json!({"a": "rain today", "b": ["rain"], "c": {"d": [1, 2]}, "e": 3});
        assert_eq!(filled(&arguments, values), expected);
    }
}
