//! Files sent: as they are, to be kept, or as small pictures (S1-169 to S1-171).
//!
//! Files are written by agents, and by whoever they read: nothing in one is run here. What a browser would run is sent
//! to be kept, as a plain text; and whatever is opened as a page is one without rights.

use std::io::{Seek as _, SeekFrom};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;
use utoipa::{IntoParams, OpenApi};

use super::PathParams;
use crate::app::App;
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::Params;
use crate::http::range::{Part, date, part};
use crate::service::rights::Asker;
use crate::service::workspace::content::{Content, Facts};
use crate::service::workspace::files::edge;
use crate::service::workspace::thumbnail::Thumbnail;

/// What a file may do that is opened as a page: be looked at.
const POLICY: &str = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; \
    frame-ancestors 'none'";

/// A browser's own viewer does not work in a sandbox.
const POLICY_OF_PDF: &str = "frame-ancestors 'none'";

/// What of a file's name stands for itself in `filename*` (RFC 8187).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How much of a file is read at a time, in bytes.
const PIECE: usize = 128 * 1_024;

/// The description of this file's routes.
#[derive(OpenApi)]
#[openapi(paths(content, download, thumbnail))]
pub struct Paths;

/// The routes of this file.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/workspace/content", get(content))
        .route("/v1/workspace/download", get(download))
        .route("/v1/workspace/thumbnail", get(thumbnail))
}

/// Read a file, or a part of it
///
/// What a browser would run (HTML, scripts, styles, XML) comes as plain text and to be kept, never to be shown as it is.
#[utoipa::path(get, path = "/v1/workspace/content", tag = "workspace", params(PathParams,
        ("Range" = Option<String>, Header, description = "`bytes=first-last`; of several ranges all of the file is sent"),
        ("If-Range" = Option<String>, Header, description = "The `ETag` or time of the version that the range is of"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` that the client has")),
    responses((status = 200, description = "The file", content_type = "application/octet-stream"),
              (status = 206, description = "The bytes that were asked for", content_type = "application/octet-stream"),
              (status = 304, description = "The client has it"),
              (status = 416, description = "It has no such bytes", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn content(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(of): Params<PathParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let content = app.open_file(&asker, of.place()?).await?;
    let kept = content.kind.is_active();
    send(content, &headers, kept)
}

/// Read a file to keep it
#[utoipa::path(get, path = "/v1/workspace/download", tag = "workspace", params(PathParams,
        ("Range" = Option<String>, Header, description = "`bytes=first-last`")),
    responses((status = 200, description = "The file, with its name in `Content-Disposition`", content_type = "application/octet-stream"),
              (status = 206, description = "The bytes that were asked for", content_type = "application/octet-stream"),
              (status = 416, description = "It has no such bytes", body = ProblemBody),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn download(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(of): Params<PathParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let content = app.open_file(&asker, of.place()?).await?;
    send(content, &headers, true)
}

/// Which picture, and how small.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ThumbnailParams {
    /// The picture's whole path, or the path below the workspace.
    #[param(required = true)]
    path: Option<String>,
    /// The longest edge in pixels, from 16 to 1024; 256 by default.
    #[param(minimum = 16, maximum = 1_024)]
    size: Option<u32>,
    /// Taken from older clients, and without effect: no file outside the workspace is reached.
    #[serde(rename = "restrict")]
    #[param(rename = "restrict")]
    _restrict: Option<String>,
    /// A session, whose workspace is meant; without one, the caller's.
    session_id: Option<String>,
}

/// Look at a picture, smaller
///
/// PNG, JPEG, GIF and WebP are made smaller. Of a drawing (SVG), and of a small file of another format, the original
/// is sent.
#[utoipa::path(get, path = "/v1/workspace/thumbnail", tag = "workspace", params(ThumbnailParams),
    responses((status = 200, description = "A JPEG, or a PNG where it can be seen through; or the original", content_type = "image/*"),
              (status = 304, description = "The client has it"),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
async fn thumbnail(
    State(app): State<Arc<App>>,
    asker: Asker,
    Params(of): Params<ThumbnailParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let edge = edge(of.size)?;
    let of = PathParams::new(of.path, of.session_id);
    match app.thumbnail(&asker, of.place()?, edge).await? {
        Thumbnail::Original(content) => {
            let kept = content.kind.is_active();
            send(content, &headers, kept)
        }
        Thumbnail::Made(picture, facts) => {
            let tag = format!("\"{}-{}\"", facts.tag().trim_matches('"'), edge);
            let mut response = match part(&headers, 0, &tag, facts.modified) {
                Part::NotModified => StatusCode::NOT_MODIFIED.into_response(),
                _ => Body::from(picture.bytes).into_response(),
            };
            describe(response.headers_mut(), picture.mime, POLICY);
            tell_version(response.headers_mut(), &tag, facts.modified);
            Ok(response)
        }
    }
}

/// A file as an answer.
fn send(content: Content, headers: &HeaderMap, kept: bool) -> Result<Response, Problem> {
    let Content { mut file, name, kind, facts } = content;
    let Facts { length, modified, .. } = facts;
    let tag = facts.tag();
    let part = part(headers, length, &tag, modified);
    let (status, start, count) = match part {
        Part::Whole => (StatusCode::OK, 0, length),
        Part::Range(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Part::NotModified => (StatusCode::NOT_MODIFIED, 0, 0),
        Part::Unsatisfiable => return Ok(unsatisfiable(length)),
    };
    file.seek(SeekFrom::Start(start)).map_err(|error| Problem::internal(&error))?;
    let body = if status == StatusCode::NOT_MODIFIED {
        Body::empty()
    } else {
        // A file that grows meanwhile is sent as far as it was long.
        Body::from_stream(ReaderStream::with_capacity(tokio::fs::File::from_std(file).take(count), PIECE))
    };
    let mut response = (status, body).into_response();
    let fields = response.headers_mut();
    let policy = if kind.mime == "application/pdf" { POLICY_OF_PDF } else { POLICY };
    describe(fields, kind.sent(), policy);
    tell_version(fields, &tag, modified);
    fields.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    fields.insert(header::CONTENT_DISPOSITION, disposition(kept, &name));
    if status != StatusCode::NOT_MODIFIED {
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(count));
    }
    if let Part::Range(first, last) = part
        && let Ok(range) = HeaderValue::from_str(&format!("bytes {first}-{last}/{length}"))
    {
        fields.insert(header::CONTENT_RANGE, range);
    }
    Ok(response)
}

fn unsatisfiable(length: u64) -> Response {
    let detail = format!("Invalid value for Range: the file has {length} bytes");
    let mut response = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, detail).into_response();
    if let Ok(range) = HeaderValue::from_str(&format!("bytes */{length}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    response
}

fn describe(fields: &mut HeaderMap, mime: &'static str, policy: &'static str) {
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
    fields.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
}

fn tell_version(fields: &mut HeaderMap, tag: &str, modified: i64) {
    // Whoever has it asks each time whether it is still the same.
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        fields.insert(header::ETAG, tag);
    }
    if let Some(date) = date(modified).and_then(|date| HeaderValue::from_str(&date).ok()) {
        fields.insert(header::LAST_MODIFIED, date);
    }
}

/// `Content-Disposition` with a name in ASCII for old clients, and as it is for all others (RFC 6266).
fn disposition(kept: bool, name: &str) -> HeaderValue {
    let way = if kept { "attachment" } else { "inline" };
    let plain = |letter: char| {
        let is_plain = (letter.is_ascii_graphic() || letter == ' ') && !matches!(letter, '"' | '\\' | '%');
        if is_plain { letter } else { '_' }
    };
    let ascii: String = name.chars().map(plain).collect();
    let encoded = utf8_percent_encode(name, PLAIN);
    let value = format!("{way}; filename=\"{ascii}\"; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_given_in_ascii_and_as_it_is() {
        assert_eq!(disposition(true, "a b.txt"), "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt");
        assert_eq!(
            disposition(false, "Grüße \"1\".pdf"),
            "inline; filename=\"Gr__e _1_.pdf\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%221%22.pdf"
        );
        assert_eq!(disposition(true, "a\r\nb"), "attachment; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab");
    }
}
