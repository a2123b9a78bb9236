//! What a file is by its name: its media type, and whether a browser would run it.

use std::path::Path;

/// Media types by ending, in lower case.
const TYPES: &[(&str, &str)] = &[
    ("txt", "text/plain"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("markdown", "text/markdown"),
    ("csv", "text/csv"),
    ("tsv", "text/tab-separated-values"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("xhtml", "application/xhtml+xml"),
    ("xht", "application/xhtml+xml"),
    ("shtml", "text/html"),
    ("mht", "message/rfc822"),
    ("mhtml", "message/rfc822"),
    ("eml", "message/rfc822"),
    ("xml", "text/xml"),
    ("xsl", "text/xml"),
    ("xslt", "text/xml"),
    ("rss", "text/xml"),
    ("atom", "text/xml"),
    ("svg", "image/svg+xml"),
    ("svgz", "image/svg+xml"),
    ("css", "text/css"),
    ("js", "text/javascript"),
    ("mjs", "text/javascript"),
    ("cjs", "text/javascript"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("webmanifest", "application/manifest+json"),
    ("wasm", "application/wasm"),
    ("png", "image/png"),
    ("apng", "image/apng"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("ico", "image/x-icon"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("heic", "image/heic"),
    ("mp3", "audio/mpeg"),
    ("wav", "audio/wav"),
    ("ogg", "audio/ogg"),
    ("oga", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("flac", "audio/flac"),
    ("m4a", "audio/mp4"),
    ("aac", "audio/aac"),
    ("weba", "audio/webm"),
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("mov", "video/quicktime"),
    ("webm", "video/webm"),
    ("ogv", "video/ogg"),
    ("mkv", "video/x-matroska"),
    ("avi", "video/x-msvideo"),
    ("pdf", "application/pdf"),
    ("zip", "application/zip"),
    ("gz", "application/gzip"),
    ("tgz", "application/gzip"),
    ("tar", "application/x-tar"),
    ("bz2", "application/x-bzip2"),
    ("xz", "application/x-xz"),
    ("7z", "application/x-7z-compressed"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("ttf", "font/ttf"),
    ("otf", "font/otf"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
];

/// Endings of texts that have no media type of their own, mostly programs.
const TEXTS: &[&str] = &[
    "adoc",
    "asm",
    "bash",
    "bat",
    "c",
    "cc",
    "cfg",
    "clj",
    "cmake",
    "conf",
    "cpp",
    "cs",
    "cxx",
    "dart",
    "diff",
    "dockerfile",
    "editorconfig",
    "el",
    "elm",
    "env",
    "erl",
    "ex",
    "exs",
    "fish",
    "gitattributes",
    "gitignore",
    "go",
    "gradle",
    "graphql",
    "groovy",
    "h",
    "hcl",
    "hpp",
    "hs",
    "hxx",
    "ini",
    "ipynb",
    "java",
    "jl",
    "json5",
    "jsonl",
    "jsx",
    "kt",
    "kts",
    "less",
    "lock",
    "lua",
    "m",
    "mdx",
    "mk",
    "ml",
    "mod",
    "ndjson",
    "nim",
    "nix",
    "org",
    "patch",
    "php",
    "pl",
    "pm",
    "properties",
    "proto",
    "ps1",
    "py",
    "pyi",
    "r",
    "rb",
    "rs",
    "rst",
    "sass",
    "scala",
    "scss",
    "sh",
    "sol",
    "sql",
    "srt",
    "sum",
    "svelte",
    "swift",
    "tex",
    "tf",
    "toml",
    "ts",
    "tsx",
    "vb",
    "vim",
    "vtt",
    "vue",
    "yaml",
    "yml",
    "zig",
    "zsh",
];

/// Names of texts without an ending.
const NAMES: &[&str] = &["authors", "changelog", "copying", "dockerfile", "license", "makefile", "notice", "readme"];

/// What a file is, by its name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileKind {
    /// Its media type, without parameters.
    pub mime: &'static str,
    /// It is a text.
    pub is_text: bool,
}

impl FileKind {
    /// By its ending.
    pub fn of(path: &Path) -> Self {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if let Some((_, mime)) = TYPES.iter().find(|(known, _)| *known == ending) {
            let is_text = mime.starts_with("text/") || mime.ends_with("json") || mime.ends_with("xml");
            return Self { mime, is_text: is_text && ending != "svgz" };
        }
        if TEXTS.contains(&ending) || NAMES.contains(&name.as_str()) {
            return Self { mime: "text/plain", is_text: true };
        }
        Self { mime: "application/octet-stream", is_text: false }
    }

    /// It is an image.
    pub fn is_image(self) -> bool {
        self.mime.starts_with("image/")
    }

    /// It is a recording.
    pub fn is_audio(self) -> bool {
        self.mime.starts_with("audio/")
    }

    /// It is a film.
    pub fn is_video(self) -> bool {
        self.mime.starts_with("video/")
    }

    /// A browser that opened it would run what is in it, or let it change a page: it is never shown as it is.
    pub fn is_active(self) -> bool {
        matches!(
            self.mime,
            "text/html"
                | "application/xhtml+xml"
                | "message/rfc822"
                | "text/xml"
                | "image/svg+xml"
                | "text/css"
                | "text/javascript"
                | "application/wasm"
                | "application/manifest+json"
        )
    }

    /// The type under which it is sent. A script or a style that is a plain text is loaded by no page; a drawing keeps
    /// its type, since in an image nothing of it runs.
    pub fn sent(self) -> &'static str {
        match self.mime {
            "image/svg+xml" => "image/svg+xml",
            "application/wasm" => "application/octet-stream",
            "application/json" => "application/json",
            "text/markdown" => "text/markdown; charset=utf-8",
            "text/csv" => "text/csv; charset=utf-8",
            _ if self.is_active() || self.is_text => "text/plain; charset=utf-8",
            mime => mime,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> FileKind {
        FileKind::of(Path::new(name))
    }

    #[test]
    fn files_are_known_by_their_names() {
        assert_eq!((of("a/Photo.JPG").mime, of("notes").mime), ("image/jpeg", "application/octet-stream"));
        assert!(of("main.rs").is_text && of("Makefile").is_text && of("a.json").is_text && of("x.md").is_text);
        assert!(of("a.mp3").is_audio() && of("a.mp4").is_video() && of("a.png").is_image());
        assert!(!of("a.png").is_text && !of("a.bin").is_text);
    }

    #[test]
    fn what_a_browser_runs_is_never_sent_as_what_it_is() {
        for name in
            ["a.html", "a.HTM", "a.xhtml", "a.xml", "a.xsl", "a.js", "a.mjs", "a.css", "a.mhtml", "a.webmanifest"]
        {
            assert!(of(name).is_active() && of(name).sent().starts_with("text/plain"), "{name}");
        }
        assert!(of("a.svg").is_active() && of("a.svgz").is_active());
        assert_eq!(of("a.wasm").sent(), "application/octet-stream");
        assert!(!of("a.png").is_active() && !of("a.pdf").is_active() && !of("a.txt").is_active());
    }
}
