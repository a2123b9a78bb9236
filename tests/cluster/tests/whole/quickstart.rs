//! The quickstart as it is: who has the right gets an answer, nobody else does, and every pod is a restricted one.

use serde_json::json;

use crate::{
    asking::last_text,
    release,
    team::{Team, VERSION},
};

#[tokio::test]
async fn the_quickstart_answers_who_may_ask_and_nobody_else() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _there = release::THERE.read().await;
    let team = Team::with_quickstart(release, "quickstart").await?;
    let other = release.node.namespace("other").await?;

    // A pod with a projected token.
    let caller = team.caller("troupe-invoker").await?;
    let client = include_str!("client.yaml").replace("NAMESPACE", &team.namespace);
    team.apply(&client.replace("VERSION", VERSION)).await?;
    let over = ["wait", "pod/client", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=2m"];
    if let Err(error) = team.kubectl(&over) {
        anyhow::bail!("{error:#}\n{}", team.kubectl(&["logs", "client"])?);
    }
    assert_eq!(team.kubectl(&["logs", "client"])?, "Hello, you said: hi from a pod\n");

    // The same by curl, and what is refused.
    let question = json!({"agent_id": "assistant", "text": "hi"});
    assert_eq!(last_text(&team.ask(&caller, &question)?), "Hello, you said: hi");
    let viewer = team.caller("troupe-viewer").await?;
    let audience = format!("troupe:{}", team.namespace);
    let elsewhere = format!("troupe:{other}");
    let node = release.node;
    for (status, whose, token) in [
        (403, "without the right", viewer),
        (403, "of another namespace's account", node.token(&other, "default", &[&audience]).await?),
        (401, "for another namespace's runtime", node.token(&other, "default", &[&elsewhere]).await?),
        (401, "for the API server", node.token(&team.namespace, "troupe-invoker", &[]).await?),
        (401, "that is none", "nonsense".to_owned()),
    ] {
        let answer = team.call(&token, "/v1/infer", Some(&question))?;
        assert_eq!(answer.status, status, "a token {whose}: {answer:?}");
    }

    // Pod Security refuses others at once, so that these say what it asked of them.
    let pods = team.kubectl(&["get", "pods", "--output=jsonpath={.items[*].metadata.name}"])?;
    assert!(pods.contains("troupe-runtime-0"), "{pods}");
    let label = "pod-security.kubernetes.io/enforce=restricted";
    for namespace in [&team.namespace, release::NAMESPACE] {
        let checked = release.kubectl(&["label", "--overwrite", "--dry-run=server", "namespace", namespace, label])?;
        assert!(!checked.to_lowercase().contains("violate"), "{checked}");
    }
    team.end()
}
