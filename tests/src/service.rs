//! A `troupe serve` in a process of its own: started, asked, stopped and killed.

use std::{
    io::{BufRead as _, BufReader, PipeReader},
    process::{ExitStatus, Stdio},
    sync::Once,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use eventsource_stream::Eventsource as _;
use futures::{StreamExt as _, stream::BoxStream};
use reqwest::{Client, RequestBuilder, header::HeaderMap};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    process::{Child, Command},
    sync::{oneshot, watch},
    time::sleep,
};

use crate::{Place, binary::troupe, within};

/// The lines that a service wrote.
type Log = watch::Sender<Vec<String>>;

/// How often is looked for what nothing tells.
const LOOK: Duration = Duration::from_millis(20);

/// A running service. Dropping it kills it.
#[derive(Debug)]
pub struct Service {
    child: Child,
    url: String,
    client: Client,
    log: Log,
}

/// An answer that is whole.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; a string where it is none.
    pub body: Value,
}

impl Service {
    pub(crate) async fn start(place: &Place, flags: &[&str]) -> anyhow::Result<Self> {
        let (output, input) = std::io::pipe()?;
        let child = Command::new(troupe()?)
            .arg("serve")
            .arg(place.manifests())
            .args(["--listen", "127.0.0.1:0", "--log-format", "json", "--data"])
            .arg(place.data())
            .arg("--workspace")
            .arg(place.workspace())
            .args(flags)
            // Proxies and settings of whoever runs the tests are none of the service's.
            .env_clear()
            .envs(["PATH", "HOME", "TMPDIR"].iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .stdin(Stdio::null())
            .stdout(input.try_clone()?)
            .stderr(input)
            .kill_on_drop(true)
            .spawn()
            .context("troupe cannot be started")?;
        let log = Log::default();
        let ready = follow(output, log.clone());
        let Ok(url) = within("troupe to be ready", ready).await? else {
            bail!("troupe ended before it was ready:\n{}", written(&log));
        };
        Ok(Self { child, url, client: client()?, log })
    }

    /// Where it listens, without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        written(&self.log)
    }

    /// Waits until it has written a line that holds this.
    pub async fn writes(&self, part: &str) -> anyhow::Result<String> {
        let mut log = self.log.subscribe();
        let find = |lines: &[String]| lines.iter().find(|line| line.contains(part)).cloned();
        let lines = within(part, log.wait_for(|lines| find(lines).is_some())).await??;
        Ok(find(&lines).unwrap_or_default())
    }

    /// Reads until what is read holds this: nothing tells when an edit of a file has been taken over.
    pub async fn shows(&self, path: &str, part: &str) -> anyhow::Result<()> {
        let look = async {
            while !self.get(path).await?.body.to_string().contains(part) {
                sleep(LOOK).await;
            }
            anyhow::Ok(())
        };
        within(&format!("{path} to show {part}"), look).await?
    }

    /// Ends it as a power failure would (SIGKILL).
    pub async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) -> anyhow::Result<()> {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        Ok(kill_process(pid.context("troupe has ended")?, Signal::TERM)?)
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> anyhow::Result<ExitStatus> {
        Ok(within("troupe to end", self.child.wait()).await??)
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        answer(path, self.client.get(format!("{}{path}", self.url))).await
    }

    /// Sends JSON.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        answer(path, self.client.post(format!("{}{path}", self.url)).json(body)).await
    }

    /// Reads server-sent events.
    pub async fn follow(&self, path: &str) -> anyhow::Result<Frames> {
        Frames::of(path, self.client.get(format!("{}{path}", self.url))).await
    }

    /// Reads the server-sent events behind the one that a reader had last.
    pub async fn follow_after(&self, path: &str, last: &str) -> anyhow::Result<Frames> {
        Frames::of(path, self.client.get(format!("{}{path}", self.url)).header("last-event-id", last)).await
    }

    /// Sends JSON, and reads server-sent events.
    pub async fn stream(&self, path: &str, body: &Value) -> anyhow::Result<Frames> {
        Frames::of(path, self.client.post(format!("{}{path}", self.url)).json(body)).await
    }
}

/// Keeps what a service writes, and tells the address that it says it is ready at.
fn follow(output: PipeReader, log: Log) -> oneshot::Receiver<String> {
    let (ready, told) = oneshot::channel();
    let mut ready = Some(ready);
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let said: Value = serde_json::from_str(&line).unwrap_or_default();
            if let (Some("ready"), Some(url)) = (said["message"].as_str(), said["url"].as_str()) {
                // Whoever waited may have given up.
                let _ = ready.take().map(|ready| ready.send(url.to_owned()));
            }
            log.send_modify(|lines| lines.push(line));
        }
    });
    told
}

fn written(log: &Log) -> String {
    log.borrow().join("\n")
}

/// A client that speaks to loopback only, without a proxy.
fn client() -> anyhow::Result<Client> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // It fails only if there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Ok(Client::builder().no_proxy().build()?)
}

async fn answer(path: &str, request: RequestBuilder) -> anyhow::Result<Answer> {
    let whole = async {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        anyhow::Ok(Answer { status, headers, body })
    };
    within(path, whole).await?.with_context(|| format!("asking {path}"))
}

/// One server-sent event.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Its name; `message` if it has none.
    pub event: String,
    /// Its id; empty if it has none.
    pub id: String,
    /// Its data as JSON; a string where it is none, such as `[DONE]`.
    pub data: Value,
}

/// Server-sent events as they come.
pub struct Frames {
    /// The headers of the answer.
    pub headers: HeaderMap,
    stream: BoxStream<'static, anyhow::Result<Frame>>,
}

impl Frames {
    async fn of(path: &str, request: RequestBuilder) -> anyhow::Result<Self> {
        let response = within(path, request.send()).await??;
        let (status, headers) = (response.status(), response.headers().clone());
        if !status.is_success() {
            bail!("{path} answered {status}: {}", within(path, response.text()).await??);
        }
        let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        ensure!(kind.starts_with("text/event-stream"), "{path} answered with {kind}");
        let stream = response.bytes_stream().eventsource().map(|event| {
            let event = event.context("an event")?;
            let data = serde_json::from_str(&event.data).unwrap_or(Value::String(event.data));
            Ok(Frame { event: event.event, id: event.id, data })
        });
        Ok(Self { headers, stream: stream.boxed() })
    }

    /// A header as text; empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The next event; `None` at the end.
    pub async fn next(&mut self) -> anyhow::Result<Option<Frame>> {
        within("an event", self.stream.next()).await?.transpose()
    }

    /// All events that are still to come.
    pub async fn rest(mut self) -> anyhow::Result<Vec<Frame>> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await? {
            frames.push(frame);
        }
        Ok(frames)
    }
}
