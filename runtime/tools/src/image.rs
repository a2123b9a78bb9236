//! Images as results: what models can look at is handed to them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use troupe_core::message::Media;
use troupe_core::tool::ToolResult;

/// The largest image that is handed on, in bytes: what the strictest provider takes.
const MOST: usize = 5 * 1024 * 1024;

/// The formats that every multimodal provider reads, by their first bytes.
pub(crate) fn format(content: &[u8]) -> Option<&'static str> {
    match content {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// A result that holds the image, if it is one that models can look at.
pub(crate) fn result(mime: &str, content: &[u8]) -> Option<ToolResult> {
    let format = format(content).filter(|_| content.len() <= MOST && mime.starts_with("image/"))?;
    let media = Media { mime: format.to_owned(), data: STANDARD.encode(content) };
    let text = format!("An image ({format}, {} bytes)", content.len());
    Some(ToolResult { images: vec![media], ..ToolResult::text(text) })
}
