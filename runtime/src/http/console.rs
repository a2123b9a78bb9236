//! The console at `/`: the files that were compiled in, for every path that is not the API's.
//!
//! Files with a hash in their name never change and are kept for ever; all others are asked for again with their tag. A
//! path that names no file is a page of the console, which finds out which by itself: it gets `index.html` (S1-188).

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;

use super::error::{Problem, in_the_callers_words};
use super::headers::CONSOLE_POLICY;

/// A file of the console.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its path below the root.
    pub path: &'static str,
    /// Its entity tag, with the quotes.
    pub tag: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
    /// The same as gzip, where that is worth it.
    pub gzip: Option<&'static [u8]>,
    /// The same as Brotli, where the build of the console made that.
    pub brotli: Option<&'static [u8]>,
}

/// The files that were compiled in, by path; none where the console was not built.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/console.rs"));

/// What is at `/` where the console was not built.
const NOT_BUILT: &str = include_str!("console/not_built.html");

/// The first page, for every path that names no file.
const INDEX: &str = "index.html";

/// Where the console's build puts the files whose names hold a hash of their content.
const HASHED: &str = "assets/";

/// First parts of paths that are never the console's.
const OTHERS: [&str; 6] = ["v1", "mcp", "a2a", "healthz", "readyz", "metrics"];

/// Answers what no route does.
pub async fn console(request: Request) -> Response {
    answer(ASSETS, request.method(), request.uri().path(), request.headers())
}

fn answer(assets: &[Asset], method: &Method, path: &str, headers: &HeaderMap) -> Response {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if OTHERS.contains(&first) || (*method != Method::GET && *method != Method::HEAD) {
        return missing(method, path);
    }
    let Ok(decoded) = percent_decode_str(path).decode_utf8() else { return forbidden(method, path) };
    let climbs = decoded.split(['/', '\\']).any(|part| part == "..");
    if climbs || decoded.contains(['\\', '\0']) {
        return forbidden(method, path);
    }
    let name = decoded.trim_start_matches('/');
    let find = |name: &str| assets.iter().find(|asset| asset.path == name);
    match find(name).filter(|_| !name.is_empty()) {
        Some(asset) => send(asset, headers),
        None if name.is_empty() || wants_page(headers) => match find(INDEX) {
            Some(index) => send(index, headers),
            None if name.is_empty() => not_built(),
            None => missing(method, path),
        },
        None => missing(method, path),
    }
}

/// Whoever navigates asks for HTML; a script or an image that is not there is none.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn send(asset: &Asset, headers: &HeaderMap) -> Response {
    let (bytes, encoding) = variant(asset, headers);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let same = |tag: &str| tag == "*" || tag.trim().trim_start_matches("W/") == asset.tag;
    let mut response = if known.is_some_and(|tags| tags.split(',').any(same)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(bytes))
    };
    let kept = if asset.path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind(asset.path)));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    fields.insert(header::ETAG, HeaderValue::from_static(asset.tag));
    fields.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    fields.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONSOLE_POLICY));
    if let Some(encoding) = encoding {
        fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// The smallest form that the client takes.
fn variant(asset: &Asset, headers: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|codings| codings.to_str().ok()).unwrap_or_default();
    let takes = |name: &str| {
        accepted.split(',').any(|part| {
            let (coding, weight) = part.split_once(';').unwrap_or((part, ""));
            let refused = matches!(weight.trim().strip_prefix("q="), Some("0" | "0.0" | "0.00" | "0.000"));
            coding.trim().eq_ignore_ascii_case(name) && !refused
        })
    };
    match (asset.brotli, asset.gzip) {
        (Some(brotli), _) if takes("br") => (brotli, Some("br")),
        (_, Some(gzip)) if takes("gzip") => (gzip, Some("gzip")),
        _ => (asset.bytes, None),
    }
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn not_built() -> Response {
    let mut response = Response::new(Body::from(NOT_BUILT));
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    fields.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONSOLE_POLICY));
    response
}

fn missing(method: &Method, path: &str) -> Response {
    let problem = Problem::not_found(format!("there is no {path} here; GET /v1/openapi.json lists what there is"));
    in_the_callers_words(method, path, problem)
}

fn forbidden(method: &Method, path: &str) -> Response {
    in_the_callers_words(method, path, Problem::forbidden("the path leads out of the console's files"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSETS: [Asset; 2] = [
        Asset { path: INDEX, tag: "\"i\"", bytes: b"<!doctype html>", gzip: None, brotli: None },
        Asset {
            path: "assets/app-1f2e.js",
            tag: "\"a\"",
            bytes: b"plain",
            gzip: Some(b"gzipped"),
            brotli: Some(b"brotlied"),
        },
    ];

    async fn ask(assets: &[Asset], path: &str, headers: &[(&'static str, &'static str)]) -> (u16, HeaderMap, String) {
        let headers = headers
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)));
        let response = answer(assets, &Method::GET, path, &headers.collect());
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status.as_u16(), parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_file_is_sent_in_the_smallest_form_that_is_taken() {
        for (taken, sent, encoding) in [
            ("gzip, deflate, br", "brotlied", Some("br")),
            ("gzip", "gzipped", Some("gzip")),
            ("br;q=0, gzip;q=0.5", "gzipped", Some("gzip")),
            ("identity", "plain", None),
        ] {
            let (status, headers, body) = ask(&ASSETS, "/assets/app-1f2e.js", &[("accept-encoding", taken)]).await;
            assert_eq!((status, body.as_str()), (200, sent));
            assert_eq!(headers.get("content-encoding").map(|value| value.to_str().unwrap()), encoding);
            assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
            assert_eq!(headers["content-type"], "text/javascript; charset=utf-8");
        }
    }

    #[tokio::test]
    async fn what_the_client_has_is_not_sent_again() {
        for tags in ["\"i\"", "\"x\", W/\"i\"", "*"] {
            let (status, headers, body) = ask(&ASSETS, "/", &[("if-none-match", tags)]).await;
            assert_eq!(
                (status, body.as_str(), &headers["etag"]),
                (304, "", &HeaderValue::from_static("\"i\"")),
                "{tags}"
            );
        }
        let (status, headers, _) = ask(&ASSETS, "/", &[("if-none-match", "\"x\"")]).await;
        assert_eq!((status, &headers["cache-control"]), (200, &HeaderValue::from_static("no-cache")));
    }

    #[tokio::test]
    async fn a_page_of_the_console_is_its_first_page() {
        let html = [("accept", "text/html,application/xhtml+xml")];
        for path in ["/", "/chat/some-session", "/index.html", "/v1-like"] {
            let (status, headers, body) = ask(&ASSETS, path, &html).await;
            assert_eq!((status, body.as_str()), (200, "<!doctype html>"), "{path}");
            assert!(headers["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));
        }
        for path in ["/v1/nothing", "/v1", "/mcp", "/a2a/x", "/metrics"] {
            assert_eq!(ask(&ASSETS, path, &html).await.0, 404, "{path}");
        }
        assert_eq!(ask(&ASSETS, "/assets/gone.js", &[("accept", "*/*")]).await.0, 404);
        assert_eq!(answer(&ASSETS, &Method::POST, "/", &HeaderMap::new()).status(), 404);
    }

    #[tokio::test]
    async fn no_path_leads_out() {
        for path in
            ["/../etc/passwd", "/assets/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/..%5cx", "/a%00b", "/%ff"]
        {
            assert_eq!(ask(&ASSETS, path, &[("accept", "text/html")]).await.0, 403, "{path}");
        }
    }

    #[tokio::test]
    async fn without_a_console_the_first_page_says_how_to_build_it() {
        let (status, _, body) = ask(&[], "/", &[]).await;
        assert!(status == 200 && body.contains("npm --prefix web ci"), "{body}");
        assert_eq!(ask(&[], "/chat", &[("accept", "text/html")]).await.0, 404);
    }
}
