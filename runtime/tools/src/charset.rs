//! What a body is: text in some encoding, or binary content that no model can read.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// How far into a page its own declaration of the encoding is looked for (HTML: within the first 1024 bytes).
const DECLARED_WITHIN: usize = 1024;

/// A body, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Text.
    Text(String),
    /// Something else, of this media type.
    Binary {
        /// Without parameters; `application/octet-stream` where unknown.
        mime: String,
    },
}

/// The media type of a `Content-Type` header, lower-case and without parameters; empty where there is none.
pub(crate) fn media_type(header: &str) -> String {
    header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Reads a body by its `Content-Type`; `whole` is false where the body was cut, perhaps within a character.
pub(crate) fn read(body: &[u8], header: &str, whole: bool) -> Content {
    let mime = media_type(header);
    let declared = parameter(header, "charset").and_then(|label| Encoding::for_label(label.as_bytes()));
    let marked = Encoding::for_bom(body).map(|(encoding, _)| encoding);
    let encoding = marked.or(declared).or_else(|| in_page(body, &mime));
    if is_binary(&mime) || (encoding.is_none() && body.contains(&0)) {
        let mime = if mime.is_empty() { "application/octet-stream".to_owned() } else { mime };
        return Content::Binary { mime };
    }
    let encoding = encoding.unwrap_or_else(|| if is_utf8(body, whole) { UTF_8 } else { WINDOWS_1252 });
    let mut text = encoding.decode(body).0.into_owned();
    if !whole && text.ends_with(char::REPLACEMENT_CHARACTER) {
        text.pop();
    }
    Content::Text(text)
}

/// Types whose bytes are no text, whatever the server adds.
fn is_binary(mime: &str) -> bool {
    let (class, kind) = mime.split_once('/').unwrap_or((mime, ""));
    let textual = kind.ends_with("+xml") || kind.ends_with("+json") || kind == "svg";
    match class {
        "image" | "audio" | "video" | "font" => !textual,
        "application" => {
            matches!(
                kind,
                "octet-stream"
                    | "pdf"
                    | "zip"
                    | "gzip"
                    | "x-gzip"
                    | "x-tar"
                    | "x-bzip2"
                    | "x-xz"
                    | "zstd"
                    | "wasm"
                    | "x-7z-compressed"
                    | "vnd.rar"
                    | "java-archive"
                    | "x-protobuf"
                    | "protobuf"
                    | "grpc"
                    | "msword"
            ) || kind.starts_with("vnd.openxmlformats")
                || kind.starts_with("vnd.ms-")
        }
        _ => false,
    }
}

fn is_utf8(body: &[u8], whole: bool) -> bool {
    match std::str::from_utf8(body) {
        Ok(_) => true,
        Err(error) => !whole && error.error_len().is_none(),
    }
}

fn parameter<'a>(header: &'a str, wanted: &str) -> Option<&'a str> {
    header.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"'))
    })
}

/// `<meta charset=…>`, `<meta … content="…; charset=…">` and `<?xml … encoding="…"?>`.
fn in_page(body: &[u8], mime: &str) -> Option<&'static Encoding> {
    if !(mime.contains("html") || mime.contains("xml")) {
        return None;
    }
    let head = String::from_utf8_lossy(body.get(..DECLARED_WITHIN).unwrap_or(body)).to_ascii_lowercase();
    let (_, after) = head.split_once("charset=").or_else(|| head.split_once("encoding="))?;
    let label: String = after
        .trim_start_matches(['"', '\''])
        .chars()
        .take_while(|character| character.is_ascii_alphanumeric() || "-_:.".contains(*character))
        .collect();
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Content {
        Content::Text(text.to_owned())
    }

    #[test]
    fn the_encoding_comes_from_the_mark_the_header_the_page_or_the_bytes() {
        assert_eq!(read(b"caf\xe9", "text/plain; charset=\"ISO-8859-1\"", true), text("café"));
        assert_eq!(read("日本".as_bytes(), "application/json", true), text("日本"));
        assert_eq!(read(b"\xff\xfeh\0i\0", "text/plain", true), text("hi"));
        assert_eq!(
            read(b"<meta charset='shift_jis'>\x93\xfa", "text/html", true),
            text("<meta charset='shift_jis'>日")
        );
        assert_eq!(read(b"caf\xe9", "text/plain", true), text("café"));
        assert_eq!(read(&"日本".as_bytes()[..5], "text/plain", false), text("日"));
    }

    #[test]
    fn binary_content_is_recognised_by_type_or_by_its_bytes() {
        let binary = |mime: &str| Content::Binary { mime: mime.to_owned() };
        assert_eq!(read(b"GIF89a", "image/gif", true), binary("image/gif"));
        assert_eq!(read(b"a\0b", "", true), binary("application/octet-stream"));
        assert_eq!(read(b"<svg/>", "image/svg+xml", true), text("<svg/>"));
    }
}
