//! Prompt templates as S1's clients know them (S1-24, S1-109 to S1-112), and their preview.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use troupe_catalog::{Entry, ResolveError, WriteOptions};
use troupe_crds::prompt_template::PromptEngine;
use troupe_crds::{Kind, PromptTemplateSpec, Resource};
use troupe_language::Engine;

use crate::app::App;
use crate::http::error::Problem;
use crate::service::manifest::{self, FieldNames, check_id, metadata_for};
use crate::service::resolve::sentence;
use crate::service::rights::Asker;

const FIELDS: FieldNames =
    &[("metadata.name", "template_id"), ("metadata.annotations", "template_id"), ("spec.content", "content")];

/// S1's template as it is posted. Unknown fields are ignored.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct TemplateInput {
    /// Its id; `name` is the same.
    #[serde(alias = "name")]
    pub template_id: Option<String>,
    /// The text.
    pub content: Option<String>,
}

/// S1's template as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Template {
    /// Its id.
    pub template_id: String,
    /// The text.
    pub content: String,
}

/// What a preview is made of.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewInput {
    /// Values by name.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub arguments: Map<String, Value>,
}

/// A rendered template.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Preview {
    /// The text.
    pub text: String,
    /// Every name that the template takes, in the order in which they appear.
    pub placeholders: Vec<String>,
    /// Those for which there is neither an argument nor a default; they stay as they are written.
    pub missing: Vec<String>,
}

impl App {
    /// Every template, by name.
    pub fn list_templates(&self) -> Vec<Template> {
        self.catalog.view().list(Kind::PromptTemplate).filter_map(|entry| shown(entry)).collect()
    }

    /// One template.
    pub fn template(&self, id: &str) -> Result<Template, Problem> {
        let view = self.catalog.view();
        view.find(Kind::PromptTemplate, id).and_then(|entry| shown(entry)).ok_or_else(|| template_missing(id))
    }

    /// Creates a template, or gives the one of that id another text (S1-110).
    pub async fn create_template(&self, asker: &Asker, input: TemplateInput) -> Result<String, Problem> {
        let id = input.template_id.unwrap_or_default();
        check_id("template_id", &id)?;
        let content = input.content.ok_or_else(|| Problem::missing_field("content"))?;
        let present = self.catalog.view().find(Kind::PromptTemplate, &id).cloned();
        let parts = present.as_deref().and_then(manifest::parts);
        let (metadata, spec) = parts.unwrap_or_else(|| (metadata_for(&id), json!({})));
        let resource = manifest::resource(Kind::PromptTemplate, metadata, with_content(spec, Some(content)), FIELDS)?;
        self.write(asker, resource, WriteOptions::default()).await?;
        Ok(id)
    }

    /// Changes a template's text, its id, or both (S1-111).
    pub async fn update_template(&self, asker: &Asker, id: &str, input: TemplateInput) -> Result<String, Problem> {
        let entry = self.catalog.view().find(Kind::PromptTemplate, id).cloned().ok_or_else(|| template_missing(id))?;
        let new = input.template_id.filter(|new| !new.is_empty()).unwrap_or_else(|| entry.id.as_ref().to_owned());
        check_id("template_id", &new)?;
        let (metadata, spec) = manifest::parts(&entry).unwrap_or_else(|| (metadata_for(&new), json!({})));
        let spec = with_content(spec, input.content);
        if *entry.id == *new || *entry.name == *new {
            let resource = manifest::resource(Kind::PromptTemplate, metadata, spec, FIELDS)?;
            self.write(asker, resource, WriteOptions::default()).await?;
            return Ok(new);
        }
        if self.catalog.view().find(Kind::PromptTemplate, &new).is_some() {
            return Err(Problem::conflict(format!("Template already exists: {new}; choose another template_id")));
        }
        let resource = manifest::resource(Kind::PromptTemplate, metadata_for(&new), spec, FIELDS)?;
        self.rename(asker, Kind::PromptTemplate, &entry.name, resource).await?;
        Ok(new)
    }

    /// Deletes a template (S1-112).
    pub async fn delete_template(&self, asker: &Asker, id: &str) -> Result<String, Problem> {
        let entry = self.catalog.view().find(Kind::PromptTemplate, id).cloned().ok_or_else(|| template_missing(id))?;
        self.remove(asker, Kind::PromptTemplate, &entry.name, WriteOptions::default()).await?;
        Ok(entry.id.as_ref().to_owned())
    }

    /// Renders a template with arguments.
    pub fn preview_template(&self, id: &str, input: &PreviewInput) -> Result<Preview, Problem> {
        let view = self.catalog.view();
        let entry = view.find(Kind::PromptTemplate, id).ok_or_else(|| template_missing(id))?;
        let text = view.render_prompt(&entry.name, &input.arguments).map_err(|error| match error {
            ResolveError::NotReady { .. } => Problem::conflict(sentence(&error)),
            error => manifest::wrong("arguments", sentence(&error)),
        })?;
        let Some(spec) = view.prompt_template(&entry.name) else { return Err(template_missing(id)) };
        let engine = if spec.engine == PromptEngine::Jinja { Engine::Jinja } else { Engine::Placeholder };
        let placeholders = engine.names(&spec.content);
        let has_default =
            |name: &String| spec.variables.iter().any(|variable| variable.name == *name && variable.default.is_some());
        let missing = placeholders.iter().filter(|name| !input.arguments.contains_key(*name) && !has_default(name));
        Ok(Preview { text, missing: missing.cloned().collect(), placeholders })
    }
}

fn with_content(mut spec: Value, content: Option<String>) -> Value {
    if let Some(content) = content {
        spec["content"] = content.into();
    }
    spec
}

fn spec(entry: &Entry) -> Option<&PromptTemplateSpec> {
    match manifest::shown(entry)?.as_ref() {
        Resource::PromptTemplate(template) => Some(&template.spec),
        _ => None,
    }
}

fn shown(entry: &Entry) -> Option<Template> {
    spec(entry).map(|spec| Template { template_id: entry.id.as_ref().to_owned(), content: spec.content.clone() })
}

fn template_missing(id: &str) -> Problem {
    Problem::not_found(format!("Template not found: {id}"))
}
