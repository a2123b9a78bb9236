//! Agents as S1's clients know them (S1-23, S1-151 to S1-157), their revisions and which of them is served.

mod missing;
mod tool_ids;

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use troupe_catalog::{Entry, View, WriteOptions};
use troupe_core::port::RevisionStore;
use troupe_crds::{AgentSpec, Kind, Resource, id};

use crate::app::App;
use crate::http::error::Problem;
use crate::http::extract::nullable;
use crate::service::manifest::{self, FieldNames, check_id, metadata_for, wrong};
use crate::service::rights::Asker;
use crate::wire::timestamp;
use missing::Ids;

/// How many names are tried for an agent before giving up: more than can be made in one second.
const MOST_TRIES: u32 = 1_000;

/// How often a change is made anew because another one came first.
const MOST_RETRIES: u32 = 8;

const FIELDS: FieldNames = &[
    ("metadata.name", "nickname"),
    ("spec.modelRef", "model_id"),
    ("spec.displayName", "nickname"),
    ("spec.tools", "tool_ids"),
    ("spec.systemPrompt.templateRef.arguments", "template_arguments"),
    ("spec.systemPrompt.templateRef", "template_id"),
    ("spec.systemPrompt.text", "system_prompt"),
    ("spec.systemPrompt", "system_prompt"),
    ("spec.persona", "myself_view"),
    ("spec.description", "description"),
    ("spec.avatar", "avatar"),
    ("spec.group", "group"),
];

/// S1's agent as it is posted; a PUT changes what is there (S1-154). Unknown fields are ignored.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct AgentInput {
    /// The model's id.
    pub model_id: Option<String>,
    /// Its name for people.
    pub nickname: Option<String>,
    /// The ids of its tools: Tools, built-in ones, and `mcp-<server>-<tool>`.
    pub tool_ids: Option<Vec<String>>,
    /// The prompt template; null or empty for none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub template_id: Option<Option<String>>,
    /// The template's arguments.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Object>)]
    pub template_arguments: Option<Option<Map<String, Value>>>,
    /// The system prompt, where there is no template.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub system_prompt: Option<Option<String>>,
    /// How the agent sees itself.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub myself_view: Option<Option<String>>,
    /// What it does.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Option<String>>,
    /// Its picture.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub avatar: Option<Option<String>>,
    /// The heading under which it is listed.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub group: Option<Option<String>>,
}

/// S1's agent as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct AgentConfig {
    /// Its id.
    pub agent_id: String,
    /// The model's id; empty where the Runtime's default is used.
    pub model_id: String,
    /// Its name for people.
    pub nickname: String,
    /// The ids of its tools.
    pub tool_ids: Vec<String>,
    /// The prompt template's id.
    pub template_id: Option<String>,
    /// The template's arguments.
    #[schema(value_type = Object)]
    pub template_arguments: Map<String, Value>,
    /// The system prompt.
    pub system_prompt: String,
    /// How it sees itself.
    pub myself_view: String,
    /// What it does.
    pub description: String,
    /// Its picture.
    pub avatar: String,
    /// The heading under which it is listed.
    pub group: String,
    /// When it was last changed.
    pub last_modified: String,
    /// What serves instead; absent where what is shown serves, so that S1's clients see S1's fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serving: Option<Serving>,
}

/// What serves of an agent whose newest version does not: that is shown, and another one answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Serving {
    /// The revision that answers; null where none does.
    pub revision: Option<String>,
    /// Why, in a word: the reason of its `Ready` condition.
    pub reason: String,
    /// Why, for people.
    pub message: String,
}

/// Which revision is to be served.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishInput {
    /// A revision's hash or short id; absent = the newest valid one; null = always the newest, nothing is pinned.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub revision: Option<Option<String>>,
}

/// A version of an agent that was valid once.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RevisionItem {
    /// Its hash.
    pub revision: String,
    /// The first digits of it.
    pub short: String,
    /// When it was first seen.
    pub created_at: String,
    /// When it last became the newest.
    pub current_at: String,
    /// It is the newest: the draft, where another one is served.
    pub current: bool,
    /// The agent pins it.
    pub published: bool,
    /// It is served.
    pub serving: bool,
    /// What it says.
    #[schema(value_type = Object)]
    pub spec: Value,
}

impl App {
    /// Every agent, the last changed first (S1-151).
    pub async fn list_agents(&self) -> Vec<AgentConfig> {
        let view = self.catalog.view();
        let entries: Vec<Arc<Entry>> = view.list(Kind::Agent).cloned().collect();
        let times = self.changed_at(&entries).await;
        let mut dated: Vec<_> = entries.into_iter().zip(times).collect();
        dated.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.name.cmp(&right.0.name)));
        let servers = dated.iter().filter_map(|(entry, _)| spec(entry)).flat_map(tool_ids::whole_servers);
        let offered = self.offered_by(&view, servers.collect()).await;
        dated.iter().filter_map(|(entry, at)| Some(config(&view, entry, spec(entry)?, *at, &offered))).collect()
    }

    /// One agent (S1-152).
    pub async fn agent(&self, id: &str) -> Result<AgentConfig, Problem> {
        let view = self.catalog.view();
        let entry = found(&view, id)?;
        let at = self.changed_at(std::slice::from_ref(&entry)).await.first().copied().unwrap_or(0);
        let spec = spec(&entry).ok_or_else(|| unreadable(id))?;
        let offered = self.offered_by(&view, tool_ids::whole_servers(spec).collect()).await;
        Ok(config(&view, &entry, spec, at, &offered))
    }

    /// Creates an agent (S1-153).
    pub async fn create_agent(&self, asker: &Asker, input: AgentInput) -> Result<String, Problem> {
        for (field, value) in [("model_id", &input.model_id), ("nickname", &input.nickname)] {
            if value.as_deref().is_none_or(|value| value.trim().is_empty()) {
                return Err(Problem::missing_field(field));
            }
        }
        let spec = self.changed_agent(json!({}), &input).await?;
        let nickname = input.nickname.clone().unwrap_or_default();
        for attempt in 0..MOST_TRIES {
            let id = self.agent_id(attempt);
            let view = self.catalog.view();
            if view.find(Kind::Agent, &id).is_some() {
                continue;
            }
            let mut metadata = metadata_for(&id);
            missing::keep(&view, &mut metadata, &input);
            // A file named after the agent is found again; a name that is taken leaves the one made of the id.
            let readable = id::slug(&nickname);
            if view.find(Kind::Agent, &readable).is_none() {
                metadata.insert("name".to_owned(), readable.into());
            }
            let resource = manifest::resource(Kind::Agent, metadata, spec.clone(), FIELDS)?;
            self.may_write(asker, Kind::Agent, resource.name()).await?;
            match self.catalog.apply(resource, WriteOptions { create: true, ..WriteOptions::default() }).await {
                Err(troupe_catalog::WriteError::Exists { .. } | troupe_catalog::WriteError::DuplicateId { .. }) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => return Ok(id),
            }
        }
        Err(Problem::unavailable("no id is free for another agent in this second"))
    }

    /// S1's form of an id, `YYMMDD_HHMMSS`, with a number behind it where one second has several.
    fn agent_id(&self, attempt: u32) -> String {
        let now = timestamp(self.clock.now());
        let digits: String = now.chars().filter(char::is_ascii_digit).collect();
        let (day, time) = (digits.get(2..8).unwrap_or_default(), digits.get(8..14).unwrap_or_default());
        if attempt == 0 { format!("{day}_{time}") } else { format!("{day}_{time}_{}", attempt + 1) }
    }

    /// Changes the fields that the body has (S1-154). What others change at the same moment is not lost: the change is
    /// made to what they left.
    pub async fn update_agent(&self, asker: &Asker, id: &str, input: AgentInput) -> Result<String, Problem> {
        let mut refused = None;
        for _ in 0..MOST_RETRIES {
            let view = self.catalog.view();
            let entry = found(&view, id)?;
            let (mut metadata, spec) = manifest::parts(&entry).ok_or_else(|| unreadable(id))?;
            missing::keep(&view, &mut metadata, &input);
            let spec = self.changed_agent(spec, &input).await?;
            let resource = manifest::resource(Kind::Agent, metadata, spec, FIELDS)?;
            let version = Some(entry.resource_version.clone());
            match self.write(asker, resource, WriteOptions { if_match: version, ..WriteOptions::default() }).await {
                Ok(entry) => return Ok(entry.id.as_ref().to_owned()),
                Err(problem) if problem.status() == StatusCode::PRECONDITION_FAILED => refused = Some(problem),
                Err(problem) => return Err(problem),
            }
        }
        Err(refused.unwrap_or_else(|| unreadable(id)))
    }

    /// Deletes an agent (S1-155).
    pub async fn delete_agent(&self, asker: &Asker, id: &str) -> Result<String, Problem> {
        let entry = found(&self.catalog.view(), id)?;
        self.remove(asker, Kind::Agent, &entry.name, WriteOptions::default()).await?;
        Ok(entry.id.as_ref().to_owned())
    }

    /// An agent's versions, the newest first.
    pub async fn agent_revisions(&self, id: &str) -> Result<Vec<RevisionItem>, Problem> {
        let entry = found(&self.catalog.view(), id)?;
        self.catalog.flush().await;
        let published = spec(&entry).and_then(|spec| spec.published_revision.as_deref());
        let revisions = self.store.revisions(Kind::Agent.as_str(), &entry.name).await?;
        Ok(revisions
            .into_iter()
            .map(|revision| RevisionItem {
                short: troupe_rules::revision::short(&revision.hash).to_owned(),
                created_at: timestamp(revision.created_at),
                current_at: timestamp(revision.current_at),
                current: entry.newest_revision.as_deref() == Some(&revision.hash),
                published: published.is_some_and(|named| troupe_rules::revision::is_named(&revision.hash, named)),
                serving: entry.serving_revision.as_deref() == Some(&revision.hash),
                spec: serde_json::from_str(&revision.spec).unwrap_or_default(),
                revision: revision.hash,
            })
            .collect())
    }

    /// Pins the revision that is served; gives its hash, or nothing where none is pinned any more.
    pub async fn publish_agent(&self, asker: &Asker, id: &str, input: PublishInput) -> Result<Option<String>, Problem> {
        let entry = found(&self.catalog.view(), id)?;
        let (metadata, mut spec) = manifest::parts(&entry).ok_or_else(|| unreadable(id))?;
        let revision = match input.revision {
            Some(None) => None,
            None => Some(
                entry
                    .newest_revision
                    .as_deref()
                    .map(str::to_owned)
                    .ok_or_else(|| Problem::conflict(format!("Agent {id:?} has no valid version to publish")))?,
            ),
            Some(Some(wanted)) => {
                let known = self.agent_revisions(id).await?;
                let named = known.into_iter().find(|known| troupe_rules::revision::is_named(&known.revision, &wanted));
                let unknown = || wrong("revision", format!("Agent {id:?} has no revision {wanted:?}"));
                Some(named.ok_or_else(unknown)?.revision)
            }
        };
        let before = spec.clone();
        match (&revision, spec.as_object_mut()) {
            (Some(revision), Some(spec)) => drop(spec.insert("publishedRevision".to_owned(), revision.clone().into())),
            (None, Some(spec)) => drop(spec.shift_remove("publishedRevision")),
            (_, None) => {}
        }
        // What is pinned so already is not written again: in folders that would be a copy, which then wins over its source.
        if spec != before {
            let resource = manifest::resource(Kind::Agent, metadata, spec, FIELDS)?;
            self.write(asker, resource, WriteOptions::default()).await?;
        }
        Ok(revision)
    }

    /// A spec with what the body says over it; what S1 cannot express stays.
    async fn changed_agent(&self, mut spec: Value, input: &AgentInput) -> Result<Value, Problem> {
        let view = self.catalog.view();
        if let Some(model) = &input.model_id {
            let kept = spec.pointer("/modelRef/name").and_then(Value::as_str);
            let name = target(&view, Kind::Model, model, kept, "model_id")?;
            spec["modelRef"] = json!({"name": name});
        }
        if let Some(nickname) = &input.nickname {
            if nickname.trim().is_empty() {
                return Err(wrong("nickname", "it is empty"));
            }
            spec["displayName"] = nickname.clone().into();
        }
        if let Some(ids) = &input.tool_ids {
            spec["tools"] = self.tools_of_ids(&view, &spec, ids).await?;
        }
        set_text(&mut spec, "persona", input.myself_view.as_ref());
        set_text(&mut spec, "description", input.description.as_ref());
        set_text(&mut spec, "avatar", input.avatar.as_ref());
        set_text(&mut spec, "group", input.group.as_ref());
        set_prompt(&view, &mut spec, input)?;
        Ok(spec)
    }
}

fn found(view: &View, id: &str) -> Result<Arc<Entry>, Problem> {
    view.find(Kind::Agent, id).cloned().ok_or_else(|| Problem::not_found(format!("Agent not found: {id}")))
}

fn unreadable(id: &str) -> Problem {
    Problem::conflict(format!("Agent {id:?} cannot be read; GET /v1/resources/diagnostics says why"))
}

/// The name of what an id means; of what is not there, the name that it will have, unless the agent names it already.
fn target(view: &View, kind: Kind, id: &str, kept: Option<&str>, field: &str) -> Result<String, Problem> {
    if let Some(entry) = view.find(kind, id) {
        return Ok(entry.name.as_ref().to_owned());
    }
    check_id(field, id)?;
    Ok(kept.filter(|kept| *kept == id).map_or_else(|| id::slug(id), str::to_owned))
}

/// Sets a text; null and empty remove it.
fn set_text(spec: &mut Value, field: &str, value: Option<&Option<String>>) {
    let (Some(value), Some(fields)) = (value, spec.as_object_mut()) else { return };
    match value.as_deref().filter(|value| !value.is_empty()) {
        Some(text) => drop(fields.insert(field.to_owned(), text.into())),
        None => drop(fields.shift_remove(field)),
    }
}

fn set_prompt(view: &View, spec: &mut Value, input: &AgentInput) -> Result<(), Problem> {
    let mut prompt = spec.get("systemPrompt").cloned().unwrap_or_else(|| json!({}));
    set_text(&mut prompt, "text", input.system_prompt.as_ref());
    if let (Some(template), Some(fields)) = (&input.template_id, prompt.as_object_mut()) {
        match template.as_deref().filter(|template| !template.is_empty()) {
            None => drop(fields.shift_remove("templateRef")),
            Some(template) => {
                let kept = fields.get("templateRef").and_then(|reference| reference.get("name")?.as_str());
                let name = target(view, Kind::PromptTemplate, template, kept, "template_id")?;
                let reference = fields.entry("templateRef").or_insert_with(|| json!({}));
                reference["name"] = name.into();
            }
        }
    }
    if let (Some(arguments), Some(reference)) = (&input.template_arguments, prompt.get_mut("templateRef")) {
        reference["arguments"] = Value::Object(arguments.clone().unwrap_or_default());
    }
    if let Some(fields) = spec.as_object_mut() {
        if prompt.as_object().is_some_and(Map::is_empty) {
            fields.shift_remove("systemPrompt");
        } else {
            fields.insert("systemPrompt".to_owned(), prompt);
        }
    }
    Ok(())
}

fn spec(entry: &Entry) -> Option<&AgentSpec> {
    match manifest::shown(entry)?.as_ref() {
        Resource::Agent(agent) => Some(&agent.spec),
        _ => None,
    }
}

/// An agent's annotations.
fn spec_annotations(entry: &Entry) -> Option<&BTreeMap<String, String>> {
    match manifest::shown(entry)?.as_ref() {
        Resource::Agent(agent) => agent.metadata.annotations.as_ref(),
        _ => None,
    }
}

fn config(view: &View, entry: &Entry, spec: &AgentSpec, at: i64, offered: &tool_ids::Offered) -> AgentConfig {
    let ids = Ids::of(view, entry);
    let prompt = spec.system_prompt.as_ref();
    let template = prompt.and_then(|prompt| prompt.template_ref.as_ref());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    AgentConfig {
        agent_id: entry.id.as_ref().to_owned(),
        model_id: spec.model_ref.as_ref().map(|model| ids.id(Kind::Model, &model.name)).unwrap_or_default(),
        nickname: spec.display_name.clone().unwrap_or_else(|| entry.name.as_ref().to_owned()),
        tool_ids: tool_ids::of(&ids, spec, offered),
        template_id: template.map(|template| ids.id(Kind::PromptTemplate, &template.name)),
        template_arguments: template.map(|template| template.arguments.0.clone()).unwrap_or_default(),
        system_prompt: prompt.and_then(|prompt| prompt.text.clone()).unwrap_or_default(),
        myself_view: text(&spec.persona),
        description: text(&spec.description),
        avatar: text(&spec.avatar),
        group: text(&spec.group),
        last_modified: timestamp(at),
        serving: serving(entry),
    }
}

/// What serves instead of what the file says now; `None` where that serves.
fn serving(entry: &Entry) -> Option<Serving> {
    if entry.is_ready() && entry.newest_revision == entry.serving_revision {
        return None;
    }
    let ready = entry.ready();
    Some(Serving {
        revision: entry.serving_revision.as_deref().map(str::to_owned),
        reason: ready.map(|ready| ready.reason.to_string()).unwrap_or_default(),
        message: ready.map(|ready| ready.message.clone()).unwrap_or_default(),
    })
}
