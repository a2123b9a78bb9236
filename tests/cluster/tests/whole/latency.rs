//! How soon an edited prompt is served: from the API server's acknowledgement of an edit until the runtime shows it, and until a question
//! asked then is answered by it, while streams of the same agent go on. What it took is printed, for those who measure
//! (`make bench-edits`); what a test can ask for is that every edit is served, and that no stream ends but with its whole answer.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use futures::{
    StreamExt as _,
    future::{join, join_all},
};
use kube::{
    Api,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};

use crate::{
    release::{self, Release, tell},
    team::Team,
};

const EDITS: usize = 1000;

/// Streams at any time: every second one is a session's, whose events are durable.
const STREAMS: usize = 8;

/// What the scripted model says in each, a letter at a time.
const WHOLE: &str = "abcdefghijklmnopqrst";

/// Longer than any edit takes to be served on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// The goal, as the 99th of a hundred edits meets it.
const GOAL: Duration = Duration::from_millis(100);

/// What one edit took, from its acknowledgement on.
struct Served {
    /// Until the agent was looked at as it is served from then on.
    shown: Duration,
    /// Until a question that was asked at that moment had its answer.
    answered: Duration,
}

#[tokio::test]
async fn a_thousand_edits_are_served_and_drop_no_stream() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _alone = release::THERE.write().await;
    let team = Team::with_quickstart(release, "latency").await?;
    team.apply(include_str!("edited.yaml")).await?;
    team.kubectl(&["wait", "agent/edited", "--for=condition=Ready", "--timeout=1m"])?;
    let tokens = [team.caller("troupe-viewer").await?, team.caller("troupe-invoker").await?];
    let (namespace, url) = (team.namespace.clone(), format!("http://{}:7988", team.address));
    let work = move || async move {
        let asking = Asking::new(release, &namespace, url, tokens).await?;
        let over = AtomicBool::new(false);
        let (served, streams) =
            join(asking.edits(&over), join_all((0..STREAMS).map(|n| asking.streams(n, &over)))).await;
        Ok((served?, streams.into_iter().collect::<anyhow::Result<Vec<_>>>()?))
    };
    let (served, streams) = release.node.within(work).await?;
    for (what, of) in [("shown", (|it| it.shown) as fn(&Served) -> Duration), ("answered", |it| it.answered)] {
        let mut took: Vec<Duration> = served.iter().map(of).collect();
        took.sort_unstable();
        let at = |share: usize| took[(took.len() * share / 1000).min(took.len() - 1)];
        let goal = if what == "shown" {
            format!("; goal: 99 % below {GOAL:?}, {}", met(at(990) < GOAL))
        } else {
            String::new()
        };
        let (half, most, last) = (at(500), at(990), at(1000));
        tell(&format!(
            "{EDITS} edits, from acknowledged to {what}: 50 % {half:.1?}, 99 % {most:.1?}, longest {last:.1?}{goal}"
        ));
    }
    tell(&format!(
        "meanwhile {} streams of the same agent ran, {STREAMS} at a time, and none was dropped",
        streams.iter().sum::<usize>()
    ));
    team.end()
}

fn met(goal: bool) -> &'static str {
    if goal { "met" } else { "MISSED" }
}

/// Who edits an agent and asks it, from within the node's network.
struct Asking {
    agents: Api<DynamicObject>,
    http: reqwest::Client,
    url: String,
    viewer: String,
    invoker: String,
}

impl Asking {
    async fn new(release: &Release, namespace: &str, url: String, tokens: [String; 2]) -> anyhow::Result<Self> {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("troupe.dev", "v1alpha1", "Agent"));
        let agents = Api::namespaced_with(release.node.client().await?, namespace, &kind);
        // There may be one already: then it serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?;
        let [viewer, invoker] = tokens;
        Ok(Self { agents, http, url, viewer, invoker })
    }

    fn post(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.invoker).json(body)
    }

    /// Edits the prompt to and fro, each time until that is what answers.
    async fn edits(&self, over: &AtomicBool) -> anyhow::Result<Vec<Served>> {
        let mut served = Vec::with_capacity(EDITS);
        for edit in 0..EDITS {
            let (prompt, answer) =
                if edit % 2 == 0 { ("You are terse.", "Hi.") } else { ("You answer.", "Hello, you said: hi") };
            let patch = json!({"spec": {"systemPrompt": {"text": prompt}}});
            let once = async {
                self.agents.patch("edited", &PatchParams::default(), &Patch::Merge(&patch)).await?;
                self.until_served(prompt, answer).await
            };
            let took = tokio::time::timeout(LIMIT, once).await;
            // The streams end with the edits, also with one that failed.
            over.store(!matches!(took, Ok(Ok(_))) || edit + 1 == EDITS, Ordering::Relaxed);
            served.push(took.with_context(|| format!("edit {edit} was not served"))??);
        }
        Ok(served)
    }

    /// A look takes less time than a question, so it tells the moment better; the question tells that it is the truth.
    async fn until_served(&self, prompt: &str, answer: &str) -> anyhow::Result<Served> {
        let acknowledged = Instant::now();
        let shown = loop {
            let looked = acknowledged.elapsed();
            let look = self.http.get(format!("{}/v1/agents/edited", self.url)).bearer_auth(&self.viewer);
            let seen: Value = look.send().await?.error_for_status()?.json().await?;
            if seen["system_prompt"] == prompt {
                break looked;
            }
        };
        let question = json!({"agent_id": "edited", "text": "hi"});
        let heard: Value = self.post("/v1/infer", &question).send().await?.error_for_status()?.json().await?;
        let last = heard["messages"].as_array().and_then(|all| all.last()).map(|last| &last["content"]);
        ensure!(last == Some(&json!(answer)), "{prompt:?} was shown, and this was answered: {heard}");
        Ok(Served { shown, answered: acknowledged.elapsed() })
    }

    /// Streams one after another until it is over: how many there were.
    async fn streams(&self, number: usize, over: &AtomicBool) -> anyhow::Result<usize> {
        let mut ran = 0;
        while !over.load(Ordering::Relaxed) {
            let streamed = self.stream(number).await;
            if streamed.is_err() {
                over.store(true, Ordering::Relaxed);
            }
            streamed.with_context(|| format!("stream {ran} of place {number} was dropped"))?;
            ran += 1;
        }
        Ok(ran)
    }

    /// One stream, which ends with its whole answer.
    async fn stream(&self, number: usize) -> anyhow::Result<()> {
        let mut body = json!({"agent_id": "edited", "text": "load"});
        if number % 2 == 1 {
            body["session_id"] = json!("new");
        }
        let mut pieces = self.post("/v1/infer/stream", &body).send().await?.error_for_status()?.bytes_stream();
        let mut heard = Vec::new();
        while let Some(piece) = pieces.next().await {
            heard.extend_from_slice(&piece?);
        }
        let heard = String::from_utf8(heard)?;
        let data: Vec<&str> = heard.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        let frames = data.iter().filter_map(|data| serde_json::from_str::<Value>(data).ok());
        let said = frames.filter(|frame| frame["role"] == "assistant");
        let said: String = said.filter_map(|frame| frame["content"].as_str().map(str::to_owned)).collect();
        ensure!(said == WHOLE && data.last() == Some(&"[DONE]"), "{heard}");
        Ok(())
    }
}
