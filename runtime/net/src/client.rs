//! The one shared client: its configuration, and the way of a request through guard, connection and redirects.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderValue, USER_AGENT};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::error::{classify, shown_host, shown_url};
use crate::guard::Guard;
use crate::resolve::{GuardedResolver, look_up};
use crate::response::BodyLimits;
use crate::{AllowList, NetError, ProxyConfig, Request, Resolver, Response, SystemResolver, Trust, redirect, tls};

/// How the client behaves where a request does not say otherwise.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// What is open although the guard would refuse it.
    pub allowed: AllowList,
    /// Time to a connection, TLS included.
    pub connect_timeout: Duration,
    /// Time to the head of a response.
    pub first_byte_timeout: Duration,
    /// Time between two chunks of a body.
    pub idle_timeout: Duration,
    /// How long an unused connection is kept.
    pub pool_idle_timeout: Duration,
    /// The proxies; none unless the caller says so.
    pub proxy: ProxyConfig,
    /// Certificate authorities in PEM form, beside the system's.
    pub extra_authorities: Option<Vec<u8>>,
    /// The `User-Agent` of requests that name none.
    pub user_agent: String,
}

impl Default for ClientConfig {
    /// Ten seconds to connect, five minutes to the first byte (a model may think that long), two between chunks.
    fn default() -> Self {
        Self {
            allowed: AllowList::default(),
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_mins(5),
            idle_timeout: Duration::from_mins(2),
            pool_idle_timeout: Duration::from_secs(90),
            proxy: ProxyConfig::default(),
            extra_authorities: None,
            user_agent: concat!("troupe/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// The guarded HTTP client. Clone it freely: clones share their connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    literal: Pool,
    guarded: Pool,
    resolver: Arc<dyn Resolver>,
    /// Whether a proxy resolves names, so that the connector's resolver does not see them.
    proxied: bool,
    allowed: Arc<AllowList>,
    connect_timeout: Duration,
    first_byte_timeout: Duration,
    idle_timeout: Duration,
    user_agent: HeaderValue,
}

impl Shared {
    fn pool(&self, trust: Trust) -> &Pool {
        match trust {
            Trust::Literal => &self.literal,
            Trust::Guarded => &self.guarded,
        }
    }
}

/// Connections of one kind of trust. They are kept apart, since a connection that a trusted request made to a private
/// address must not serve a request that may not go there.
struct Pool {
    client: reqwest::Client,
    guard: Guard,
}

impl Client {
    /// A client with the system's resolver.
    pub fn new(config: &ClientConfig) -> Result<Self, NetError> {
        Self::with_resolver(config, Arc::new(SystemResolver))
    }

    /// A client that resolves names through `resolver`.
    pub fn with_resolver(config: &ClientConfig, resolver: Arc<dyn Resolver>) -> Result<Self, NetError> {
        let allowed = Arc::new(config.allowed.clone());
        let tls = tls::configuration(config.extra_authorities.as_deref())?;
        let user_agent = HeaderValue::try_from(&config.user_agent)
            .map_err(|_| NetError::Configure { reason: "the user agent is no header value".to_owned() })?;
        let pool = |trust| Pool::new(config, Guard::new(trust, Arc::clone(&allowed)), &resolver, tls.clone());
        let (literal, guarded) = (pool(Trust::Literal)?, pool(Trust::Guarded)?);
        let shared = Shared {
            literal,
            guarded,
            resolver,
            proxied: !config.proxy.is_empty(),
            allowed,
            connect_timeout: config.connect_timeout,
            first_byte_timeout: config.first_byte_timeout,
            idle_timeout: config.idle_timeout,
            user_agent,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Sends a request and follows its redirects; returns when the head of the last response is there. Any status is a
    /// response, none an error.
    pub async fn send(&self, mut request: Request) -> Result<Response, NetError> {
        let total = request.total_timeout.map(|after| (Instant::now() + after, after));
        self.prepare(&mut request)?;
        let mut redirects = 0;
        loop {
            let response = self.send_once(&request, total).await?;
            let status = response.status();
            let next = match request.max_redirects {
                0 => None,
                _ => redirect::target(status, response.headers(), &request.url)?,
            };
            let Some(next) = next else {
                let idle = Some(request.idle_timeout.unwrap_or(self.shared.idle_timeout));
                return Ok(Response::new(response, request.url, BodyLimits { idle, total }));
            };
            if redirects == request.max_redirects {
                let reason = format!("{redirects} redirects were followed already");
                return Err(NetError::Redirect { url: shown_url(&request.url), reason });
            }
            redirects += 1;
            redirect::follow(&mut request, status, next)?;
        }
    }

    /// The connections under this client, for a library that wants a `reqwest::Client` (MCP's transport does).
    ///
    /// Names stay guarded, time-outs but the one to connect are the caller's, and redirects are returned instead of
    /// followed. An address in a URL is checked only here, so what is lent is for the host of `url` alone.
    pub fn lend(&self, url: &Url, trust: Trust) -> Result<reqwest::Client, NetError> {
        let pool = self.shared.pool(trust);
        pool.guard.check_literal(url).map_err(|refusal| NetError::Refused { refusal })?;
        Ok(pool.client.clone())
    }

    /// Checks the scheme, moves credentials from the URL into a header, and names us.
    fn prepare(&self, request: &mut Request) -> Result<(), NetError> {
        let scheme = request.url.scheme();
        if !matches!(scheme, "http" | "https") {
            return Err(NetError::InvalidRequest { reason: format!("the scheme {scheme} is neither http nor https") });
        }
        take_credentials(request)?;
        request.headers.entry(USER_AGENT).or_insert_with(|| self.shared.user_agent.clone());
        Ok(())
    }

    /// One request and the head of its response.
    async fn send_once(
        &self,
        request: &Request,
        total: Option<(Instant, Duration)>,
    ) -> Result<reqwest::Response, NetError> {
        let pool = self.shared.pool(request.trust);
        let first_byte = request.first_byte_timeout.unwrap_or(self.shared.first_byte_timeout);
        let patience = Instant::now() + first_byte;
        let deadline = total.map_or(patience, |(deadline, _)| deadline.min(patience));
        let exchange = async {
            pool.guard.check_literal(&request.url).map_err(|refusal| NetError::Refused { refusal })?;
            if self.shared.proxied {
                self.check_before_proxy(pool, &request.url).await?;
            }
            pool.client
                .execute(wire(request))
                .await
                .map_err(|error| classify::before_response(&error, &request.url, self.shared.connect_timeout))
        };
        timeout_at(deadline, exchange).await.unwrap_or_else(|_| {
            let url = shown_url(&request.url);
            Err(match total {
                Some((end, after)) if end <= patience => NetError::TotalTimeout { url, after },
                _ => NetError::FirstByteTimeout { url, after: first_byte },
            })
        })
    }

    /// A proxy resolves the name itself, so the guard looks it up here, beforehand. A host that the configuration opens
    /// may be known to the proxy alone.
    async fn check_before_proxy(&self, pool: &Pool, url: &Url) -> Result<(), NetError> {
        let Some(host) = url.domain().filter(|host| !self.shared.allowed.allows_host(host)) else { return Ok(()) };
        if pool.guard.trust() == Trust::Literal {
            return Ok(());
        }
        let addresses = look_up(&*self.shared.resolver, host)
            .await
            .map_err(|failure| NetError::Resolve { host: shown_host(url), reason: failure.reason })?;
        pool.guard.check(host, &addresses).map_err(|refusal| NetError::Refused { refusal })
    }
}

impl Pool {
    fn new(
        config: &ClientConfig,
        guard: Guard,
        resolver: &Arc<dyn Resolver>,
        tls: rustls::ClientConfig,
    ) -> Result<Self, NetError> {
        let guarded = GuardedResolver {
            resolver: Arc::clone(resolver),
            guard: guard.clone(),
            proxies: config.proxy.hosts().into(),
            trusted: guard.trusting(),
        };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(guarded))
            .redirect(reqwest::redirect::Policy::none())
            // Callers count and cap the bytes that come over the wire; a compressed bomb would pass them by.
            .no_gzip()
            .referer(false)
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_mins(1))
            .http2_keep_alive_interval(Duration::from_secs(30))
            .http2_keep_alive_timeout(Duration::from_secs(20))
            .connect_timeout(config.connect_timeout)
            .pool_idle_timeout(config.pool_idle_timeout)
            .no_proxy();
        for proxy in config.proxy.proxies()? {
            builder = builder.proxy(proxy);
        }
        let client = builder.build().map_err(|error| NetError::Configure { reason: error.to_string() })?;
        Ok(Self { client, guard })
    }
}

/// The request as the connection layer takes it. Headers and body are shared or small, so a redirect can send them again.
fn wire(request: &Request) -> reqwest::Request {
    let mut wire = reqwest::Request::new(request.method.clone(), request.url.clone());
    *wire.headers_mut() = request.headers.clone();
    if !request.body.is_empty() {
        *wire.body_mut() = Some(request.body.clone().into());
    }
    wire
}

/// Moves a user name and password from the URL into a secret `Authorization` header, unless there is one.
fn take_credentials(request: &mut Request) -> Result<(), NetError> {
    if request.url.username().is_empty() && request.url.password().is_none() {
        return Ok(());
    }
    let decode = |text: &str| percent_decode(text);
    let pair = format!("{}:{}", decode(request.url.username()), decode(request.url.password().unwrap_or_default()));
    let _ = request.url.set_username("");
    let _ = request.url.set_password(None);
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)))
        .map_err(|_| NetError::InvalidRequest { reason: "the URL's password is no header value".to_owned() })?;
    value.set_sensitive(true);
    request.headers.entry(AUTHORIZATION).or_insert(value);
    Ok(())
}

fn percent_decode(text: &str) -> String {
    // A query without `=` and `&` is a name, decoded by the same rules but for `+`, which stays one here.
    let escaped = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(escaped.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}
