//! Models as S1's clients know them (S1-16, S1-73 to S1-76), over Model resources.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use troupe_catalog::{Entry, WriteOptions};
use troupe_crds::model::{ModelKind, Protocol};
use troupe_crds::reference::{SecretKeyReference, SecretSource};
use troupe_crds::{Kind, Model, ModelSpec, Resource};

use crate::app::App;
use crate::http::error::Problem;
use crate::service::key::{Posted, key_name};
use crate::service::manifest::{self, FieldNames, check_id, metadata_for, missing, wrong};
use crate::service::resolve::MASK;
use crate::service::rights::Asker;

/// The key of a model's Secret.
const KEY: &str = "api-key";

/// The longest key, in characters: longer ones are no keys.
const MOST_KEY: usize = 8_192;

/// The largest parameters, in bytes of JSON.
const MOST_PARAMETERS: usize = 65_536;

const FIELDS: FieldNames = &[
    ("metadata.name", "model_id"),
    ("metadata.annotations", "model_id"),
    ("spec.baseUrl", "api_base"),
    ("spec.model", "model_name"),
    ("spec.parameters", "generate_params"),
    ("spec.kind", "model_type"),
    ("spec.protocol", "api_protocol"),
    ("spec.apiKey", "api_key"),
];

/// S1's `ModelConfig` as it is posted. Unknown fields are ignored.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct ModelInput {
    /// Its id; any text.
    pub model_id: Option<String>,
    /// The endpoint with its version path.
    pub api_base: Option<String>,
    /// The provider's name of the model.
    pub model_name: Option<String>,
    /// The key: it becomes a Secret. Absent or equal to the mask keeps the one that is there, an empty one removes it.
    pub api_key: Option<String>,
    /// `llm` (default) or `vlm`.
    pub model_type: Option<String>,
    /// `openai` (default), `openai-responses`, `ollama` or `anthropic`.
    pub api_protocol: Option<String>,
    /// Free-form parameters.
    #[schema(value_type = Option<Object>)]
    pub generate_params: Option<Map<String, Value>>,
}

/// S1's `ModelConfig` as it is shown: all seven fields, the key as a mask.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ModelConfig {
    /// Its id.
    pub model_id: String,
    /// The endpoint.
    pub api_base: String,
    /// The provider's name of the model.
    pub model_name: String,
    /// A mask where there is a key, else empty.
    pub api_key: String,
    /// `llm` or `vlm`.
    pub model_type: String,
    /// The wire format.
    pub api_protocol: String,
    /// Parameters.
    #[schema(value_type = Object)]
    pub generate_params: Map<String, Value>,
}

/// A model or an agent as OpenAI lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ModelObject {
    /// The model's id, or `agent/NAME`.
    pub id: String,
    /// `model`.
    pub object: &'static str,
    /// When it was last changed, in seconds since the epoch.
    pub created: i64,
    /// The model's protocol, or `troupe` for an agent.
    pub owned_by: &'static str,
}

impl ModelConfig {
    fn new(id: &str, spec: &ModelSpec) -> Self {
        Self {
            model_id: id.to_owned(),
            api_base: spec.base_url.clone(),
            model_name: spec.model.clone(),
            api_key: if spec.api_key.is_some() { MASK.to_owned() } else { String::new() },
            model_type: if spec.kind == ModelKind::Vlm { "vlm" } else { "llm" }.to_owned(),
            api_protocol: protocol_name(spec.protocol).to_owned(),
            generate_params: spec.parameters.0.clone(),
        }
    }
}

fn protocol_name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::OpenAI => "openai",
        Protocol::OpenAIResponses => "openai-responses",
        Protocol::Anthropic => "anthropic",
        Protocol::Ollama => "ollama",
    }
}

fn protocol(name: &str) -> Result<Protocol, Problem> {
    match name.to_ascii_lowercase().as_str() {
        "openai" => Ok(Protocol::OpenAI),
        "openai-responses" => Ok(Protocol::OpenAIResponses),
        "anthropic" => Ok(Protocol::Anthropic),
        "ollama" => Ok(Protocol::Ollama),
        _ => {
            let detail =
                format!("Unsupported api_protocol: {name:?}; use openai, openai-responses, anthropic or ollama");
            Err(Problem::bad_request(detail).with("error_code", "PROTOCOL_NOT_FOUND").with("field", "api_protocol"))
        }
    }
}

impl App {
    /// Every model, by id and as OpenAI lists them, agents included `with_agents`.
    pub async fn list_models(&self, with_agents: bool) -> (Vec<ModelObject>, Vec<ModelConfig>) {
        let view = self.catalog.view();
        let configs = view.list(Kind::Model).filter_map(|entry| Some(ModelConfig::new(&entry.id, spec(entry)?)));
        let configs = configs.collect();
        let serving = |kind| view.list(kind).filter(|entry| entry.resource.is_some()).cloned();
        let agents = serving(Kind::Agent).filter(|_| with_agents);
        let entries: Vec<Arc<Entry>> = serving(Kind::Model).chain(agents).collect();
        let times = self.changed_at(&entries).await;
        let objects = entries.iter().zip(times).map(|(entry, at)| openai_object(entry, at / 1_000_000));
        (objects.collect(), configs)
    }

    /// A model by its id or name, or the agent of `agent/NAME`, as OpenAI's clients ask for one.
    pub async fn openai_model(&self, id: &str) -> Result<ModelObject, Problem> {
        let view = self.catalog.view();
        let entry = match id.strip_prefix("agent/").and_then(|agent| view.find(Kind::Agent, agent)) {
            Some(agent) => Some(agent),
            None => view.find(Kind::Model, id),
        };
        let entry = entry.filter(|entry| entry.resource.is_some()).cloned().ok_or_else(|| {
            let detail = format!("there is no model {id:?}; GET /v1/models lists what there is");
            Problem::not_found(detail).with("error_code", "model_not_found").with("field", "model")
        })?;
        let at = self.changed_at(std::slice::from_ref(&entry)).await.first().copied().unwrap_or(0);
        Ok(openai_object(&entry, at / 1_000_000))
    }

    /// Registers a model, or changes the one of that id (S1-74).
    pub async fn register_model(&self, asker: &Asker, input: ModelInput) -> Result<String, Problem> {
        let id = required(input.model_id.as_deref(), "model_id")?;
        let present = self.catalog.view().find(Kind::Model, &id).cloned();
        self.put_model(asker, &id, present, &input).await?;
        Ok(id)
    }

    /// Changes a model; its id, too, where the body has another one (S1-75).
    pub async fn update_model(&self, asker: &Asker, id: &str, input: ModelInput) -> Result<String, Problem> {
        let present = self.catalog.view().find(Kind::Model, id).cloned().ok_or_else(|| model_missing(id))?;
        let new = required(input.model_id.as_deref(), "model_id")?;
        self.put_model(asker, &new, Some(present), &input).await?;
        Ok(new)
    }

    /// Deletes a model and the Secret that was made for it (S1-76).
    pub async fn delete_model(&self, asker: &Asker, id: &str) -> Result<String, Problem> {
        let entry = self.catalog.view().find(Kind::Model, id).cloned().ok_or_else(|| model_missing(id))?;
        let secret = key_name(Kind::Model, &entry.name);
        // Both or neither: nothing goes before the Secret may.
        self.may_forget(asker, &secret).await?;
        self.remove(asker, Kind::Model, &entry.name, WriteOptions::default()).await?;
        self.forget(asker, &secret).await?;
        Ok(entry.id.as_ref().to_owned())
    }

    async fn put_model(
        &self,
        asker: &Asker,
        id: &str,
        present: Option<Arc<Entry>>,
        input: &ModelInput,
    ) -> Result<(), Problem> {
        let renamed = present.as_deref().filter(|entry| *entry.id != *id && *entry.name != *id);
        if renamed.is_some() && self.catalog.view().find(Kind::Model, id).is_some() {
            return Err(Problem::conflict(format!("Model already exists: {id}; choose another model_id")));
        }
        let (metadata, spec) = match present.as_deref().and_then(manifest::parts) {
            Some((_, spec)) if renamed.is_some() => (metadata_for(id), spec),
            Some(parts) => parts,
            None => (metadata_for(id), json!({})),
        };
        let name = metadata.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        // Before its Secret is written.
        self.may_write(asker, Kind::Model, &name).await?;
        if let Some(old) = renamed {
            self.may_delete(asker, Kind::Model, &old.name).await?;
            self.may_forget(asker, &key_name(Kind::Model, &old.name)).await?;
        }
        let spec = changed_spec(spec, input)?;
        let resource = manifest::resource(Kind::Model, metadata, spec, FIELDS)?;
        let Resource::Model(mut model) = resource else { return Err(missing(Kind::Model, id)) };
        let key = self.posted_key(&mut model, &name, renamed, input).await?;
        self.keep(asker, &key).await?;
        match renamed {
            None => drop(self.write(asker, Resource::Model(model), WriteOptions::default()).await?),
            Some(old) => {
                self.rename(asker, Kind::Model, &old.name, Resource::Model(model)).await?;
                self.forget(asker, &key_name(Kind::Model, &old.name)).await?;
            }
        }
        Ok(())
    }

    /// Decides which key the model refers to; the value to be written before the model is, where there is one.
    async fn posted_key(
        &self,
        model: &mut Model,
        name: &str,
        renamed: Option<&Entry>,
        input: &ModelInput,
    ) -> Result<Vec<Posted>, Problem> {
        let posted = Posted::read("api_key", input.api_key.as_deref(), MOST_KEY)?;
        let secret = key_name(Kind::Model, name);
        let own = SecretKeyReference { name: secret.clone(), key: KEY.to_owned() };
        let reference = model.spec.api_key.as_ref().map(|source| source.secret_key_ref.clone());
        let value = match (posted, reference) {
            (Some(None), None) => {
                return Err(wrong("api_key", "there is no key that this mask stands for: send the key itself"));
            }
            (Some(Some(value)), _) if value.is_empty() => {
                model.spec.api_key = None;
                return Ok(Vec::new());
            }
            (Some(Some(value)), _) => value,
            // A key that was made for the old name moves along; another Secret stays where it is.
            (_, Some(kept)) => match renamed.filter(|old| kept.name == key_name(Kind::Model, &old.name)) {
                Some(_) => match self.secret_value(&kept).await {
                    Some(value) => value,
                    None => return Ok(Vec::new()),
                },
                None => return Ok(Vec::new()),
            },
            (None, None) => return Ok(Vec::new()),
        };
        model.spec.api_key = Some(SecretSource { secret_key_ref: own });
        Ok(vec![Posted { name: secret, key: KEY.to_owned(), value }])
    }
}

/// What S1 can express over what is there already.
fn changed_spec(spec: Value, input: &ModelInput) -> Result<Value, Problem> {
    let Value::Object(mut spec) = spec else { return Ok(spec) };
    let base = required(input.api_base.as_deref(), "api_base")?;
    if let Err(error) = url::Url::parse(&base) {
        return Err(wrong("api_base", format!("{error}: write an absolute URL such as https://api.openai.com/v1")));
    }
    spec.insert("baseUrl".to_owned(), base.into());
    spec.insert("model".to_owned(), required(input.model_name.as_deref(), "model_name")?.into());
    let kind = match input.model_type.as_deref() {
        None | Some("") => "LLM",
        Some(kind) if kind.eq_ignore_ascii_case("llm") => "LLM",
        Some(kind) if kind.eq_ignore_ascii_case("vlm") => "VLM",
        Some(other) => return Err(wrong("model_type", format!("{other:?} is neither llm nor vlm"))),
    };
    spec.insert("kind".to_owned(), kind.into());
    let protocol = protocol(input.api_protocol.as_deref().filter(|name| !name.is_empty()).unwrap_or("openai"))?;
    spec.insert("protocol".to_owned(), serde_json::to_value(protocol).unwrap_or_default());
    let parameters = Value::Object(input.generate_params.clone().unwrap_or_default());
    if parameters.to_string().len() > MOST_PARAMETERS {
        return Err(wrong("generate_params", format!("they are larger than {MOST_PARAMETERS} bytes")));
    }
    spec.insert("parameters".to_owned(), parameters);
    Ok(Value::Object(spec))
}

fn spec(entry: &Entry) -> Option<&ModelSpec> {
    match manifest::shown(entry)?.as_ref() {
        Resource::Model(model) => Some(&model.spec),
        _ => None,
    }
}

/// A model or an agent as OpenAI lists it; `created` in seconds since the epoch.
fn openai_object(entry: &Entry, created: i64) -> ModelObject {
    let (id, owned_by) = match spec(entry) {
        Some(spec) => (entry.id.as_ref().to_owned(), protocol_name(spec.protocol)),
        None => (format!("agent/{}", entry.name), "troupe"),
    };
    ModelObject { id, object: "model", created, owned_by }
}

fn required(value: Option<&str>, field: &str) -> Result<String, Problem> {
    let value = value.map(str::trim).filter(|value| !value.is_empty()).ok_or_else(|| Problem::missing_field(field))?;
    if field == "model_id" {
        check_id(field, value)?;
    }
    Ok(value.to_owned())
}

fn model_missing(id: &str) -> Problem {
    Problem::not_found(format!("Model not found: {id}"))
}
