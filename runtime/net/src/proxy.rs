//! Which proxy requests go through, if any.

use std::fmt;

use reqwest::{NoProxy, Proxy};
use url::Url;

use crate::NetError;

/// Proxies by the scheme of the request. Nothing is read from the environment unless the caller does it with
/// [`ProxyConfig::from_variables`].
///
/// Behind a proxy the guard checks the addresses that *this* machine finds for a host; the proxy resolves the name once
/// more and is expected to have rules of its own.
#[derive(Clone, Default)]
pub struct ProxyConfig {
    /// The proxy for `http` requests.
    pub http: Option<Url>,
    /// The proxy for `https` requests.
    pub https: Option<Url>,
    /// Hosts and networks that are reached directly, as in `NO_PROXY`.
    pub direct: Option<String>,
}

impl ProxyConfig {
    /// Reads the customary variables (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, each also in lower case).
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, NetError> {
        let read = |name: &str| {
            let value = variable(name).or_else(|| variable(&name.to_ascii_lowercase()));
            value.filter(|value| !value.trim().is_empty())
        };
        let url = |name: &str| read(name).map(|value| proxy_url(name, &value)).transpose();
        let all = url("ALL_PROXY")?;
        let http = url("HTTP_PROXY")?.or_else(|| all.clone());
        Ok(Self { http, https: url("HTTPS_PROXY")?.or(all), direct: read("NO_PROXY") })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.http.is_none() && self.https.is_none()
    }

    /// The proxies' own hosts.
    pub(crate) fn hosts(&self) -> Vec<String> {
        [&self.http, &self.https].into_iter().flatten().filter_map(|url| url.host_str().map(str::to_owned)).collect()
    }

    pub(crate) fn proxies(&self) -> Result<Vec<Proxy>, NetError> {
        let wrong =
            |error: reqwest::Error| NetError::Configure { reason: format!("the proxy: {}", error.without_url()) };
        let direct = self.direct.as_deref().and_then(NoProxy::from_string);
        let http = self.http.clone().map(Proxy::http).transpose().map_err(wrong)?;
        let https = self.https.clone().map(Proxy::https).transpose().map_err(wrong)?;
        Ok([http, https].into_iter().flatten().map(|proxy| proxy.no_proxy(direct.clone())).collect())
    }
}

/// A proxy's URL; `host:3128`, as many write it, is an HTTP proxy. The value may hold a password, so the error names only
/// the variable.
fn proxy_url(variable: &str, value: &str) -> Result<Url, NetError> {
    let whole = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&whole).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| NetError::Configure { reason: format!("{variable} is no URL of an HTTP proxy") })
}

/// Without passwords.
impl fmt::Debug for ProxyConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProxyConfig")
            .field("hosts", &self.hosts())
            .field("direct", &self.direct)
            .finish_non_exhaustive()
    }
}
