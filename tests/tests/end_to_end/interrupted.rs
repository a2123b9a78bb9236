//! `onInterrupted: Ask`: a call that a crash cut off waits for a person, survives further crashes meanwhile, and is made again or
//! not, as the person says.

use serde_json::{Value, json};
use troupe_model_server::{ModelServer, Rule, Scenario, Unmatched, When};
use troupe_tests::{Ledger, Place, Service};

use crate::manifest::{self, text};

fn scenario() -> Scenario {
    let told = |part: &str| When { last_tool_contains: Some(part.to_owned()), ..When::default() };
    let rules = [
        Rule::text("It is paid.").when(told("pay is done")),
        Rule::text("Nobody knows.").when(told("unknown")),
        Rule::call("pay", json!({"amount": 5})),
    ];
    Scenario { unmatched: Unmatched::Fail, ..Scenario::of(rules) }
}

/// The request for approval, which is the first event of its kind.
async fn asked(service: &Service, run: &str) -> anyhow::Result<Value> {
    let mut events = service.follow(&format!("/v1/runs/{run}/events")).await?;
    while let Some(event) = events.next().await? {
        if event.data["type"] == "approval_requested" {
            return Ok(event.data);
        }
    }
    anyhow::bail!("nobody was asked")
}

/// Kills the service in the call, answers so, and gives how often the call was made and what the agent says in the end.
async fn decided(decision: &str) -> anyhow::Result<(usize, String)> {
    let model = ModelServer::start(scenario()).await?;
    let ledger = Ledger::start().await?;
    ledger.hold("pay");
    let manifests = [
        manifest::model("scripted", &model, "scripted", ""),
        manifest::http_tool("pay", "POST", &ledger.url()),
        manifest::agent("payer", "You pay.", "{tool: {name: pay}, onInterrupted: Ask}"),
    ];
    let place = Place::with(&manifests.concat())?;
    let service = place.serve().await?;
    let question = json!({"agent_id": "payer", "text": "Pay", "session_id": "new"});
    let mut frames = service.stream("/v1/infer/stream", &question).await?;
    let init = frames.next().await?.expect("a first frame");
    let run = text(&init.data["run_id"]);
    ledger.called("pay").await?;
    service.kill().await?;
    ledger.release();

    let service = place.serve().await?;
    let request = asked(&service, run).await?;
    assert_eq!((text(&request["name"]), text(&request["reason"])), ("pay", "interrupted"), "{request}");
    assert_eq!(ledger.count("pay"), 1);
    service.kill().await?;

    let service = place.serve().await?;
    let request = asked(&service, run).await?;
    let path = format!("/v1/runs/{run}/approvals/{}", text(&request["call_id"]));
    let answer = service.post(&path, &json!({"decision": decision})).await?;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let events = service.follow(&format!("/v1/runs/{run}/events")).await?.rest().await?;
    let said = events.iter().rfind(|event| event.data["type"] == "message").expect("a message");
    assert_eq!(events.last().expect("events").data["status"], "completed");
    Ok((ledger.count("pay"), text(&said.data["content"]).to_owned()))
}

#[tokio::test]
async fn an_approved_call_is_made_again() {
    assert_eq!(decided("approve").await.unwrap(), (2, "It is paid.".to_owned()));
}

#[tokio::test]
async fn a_rejected_call_stays_unknown() {
    assert_eq!(decided("reject").await.unwrap(), (1, "Nobody knows.".to_owned()));
}
