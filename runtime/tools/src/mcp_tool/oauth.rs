//! Access tokens by OAuth 2.0 client credentials (RFC 6749, section 4.4), kept until they end.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use troupe_core::id::ContentHash;
use troupe_core::tool::OAuthClientCredentials;
use troupe_net::{Client, NetError, Request, Trust};
use url::{Url, form_urlencoded};

/// A token is asked for anew this long before it ends, so that it does not end on its way.
const EARLY: Duration = Duration::from_secs(30);
/// How long a token is kept that does not say when it ends: RFC 6749 leaves it open, and most last an hour.
const UNSAID: Duration = Duration::from_mins(5);
/// The longest answer that is read, in bytes; tokens with many claims have some KiB.
const LONGEST: usize = 256 * 1024;
/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum OAuthError {
    /// The token endpoint's address is none.
    #[error("the token URL is no URL: {0}")]
    Url(url::ParseError),
    /// The endpoint cannot be reached.
    #[error(transparent)]
    Net(#[from] NetError),
    /// It refused.
    #[error("the token endpoint answered {status}{reason}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// RFC 6749's error code, where it gave one.
        reason: String,
    },
    /// It answered with something else.
    #[error("the token endpoint's answer holds no access token")]
    NoToken,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    expires_in: Option<u64>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// Tokens by whom they were given to.
pub(super) struct Tokens {
    client: Client,
    /// Held while one is asked for: who comes second finds the first one's.
    kept: Mutex<HashMap<String, (String, Instant)>>,
}

impl Tokens {
    pub(super) fn new(client: Client) -> Self {
        Self { client, kept: Mutex::default() }
    }

    pub(super) async fn token(
        &self,
        config: &OAuthClientCredentials,
        id: &str,
        secret: &str,
    ) -> Result<String, OAuthError> {
        let whom = [&config.token_url, id, secret, &config.scopes.join(" ")].join("\n");
        let whom = ContentHash::of(whom.as_bytes()).0;
        let mut kept = self.kept.lock().await;
        let now = Instant::now();
        kept.retain(|_, (_, until)| *until > now);
        if let Some((token, _)) = kept.get(&whom) {
            return Ok(token.clone());
        }
        let answer = self.ask(config, id, secret).await?;
        let lasts = answer.expires_in.map_or(UNSAID, Duration::from_secs).saturating_sub(EARLY);
        if let Some(until) = now.checked_add(lasts) {
            kept.insert(whom, (answer.access_token.clone(), until));
        }
        Ok(answer.access_token)
    }

    async fn ask(&self, config: &OAuthClientCredentials, id: &str, secret: &str) -> Result<Answer, OAuthError> {
        let url = Url::parse(&config.token_url).map_err(OAuthError::Url)?;
        // RFC 6749, section 2.3.1: both parts are form-encoded first; every server must take this way.
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))));
        let request = Request::new(Method::POST, url, Trust::Literal)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
            .text_header("Accept", "application/json", false)?
            .text_header("Authorization", &basic, true)?
            .body(form(&config.scopes))
            .total_timeout(PATIENCE);
        let response = self.client.send(request).await?;
        let status = response.status();
        let (body, _) = response.read_limited(LONGEST).await?;
        if !status.is_success() {
            let reason = serde_json::from_slice::<Refusal>(&body);
            let reason = reason.map(|refusal| format!(": {}", refusal.error)).unwrap_or_default();
            return Err(OAuthError::Refused { status, reason });
        }
        serde_json::from_slice(&body).map_err(|_| OAuthError::NoToken)
    }
}

fn form(scopes: &[String]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    if !scopes.is_empty() {
        form.append_pair("scope", &scopes.join(" "));
    }
    form.finish()
}
