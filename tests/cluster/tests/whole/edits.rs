//! A prompt edited with kubectl: the next answer is the new one's, and what was running goes on as it was.

use std::time::Duration;

use serde_json::json;

use crate::{asking::last_text, release, team::Team};

#[tokio::test]
async fn an_edited_prompt_is_served_while_a_stream_goes_on() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _there = release::THERE.read().await;
    let team = Team::with_quickstart(release, "edits").await?;
    let caller = team.caller("troupe-invoker").await?;
    let question = json!({"agent_id": "assistant", "text": "hi"});
    assert_eq!(last_text(&team.ask(&caller, &question)?), "Hello, you said: hi");

    let slow = json!({"agent_id": "assistant", "session_id": "new", "text": "count slowly"}).to_string();
    let mut stream = team.stream(&caller, "/v1/infer/stream", &["--data", &slow])?;
    let mut heard: Vec<_> = stream.by_ref().take(3).map(|event| event.data).collect();

    let edit = r#"{"spec": {"systemPrompt": {"templateRef": {"arguments": {"tone": "terse"}}}}}"#;
    team.kubectl(&["patch", "agent/assistant", "--type=merge", "--patch", edit])?;
    let edited = async {
        while last_text(&team.ask(&caller, &question)?) != "Hi." {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok::<_, anyhow::Error>(())
    };
    tokio::time::timeout(Duration::from_mins(1), edited).await??;
    // The model takes its time: it was not over before the edit was served.
    let init: serde_json::Value = serde_json::from_str(&heard[0])?;
    let run = init["run_id"].as_str().unwrap();
    assert_eq!(team.call(&caller, &format!("/v1/runs/{run}"), None)?.body["status"], "running");
    heard.extend(stream.map(|event| event.data));
    let text: String = heard.iter().filter_map(|data| delta(data)).collect();
    assert_eq!(text, "one two three four five six seven eight nine ten");
    assert_eq!(heard.last().map(String::as_str), Some("[DONE]"));
    team.end()
}

/// The text that a frame adds.
fn delta(data: &str) -> Option<String> {
    let frame: serde_json::Value = serde_json::from_str(data).ok()?;
    (frame["role"] == "assistant").then(|| frame["content"].as_str().map(str::to_owned))?
}
