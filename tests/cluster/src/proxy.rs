//! A proxy before the API server, on loopback: it tells clients what a real one tells seldom, and a test needs now. Watches
//! become too old (410 Gone), in the middle and at their beginning; connections break; news gets lost.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use kube::{Client, Config};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// What the API server says of a watch that begins where nothing is remembered any more.
const GONE: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (2)","reason":"Expired","code":410}"#;

/// The most that a request of a test holds.
const MOST: usize = 4 * 1024 * 1024;

/// A proxy that runs; it ends when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    /// Connects with somebody's rights: who comes through the proxy has these.
    client: Client,
    /// What is done to watches, and how often it was.
    order: watch::Sender<Order>,
    /// The number of the order after which each watch was told at its beginning that it is too old.
    refused: Mutex<HashMap<String, u64>>,
    losing: AtomicBool,
    lists: AtomicU64,
    gone: AtomicU64,
    broken: AtomicU64,
}

#[derive(Clone, Copy, Default)]
struct Order {
    number: u64,
    gone: bool,
}

impl Proxy {
    /// Stands before the API server that `client` is connected to, with its rights.
    pub async fn start(client: Client) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            client,
            order: watch::Sender::default(),
            refused: Mutex::default(),
            losing: AtomicBool::new(false),
            lists: AtomicU64::new(0),
            gone: AtomicU64::new(0),
            broken: AtomicU64::new(0),
        });
        let routes = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        #[expect(clippy::disallowed_methods, reason = "it ends with the proxy")]
        let task = tokio::spawn(async move {
            // A listener of loopback ends with the test alone.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, shared, task })
    }

    /// A client that comes through the proxy.
    pub fn client(&self, namespace: &str) -> anyhow::Result<Client> {
        let mut config = Config::new(format!("http://{}", self.address).parse()?);
        namespace.clone_into(&mut config.default_namespace);
        Ok(Client::try_from(config)?)
    }

    /// From now on watches bring nothing of what happens.
    pub fn lose_news(&self) {
        self.shared.losing.store(true, Ordering::SeqCst);
    }

    /// Ends every watch with 410, and answers the next of each with 410, too. From then on news come through.
    pub fn expire_watches(&self) {
        self.order(true);
    }

    /// Breaks the connection of every watch in the middle. From then on news come through.
    pub fn break_watches(&self) {
        self.order(false);
    }

    fn order(&self, gone: bool) {
        self.shared.losing.store(false, Ordering::SeqCst);
        self.shared.order.send_modify(|order| *order = Order { number: order.number + 1, gone });
    }

    /// How many lists were asked for.
    pub fn lists(&self) -> u64 {
        self.shared.lists.load(Ordering::SeqCst)
    }

    /// How often somebody was told 410.
    pub fn gone(&self) -> u64 {
        self.shared.gone.load(Ordering::SeqCst)
    }

    /// How many connections were broken.
    pub fn broken(&self) -> u64 {
        self.shared.broken.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let is_watch = query.split('&').any(|part| part == "watch=true");
    let is_list = !is_watch && request.method() == "GET" && query.contains("limit=");
    if is_list {
        shared.lists.fetch_add(1, Ordering::SeqCst);
    }
    let path = request.uri().path().to_owned();
    if is_watch && shared.refuses(&path) {
        return (StatusCode::GONE, [(header::CONTENT_TYPE, "application/json")], GONE).into_response();
    }
    let order = shared.order.subscribe();
    match forward(&shared.client, request).await {
        Ok(response) if is_watch && response.status().is_success() => disturbed(response, order, shared),
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

async fn forward(client: &Client, request: Request) -> anyhow::Result<Response> {
    let (mut parts, body) = request.into_parts();
    // The client of the real one has its own of these.
    for own in [header::HOST, header::AUTHORIZATION, header::CONTENT_LENGTH, header::ACCEPT_ENCODING] {
        parts.headers.remove(own);
    }
    let body = axum::body::to_bytes(body, MOST).await?;
    let request = http::Request::from_parts(parts, kube::client::Body::from(body));
    let (mut parts, body) = client.send(request).await?.into_parts();
    for own in [header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::CONNECTION] {
        parts.headers.remove(own);
    }
    Ok(Response::from_parts(parts, Body::new(body)))
}

/// How a part of a watch goes on.
enum Part {
    News(Result<Bytes, axum::Error>),
    Ordered(bool),
}

/// The watch until something is ordered, without what gets lost.
fn disturbed(response: Response, order: watch::Receiver<Order>, shared: Arc<Shared>) -> Response {
    let (parts, body) = response.into_parts();
    let news = body.into_data_stream().map(Part::News);
    let ordered = stream::once(async move {
        let mut order = order;
        match order.changed().await {
            Ok(()) => Part::Ordered(order.borrow().gone),
            Err(_) => std::future::pending().await,
        }
    });
    // A watch that the API server ends by itself ends here, too.
    let news = news.map(Some).chain(stream::once(async { None }));
    let parts_of_it = stream::select(news, ordered.map(Some)).scan(false, move |ended, part| {
        if *ended {
            return std::future::ready(None);
        }
        std::future::ready(match part {
            None => None,
            Some(Part::News(_)) if shared.losing.load(Ordering::SeqCst) => Some(Ok(Bytes::new())),
            Some(Part::News(news)) => Some(news.map_err(io::Error::other)),
            Some(Part::Ordered(gone)) => {
                *ended = true;
                Some(shared.last(gone))
            }
        })
    });
    Response::from_parts(parts, Body::from_stream(parts_of_it))
}

impl Shared {
    /// Whether a watch is to be told that it is too old.
    fn refuses(&self, path: &str) -> bool {
        let order = *self.order.borrow();
        if !order.gone {
            return false;
        }
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let told = refused.insert(path.to_owned(), order.number);
        let is_new = told != Some(order.number);
        self.gone.fetch_add(u64::from(is_new), Ordering::SeqCst);
        is_new
    }

    /// The end of a watch: a last word, or none.
    fn last(&self, gone: bool) -> io::Result<Bytes> {
        if !gone {
            self.broken.fetch_add(1, Ordering::SeqCst);
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        self.gone.fetch_add(1, Ordering::SeqCst);
        Ok(format!("{{\"type\":\"ERROR\",\"object\":{GONE}}}\n").into())
    }
}
