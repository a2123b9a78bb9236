//! An MCP server that is a command, in one pod that two agents share.

use serde_json::json;

use crate::{asking::last_text, release, team::Team};

#[tokio::test]
async fn two_agents_share_the_pod_of_a_server() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _there = release::THERE.read().await;
    let team = Team::with_quickstart(release, "servers").await?;
    let caller = team.caller("troupe-invoker").await?;
    team.apply(include_str!("clocks.yaml")).await?;
    let ready = ["mcpserver/time", "agent/clock", "agent/watch", "--for=condition=Ready", "--timeout=5m"];
    if let Err(error) = team.kubectl(&[&["wait"], &ready[..]].concat()) {
        let looks = [["describe", "mcpserver/time"], ["describe", "pods"], ["get", "events"]];
        anyhow::bail!("{error:#}\n{}", looks.map(|look| team.kubectl(&look).unwrap_or_default()).join("\n"));
    }
    for agent in ["clock", "watch"] {
        let answer = team.ask(&caller, &json!({"agent_id": agent, "text": "what does the clock say?"}))?;
        let text = last_text(&answer);
        assert!(text.starts_with("The tool says: ") && text.contains("UTC"), "{agent}: {answer:?}");
    }
    let pods = team.kubectl(&["get", "pods", "--selector=app.kubernetes.io/instance=time", "--output=name"])?;
    assert_eq!(pods.lines().count(), 1, "{pods}");
    let tools = team.kubectl(&["get", "mcpserver/time", "--output=jsonpath={.status.tools[*].name}"])?;
    assert!(tools.contains("get_current_time"), "{tools}");
    team.end()
}
