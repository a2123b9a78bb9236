//! Secrets and config maps: read by name, as soon as they may be.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::DeleteParams;
use troupe_catalog::McpDirectory;
use troupe_core::model::SecretRef;
use troupe_core::port::SecretSource;
use troupe_core::tool::{McpServerSnapshot, ToolKind};
use troupe_crds::Kind;
use troupe_crds::condition::ConditionType;

use crate::place::{Place, entry, eventually, until};

const MODEL: &str = "
apiVersion: troupe.dev/v1alpha1
kind: Model
metadata: {name: keyed}
spec:
  protocol: OpenAI
  baseUrl: 'https://api.example.com/v1'
  model: tiny
  apiKey: {secretKeyRef: {name: provider, key: token}}
";

fn secret(value: &str) -> String {
    format!("{{apiVersion: v1, kind: Secret, metadata: {{name: provider}}, stringData: {{token: {value}}}}}")
}

async fn value(catalog: &troupe_catalog::Catalog, name: &str, key: &str) -> Result<String, String> {
    let reference = SecretRef::Key { name: name.to_owned(), key: key.to_owned() };
    catalog.secret(&reference).await.map(|value| value.to_string()).map_err(|error| error.to_string())
}

fn resolved(catalog: &troupe_catalog::Catalog) -> (String, String) {
    let conditions = catalog.conditions(&entry(catalog, Kind::Model, "keyed"));
    let found = conditions.iter().find(|condition| condition.type_ == ConditionType::SecretsResolved).unwrap();
    (found.reason.to_string(), found.message.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_read_when_it_is_granted_and_followed_from_then_on() {
    let Some(place) = Place::new().await else { return };
    place.apply(&secret("first")).await;
    let running = place.open().await;
    let catalog = &running.catalog;
    place.apply(MODEL).await;
    let message = place.until_said(Kind::Model, "keyed", "SecretsResolved", "SecretForbidden").await;
    assert!(message.starts_with("spec.apiKey.secretKeyRef: Secret \"provider\" may not be read"), "{message}");
    assert!(!message.contains("first"));
    let refused = value(catalog, "provider", "token").await.unwrap_err();
    assert!(refused.contains("troupe-runtime-secrets"), "{refused}");
    place.grant(&["provider"], &[]).await;
    eventually("the value", async || value(catalog, "provider", "token").await.as_deref() == Ok("first")).await;
    place.until_said(Kind::Model, "keyed", "SecretsResolved", "SecretsFound").await;
    place.apply(&secret("second")).await;
    eventually("the new value", async || value(catalog, "provider", "token").await.as_deref() == Ok("second")).await;
    let secrets: Api<Secret> = Api::namespaced(place.admin.clone(), &place.namespace);
    secrets.delete("provider", &DeleteParams::default()).await.unwrap();
    let message = place.until_said(Kind::Model, "keyed", "SecretsResolved", "SecretNotFound").await;
    assert!(message.contains("Secret \"provider\" does not exist in namespace"), "{message}");
    place.apply("{apiVersion: v1, kind: Secret, metadata: {name: provider}, stringData: {other: x}}").await;
    let lacks = "spec.apiKey.secretKeyRef: Secret \"provider\" lacks a value, key \"token\": write it";
    eventually("the other key", async || resolved(catalog) == ("SecretNotFound".to_owned(), lacks.to_owned())).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_does_not_exist_is_told_and_heals() {
    let Some(place) = Place::new().await else { return };
    place.grant(&["provider"], &[]).await;
    place.apply(MODEL).await;
    let running = place.open().await;
    place.until_said(Kind::Model, "keyed", "SecretsResolved", "SecretNotFound").await;
    place.apply(&secret("late")).await;
    place.until_said(Kind::Model, "keyed", "SecretsResolved", "SecretsFound").await;
    assert_eq!(value(&running.catalog, "provider", "token").await.as_deref(), Ok("late"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_nothing_names_are_not_read() {
    let Some(place) = Place::new().await else { return };
    place.grant(&["provider"], &[]).await;
    place.apply(&secret("unseen")).await;
    let running = place.open().await;
    assert!(value(&running.catalog, "provider", "token").await.is_err());
    assert_eq!(running.catalog.secret_keys(), []);
    running.stop().await;
}

struct NoServers;

#[async_trait::async_trait]
impl McpDirectory for NoServers {
    fn generation(&self) -> u64 {
        0
    }

    async fn tools(&self, _: &McpServerSnapshot) -> Result<Vec<troupe_catalog::DiscoveredTool>, String> {
        Err("none".to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_and_skills_come_from_config_maps_and_follow_them() {
    let Some(place) = Place::new().await else { return };
    let maps = |source: &str| {
        format!(
            "
apiVersion: v1
kind: ConfigMap
metadata: {{name: code}}
data: {{main.py: {source:?}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: skill}}
data:
  SKILL.md: \"---\\nname: pdf\\ndescription: Reads PDFs.\\n---\\nRead {source}.\"
  notes.md: more
"
        )
    };
    place.grant(&[], &["code", "skill"]).await;
    place.apply(&maps("one")).await;
    place
        .apply(
            "
apiVersion: troupe.dev/v1alpha1
kind: Tool
metadata: {name: run}
spec: {description: Runs., function: {language: Python, configMapKeyRef: {name: code, key: main.py}}}
---
apiVersion: troupe.dev/v1alpha1
kind: Tool
metadata: {name: read}
spec: {skill: {source: {configMapRef: {name: skill}}}}
",
        )
        .await;
    let running = place.open().await;
    let source = async || {
        let tool = running.catalog.view().resolve_tool("run", &NoServers).await.map_err(|error| error.to_string())?;
        match &tool.kind {
            ToolKind::Function(function) => Ok(function.source.clone()),
            other => Err(format!("{other:?}")),
        }
    };
    eventually("the first content", async || source().await.as_deref() == Ok("one")).await;
    let skill = running.catalog.view().resolve_tool("read", &NoServers).await.unwrap();
    let ToolKind::Skill(skill) = &skill.kind else { panic!("{skill:?}") };
    assert_eq!((skill.name.as_str(), skill.files["notes.md"].as_str()), ("pdf", "more"));
    place.until_said(Kind::Tool, "run", "SecretsResolved", "SecretsFound").await;
    place.apply(&maps("two")).await;
    eventually("the new content", async || source().await.as_deref() == Ok("two")).await;
    until(&running.catalog, "both tools", |catalog| catalog.view().list(Kind::Tool).count() == 2).await;
    running.stop().await;
}
