//! A model whose key is a Secret that comes later.

use serde_json::json;

use crate::{asking::last_text, release, team::Team};

#[tokio::test]
async fn a_new_secret_is_granted_and_used_without_a_restart() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _there = release::THERE.read().await;
    let team = Team::with_quickstart(release, "keys").await?;
    let caller = team.caller("troupe-invoker").await?;
    let pod = [
        "get",
        "pod/troupe-runtime-0",
        "--output=jsonpath={.metadata.uid} {.status.containerStatuses[*].restartCount}",
    ];
    let before = team.kubectl(&pod)?;
    team.apply(include_str!("keyed.yaml")).await?;
    team.kubectl(&["wait", "model/keyed", "--for=condition=SecretsResolved=False", "--timeout=1m"])?;
    team.kubectl(&["create", "secret", "generic", "provider", "--from-literal=token=a-key"])?;
    team.kubectl(&["create", "secret", "generic", "private", "--from-literal=token=nobody's"])?;
    team.kubectl(&["wait", "model/keyed", "agent/keyed", "--for=condition=Ready", "--timeout=2m"])?;

    let answer = team.ask(&caller, &json!({"agent_id": "keyed", "text": "hi"}))?;
    assert_eq!(last_text(&answer), "Hello, you said: hi");
    let names = team.kubectl(&["get", "role/troupe-runtime-secrets", "--output=jsonpath={.rules[*].resourceNames}"])?;
    // The second is where the runtime itself keeps what it is told of its environment.
    assert_eq!(names, r#"["provider","troupe-key-env"]"#);
    assert_eq!(team.kubectl(&pod)?, before);
    team.end()
}
