//! Uploads in parallel while the service is killed again and again: no byte is lost, and none is in another's place.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures::future::join_all;
use futures::stream;
use reqwest::{Body, Client, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use troupe_tests::{Place, Service, within};

/// How often the service is killed.
const KILLS: u64 = 8;

/// What is sent at a time, and how long a client waits in between, so that a kill meets pieces that are under way.
const PIECE: usize = 64 * 1_024;
const PAUSE: Duration = Duration::from_millis(12);

/// Bytes that are told from those of every other file and place.
fn content(seed: u64, size: usize) -> Arc<[u8]> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let words = (0..size.div_ceil(8)).flat_map(|_| next().to_le_bytes());
    words.take(size).collect()
}

/// A client that goes on whatever becomes of the service.
struct Uploader {
    client: Client,
    url: watch::Receiver<String>,
}

impl Uploader {
    /// Asks until there is an answer.
    async fn ask(&self, send: impl Fn(&Client, &str) -> reqwest::RequestBuilder) -> (StatusCode, Value) {
        loop {
            let url = self.url.borrow().clone();
            if let Ok(response) = send(&self.client, &url).send().await {
                let status = response.status();
                if let Ok(body) = response.json().await {
                    return (status, body);
                }
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends a file as S1's console does: all its pieces at once, and after a break those that are lacking.
    async fn upload(&self, name: &str, file: &Arc<[u8]>) -> anyhow::Result<()> {
        let begin = json!({"workspace_id": "default", "file_name": name, "file_size": file.len(), "target_path": format!("in/{name}")});
        let (status, plan) =
            self.ask(|client, url| client.post(format!("{url}/v1/workspace/upload/init")).json(&begin)).await;
        anyhow::ensure!(status == StatusCode::OK, "{plan}");
        let upload = format!("/v1/workspace/upload/{}", plan["upload_id"].as_str().context("an id")?);
        loop {
            let (status, told) = self.ask(|client, url| client.get(format!("{url}{upload}"))).await;
            anyhow::ensure!(status == StatusCode::OK, "{told}");
            let chunks = told["chunks"].as_array().context("its chunks")?;
            let lacking = chunks.iter().filter(|chunk| chunk["status"] != "uploaded");
            join_all(lacking.map(|chunk| self.put(&upload, chunk, file))).await;
            let (status, done) = self.ask(|client, url| client.post(format!("{url}{upload}/complete"))).await;
            match status {
                StatusCode::OK => return Ok(()),
                StatusCode::CONFLICT => {}
                _ => anyhow::bail!("{status}: {done}"),
            }
        }
    }

    /// Sends a piece, once: what becomes of it is asked for afterwards.
    async fn put(&self, upload: &str, chunk: &Value, file: &Arc<[u8]>) {
        let number = |field: &str| usize::try_from(chunk[field].as_u64().unwrap_or_default()).unwrap_or_default();
        let (start, size) = (number("offset"), number("size"));
        let file = Arc::clone(file);
        let pieces = stream::unfold(start, move |at| {
            let file = Arc::clone(&file);
            async move {
                let end = (at + PIECE).min(start + size);
                sleep(PAUSE).await;
                (at < end).then(|| (Ok::<_, std::io::Error>(file[at..end].to_vec()), end))
            }
        });
        let url = self.url.borrow().clone();
        let request = self.client.put(format!("{url}{upload}/chunk/{}", number("parallel_id")));
        let sent = request.header("content-length", size).body(Body::wrap_stream(pieces)).send().await;
        // A service that was killed answers nothing.
        drop(sent);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_file_is_whole_however_often_the_service_is_killed() {
    let flags = ["--upload-parallel-size", "1M", "--upload-parallel-max-threads", "4"];
    let place = Place::new().unwrap();
    let mut service: Service = place.serve_with(&flags).await.unwrap();
    let (tell, url) = watch::channel(service.url().to_owned());
    let files: Vec<(String, Arc<[u8]>)> = (0..6_u64)
        .map(|seed| (format!("file-{seed}.bin"), content(seed, 2_500_000 + usize::try_from(seed).unwrap() * 333_333)))
        .collect();
    let mut uploads = JoinSet::new();
    for (name, file) in &files {
        let uploader = Uploader { client: Client::builder().no_proxy().build().unwrap(), url: url.clone() };
        let (name, file) = (name.clone(), Arc::clone(file));
        uploads.spawn(async move { uploader.upload(&name, &file).await });
    }
    for round in 0..KILLS {
        sleep(Duration::from_millis(60 + 37 * round)).await;
        service.kill().await.unwrap();
        service = place.serve_with(&flags).await.unwrap();
        tell.send(service.url().to_owned()).unwrap();
    }
    while let Some(upload) = within("an upload to be complete", uploads.join_next()).await.unwrap() {
        upload.unwrap().unwrap();
    }
    for (name, file) in &files {
        let written = std::fs::read(place.workspace().join("in").join(name)).unwrap();
        assert!(written[..] == file[..], "{name} is not what was sent");
    }
    let left = std::fs::read_dir(place.workspace().join(".troupe-uploads")).unwrap();
    assert!(left.flatten().all(|upload| !upload.path().join("data").exists()), "what is complete takes no space twice");
}
