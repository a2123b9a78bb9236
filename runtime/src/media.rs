//! Images and recordings as requests and models give them: data URI, base64, URL, or a file of the workspace (S1-51).

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use troupe_core::message::Media;
use troupe_core::port::MediaSource;
use troupe_net::{Client, Request, Trust};
use url::Url;

use crate::service::workspace::place::Place;

/// The largest image that is taken, in bytes.
const MOST_BYTES: usize = 20 * 1_024 * 1_024;

/// The longest that an image's address may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads media.
#[derive(Clone)]
pub struct MediaReader {
    client: Client,
    workspace: Option<PathBuf>,
}

impl MediaReader {
    /// Fetches under the guard of `client`; paths are taken in `workspace` where a request names no other.
    pub fn new(client: Client, workspace: Option<PathBuf>) -> Self {
        Self { client, workspace }
    }

    async fn fetch(&self, address: &str) -> Result<Media, String> {
        let url = Url::parse(address).map_err(|error| format!("the image's URL is invalid: {error}"))?;
        let request = Request::new(Method::GET, url, Trust::Guarded).total_timeout(PATIENCE);
        let failed = |error: troupe_net::NetError| format!("the image cannot be fetched: {error}");
        let response = self.client.send(request).await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(format!("the image cannot be fetched: its server answered {}", response.status()));
        }
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).map(str::to_owned);
        let (bytes, truncated) = response.read_limited(MOST_BYTES).await.map_err(failed)?;
        if truncated {
            return Err(format!("the image is larger than {MOST_BYTES} bytes"));
        }
        image_of(&bytes, kind.as_deref())
    }

    async fn read_file(&self, path: &str, workspace: Option<&Path>) -> Result<Media, String> {
        let root = workspace.or(self.workspace.as_deref()).ok_or("there is no workspace to read the image from")?;
        let bytes = read_in_workspace(root, path, MOST_BYTES).await?;
        image_of(&bytes, None)
    }
}

/// Reads a file below `root`, on a thread that may wait for disks; neither `..` nor a link leads out of it.
pub async fn read_in_workspace(root: &Path, path: &str, most: usize) -> Result<Vec<u8>, String> {
    let (root, path) = (root.to_owned(), path.to_owned());
    let read = tokio::task::spawn_blocking(move || read_within(&root, &path, most));
    read.await.unwrap_or_else(|_| Err("reading a file was ended".to_owned()))
}

fn read_within(root: &Path, path: &str, most: usize) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let relative = Path::new(path).strip_prefix(root).unwrap_or(Path::new(path));
    if relative.is_absolute() {
        return Err(format!("{path:?} is outside the workspace"));
    }
    let place = Place::open(root).map_err(|error| error.to_string())?;
    let mut file = place.open_file(relative).map_err(|error| error.to_string())?;
    let refused = |error: std::io::Error| format!("{path:?} cannot be read: {error}");
    let facts = file.metadata().map_err(refused)?;
    if facts.len() > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(format!("{path:?} is larger than {most} bytes"));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(refused)?;
    Ok(bytes)
}

#[async_trait]
impl MediaSource for MediaReader {
    async fn image(&self, reference: &str, workspace: Option<&Path>) -> Result<Media, String> {
        if let Some(rest) = reference.strip_prefix("data:") {
            return data_uri(rest);
        }
        if reference.starts_with("http://") || reference.starts_with("https://") {
            return self.fetch(reference).await;
        }
        let compact: String = reference.chars().filter(|letter| !letter.is_whitespace()).collect();
        if compact.len() > 64
            && let Ok(bytes) = STANDARD.decode(&compact)
        {
            return image_of(&bytes, None);
        }
        match self.read_file(reference, workspace).await {
            Ok(media) => Ok(media),
            Err(problem) => STANDARD.decode(&compact).ok().and_then(|bytes| image_of(&bytes, None).ok()).ok_or(problem),
        }
    }
}

/// A recording: a data URI, or base64 with a format such as `wav`.
pub fn audio(reference: &str, format: Option<&str>) -> Result<Media, String> {
    if let Some(rest) = reference.strip_prefix("data:") {
        return data_uri(rest);
    }
    let bytes = STANDARD.decode(reference.trim()).map_err(|_| "the audio is not base64".to_owned())?;
    let mime = format.map_or_else(|| sniff_audio(&bytes).to_owned(), |format| format!("audio/{format}"));
    Ok(Media { mime, data: reference.trim().to_owned() })
}

fn data_uri(rest: &str) -> Result<Media, String> {
    let (kind, data) = rest.split_once(',').ok_or("the data URI has no comma: write data:<type>;base64,<data>")?;
    let mime = kind.strip_suffix(";base64").ok_or("the data URI is not base64: write data:<type>;base64,<data>")?;
    let data: String = data.chars().filter(|letter| !letter.is_whitespace()).collect();
    STANDARD.decode(&data).map_err(|_| "the data URI's data is not base64".to_owned())?;
    let mime = if mime.is_empty() { "application/octet-stream" } else { mime };
    Ok(Media { mime: mime.to_owned(), data })
}

/// An image by its first bytes, which do not lie as headers and names may.
fn image_of(bytes: &[u8], said: Option<&str>) -> Result<Media, String> {
    let said = said.map(|said| said.split(';').next().unwrap_or(said).trim()).filter(|said| said.starts_with("image/"));
    let mime = match bytes {
        [b'B', b'M', ..] => "image/bmp",
        _ => mime_of(bytes).or(said).ok_or("it is no image that is known here (PNG, JPEG, GIF, WebP, BMP)")?,
    };
    Ok(Media { mime: mime.to_owned(), data: STANDARD.encode(bytes) })
}

/// The type of an image whose first bytes leave no doubt. Two letters (BMP) do: many a text begins with them.
fn mime_of(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// A file's content as an image; `None` if it is none, or may be a text.
pub fn certain_image(bytes: &[u8]) -> Option<Media> {
    mime_of(bytes).map(|mime| Media { mime: mime.to_owned(), data: STANDARD.encode(bytes) })
}

fn sniff_audio(bytes: &[u8]) -> &'static str {
    match bytes {
        [b'R', b'I', b'F', b'F', ..] => "audio/wav",
        [b'O', b'g', b'g', b'S', ..] => "audio/ogg",
        [b'f', b'L', b'a', b'C', ..] => "audio/flac",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "audio/webm",
        _ => "audio/mp3",
    }
}
