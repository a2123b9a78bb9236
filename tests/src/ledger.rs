//! A small HTTP service for tools to call: it counts what comes, and holds calls back on demand.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    extract::{Path, State},
    routing::any,
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::within;

/// The service. `/NAME` answers `NAME is done`. Dropping it stops it.
#[derive(Debug)]
pub struct Ledger {
    address: SocketAddr,
    book: Arc<Book>,
    _serving: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Book {
    calls: watch::Sender<Vec<String>>,
    held: watch::Sender<Option<String>>,
}

impl Ledger {
    /// Starts on a free port of 127.0.0.1.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let book = Arc::new(Book::default());
        let router = Router::new().route("/{name}", any(note)).with_state(Arc::clone(&book));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            // It ends with the test.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, book, _serving: serving })
    }

    /// Where it listens, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Calls of this name are noted, and not answered.
    pub fn hold(&self, name: &str) {
        self.book.held.send_replace(Some(name.to_owned()));
    }

    /// All calls are answered, those that are held included.
    pub fn release(&self) {
        self.book.held.send_replace(None);
    }

    /// How many calls of this name came.
    pub fn count(&self, name: &str) -> usize {
        self.book.calls.borrow().iter().filter(|call| *call == name).count()
    }

    /// Waits until a call of this name has come.
    pub async fn called(&self, name: &str) -> anyhow::Result<()> {
        let mut calls = self.book.calls.subscribe();
        within(&format!("a call of {name}"), calls.wait_for(|calls| calls.iter().any(|call| call == name))).await??;
        Ok(())
    }
}

async fn note(State(book): State<Arc<Book>>, Path(name): Path<String>) -> String {
    book.calls.send_modify(|calls| calls.push(name.clone()));
    let mut held = book.held.subscribe();
    // The sender lives as long as the state.
    let _ = held.wait_for(|held| held.as_deref() != Some(name.as_str())).await;
    format!("{name} is done")
}
