//! A scripted server on loopback, and a resolver that knows only the names that a test gives it.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, Method, Response, Version};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use troupe_net::Resolver;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

pub(crate) type Answer = Response<BoxBody<Bytes, io::Error>>;

/// An answer with a whole body.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Full::new(body.into()).map_err(|never| match never {}).boxed());
    *response.status_mut() = status.try_into().unwrap();
    for (name, value) in headers {
        response.headers_mut().append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    response
}

/// An answer that sends these chunks and then, with `stall`, nothing for ever.
pub(crate) fn chunks(parts: &[&'static str], stall: bool) -> Answer {
    let parts: Vec<_> = parts.iter().map(|part| Ok(Frame::data(Bytes::from_static(part.as_bytes())))).collect();
    let sent = futures::stream::iter(parts);
    let body = if stall {
        BodyExt::boxed(StreamBody::new(sent.chain(futures::stream::pending())))
    } else {
        BodyExt::boxed(StreamBody::new(sent))
    };
    Response::new(body)
}

/// A server that lives as long as this value.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    _task: JoinSet<()>,
}

impl Server {
    /// Answers every request with what `script` makes of it.
    pub(crate) async fn start(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let script = Arc::new(script);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (script, log) = (Arc::clone(&script), Arc::clone(&log));
                let service = service_fn(move |request| respond(request, Arc::clone(&script), Arc::clone(&log)));
                connections.spawn(async move {
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { address, seen, _task: task }
    }

    /// The same over TLS, with a certificate for `a.test`; HTTP/2 where the client offers it.
    pub(crate) async fn start_tls(
        authority: &Authority,
        script: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let acceptor = TlsAcceptor::from(authority.server_configuration());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let script = Arc::new(script);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (script, log, acceptor) = (Arc::clone(&script), Arc::clone(&log), acceptor.clone());
                let service = service_fn(move |request| respond(request, Arc::clone(&script), Arc::clone(&log)));
                connections.spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let server = auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, seen, _task: task }
    }

    /// Sends these bytes to whoever connects and says something, and closes the connection.
    pub(crate) async fn raw(bytes: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(bytes.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { address, seen: Arc::default(), _task: task }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn respond(
    request: http::Request<Incoming>,
    script: Arc<impl Fn(&Seen) -> Answer>,
    log: Arc<Mutex<Vec<Seen>>>,
) -> Result<Answer, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let seen =
        Seen { method: head.method, target: head.uri.to_string(), version: head.version, headers: head.headers, body };
    let answer = script(&seen);
    log.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    Ok(answer)
}

/// Names and their addresses; any other name does not exist.
#[derive(Default)]
pub(crate) struct Names(pub(crate) HashMap<&'static str, Vec<IpAddr>>);

impl Names {
    pub(crate) fn new(names: &[(&'static str, &[&str])]) -> Arc<Self> {
        let parse = |addresses: &[&str]| addresses.iter().map(|address| address.parse().unwrap()).collect();
        Arc::new(Self(names.iter().map(|(name, addresses)| (*name, parse(addresses))).collect()))
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if host == "slow.test" {
            std::future::pending::<()>().await;
        }
        self.0.get(host).cloned().ok_or_else(|| io::Error::other("no such name"))
    }
}

/// A certificate authority of this test alone.
pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut about = CertificateParams::new(Vec::new()).unwrap();
        about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = about.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(about, key) }
    }

    fn server_configuration(&self) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let about = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        let certificate = about.signed_by(&key, &self.issuer).unwrap();
        let mut configuration = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(configuration)
    }
}
