//! An HTTP+SSE server of 2024-11-05: each stream is a process of the scripted server of its own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::http_server::Received;

/// Where the messages of each stream go, by the path that its client was told.
type Inboxes = Arc<Mutex<HashMap<String, mpsc::UnboundedSender<Vec<u8>>>>>;

pub(super) struct SseServer {
    pub(super) address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

pub(super) async fn start(address: &str) -> SseServer {
    let listener = TcpListener::bind(address).await.unwrap();
    let server = SseServer {
        address: listener.local_addr().unwrap(),
        stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
    };
    let (stop, tasks, inboxes) = (server.stop.clone(), server.tasks.clone(), Inboxes::default());
    server.tasks.spawn(async move {
        let mut number = 0;
        while let Some(Ok((stream, _))) = stop.run_until_cancelled(listener.accept()).await {
            number += 1;
            let (stop, inboxes, path) = (stop.clone(), Arc::clone(&inboxes), format!("/messages/{number}"));
            tasks.spawn(async move { stop.run_until_cancelled(answer(stream, inboxes, path)).await });
        }
    });
    server
}

impl SseServer {
    /// Cuts every connection.
    pub(super) async fn stop(self) -> SocketAddr {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.address
    }
}

async fn answer(stream: TcpStream, inboxes: Inboxes, path: String) {
    let mut stream = BufReader::new(stream);
    let Some(received) = Received::read(&mut stream).await else { return };
    if received.method == "GET" {
        return serve(stream, inboxes, path).await;
    }
    let inbox = inboxes.lock().unwrap().get(&received.path).cloned();
    let known = inbox.is_some_and(|inbox| inbox.send(received.body).is_ok());
    let head = if known { "202 Accepted" } else { "404 Not Found" };
    let head = format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let _client_left = stream.write_all(head.as_bytes()).await;
}

async fn serve(mut stream: BufReader<TcpStream>, inboxes: Inboxes, path: String) {
    let mut process = Command::new(super::scripted())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (mut stdin, stdout) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
    let (inbox, mut messages) = mpsc::unbounded_channel();
    inboxes.lock().unwrap().insert(path.clone(), inbox);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    stream.write_all(format!("{head}event: endpoint\ndata: {path}\n\n").as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stdout).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Ok(Some(line)) = line else { return };
                if stream.write_all(format!("event: message\ndata: {line}\n\n").as_bytes()).await.is_err() {
                    return;
                }
            }
            Some(mut message) = messages.recv() => {
                message.push(b'\n');
                stdin.write_all(&message).await.unwrap();
            }
        }
    }
}
