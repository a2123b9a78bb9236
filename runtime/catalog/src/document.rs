//! Cuts a file into its YAML documents, so that one bad document spoils no other and an edit touches no other.

use std::ops::Range;

/// One document of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// Its bytes in the file, the `---` line before it included. The slices of a file cover it without gaps.
    pub(crate) range: Range<usize>,
    /// The line of its first byte, from 1.
    pub(crate) line: usize,
}

impl Slice {
    /// The document's own text.
    pub(crate) fn of<'text>(&self, text: &'text str) -> &'text str {
        text.get(self.range.clone()).unwrap_or_default()
    }
}

/// Cuts a text at its document markers. A line that begins with `---` or `...` is a marker wherever it stands: YAML 1.2
/// forbids it inside scalars (rule `c-forbidden`), so no parsing is needed to find the documents.
pub(crate) fn slices(text: &str) -> Vec<Slice> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut start_line = 1;
    let mut offset = 0;
    let mut directives = false;
    let mut ended = false;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let begins = is_marker(line, "---") && !directives;
        if (begins || ended) && offset > start {
            found.push(Slice { range: start..offset, line: start_line });
            (start, start_line) = (offset, index + 1);
        }
        // A directive belongs to the document whose `---` follows it.
        directives = line.starts_with('%') || (directives && !is_marker(line, "---"));
        ended = is_marker(line, "...");
        offset += line.len();
    }
    if offset > start {
        found.push(Slice { range: start..offset, line: start_line });
    }
    found
}

/// Whether a document holds nothing but markers, comments and blank lines.
pub(crate) fn is_blank(text: &str) -> bool {
    text.lines().all(|line| {
        let rest = if is_marker(line, "---") || is_marker(line, "...") { &line[3..] } else { line };
        let rest = rest.trim_start_matches('\u{feff}').trim();
        rest.is_empty() || rest.starts_with('#')
    })
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// What a broken document says of itself, read line by line: enough to know which object keeps its last good version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The value of a `kind:` in the first column.
    pub(crate) kind: Option<String>,
    /// The first `name:` below a `metadata:` in the first column.
    pub(crate) name: Option<String>,
}

/// Reads kind and name without a YAML parser, in the block style in which people write manifests.
pub(crate) fn head(text: &str) -> Head {
    let mut head = Head::default();
    let mut in_metadata = false;
    for line in text.lines() {
        let line = line.strip_prefix("--- ").unwrap_or(line);
        let indented = line.starts_with([' ', '\t']);
        if !indented && !line.trim().is_empty() && !line.starts_with('#') {
            in_metadata = false;
        }
        if let Some(kind) = line.strip_prefix("kind:") {
            head.kind = head.kind.or_else(|| plain(kind));
        } else if let Some(rest) = line.strip_prefix("metadata:") {
            in_metadata = true;
            head.name = head.name.or_else(|| flow_name(rest));
        } else if in_metadata && let Some(name) = line.trim_start().strip_prefix("name:") {
            head.name = head.name.or_else(|| plain(name));
        }
    }
    head
}

/// The name in `metadata: {name: x, …}`.
fn flow_name(rest: &str) -> Option<String> {
    let inside = rest.trim().strip_prefix('{')?;
    inside.split([',', '}']).find_map(|part| part.trim().strip_prefix("name:").and_then(plain))
}

fn plain(text: &str) -> Option<String> {
    let text = text.split(" #").next().unwrap_or(text).trim();
    let text = text.trim_matches(['"', '\'']);
    (!text.is_empty() && !text.contains(char::is_whitespace)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(&str, usize)> {
        slices(text).iter().map(|slice| (slice.of(text), slice.line)).collect()
    }

    #[test]
    fn documents_are_cut_at_their_markers() {
        assert_eq!(texts("a: 1\n---\nb: 2\n"), [("a: 1\n", 1), ("---\nb: 2\n", 2)]);
        assert_eq!(texts("--- {a: 1}\n---\tb\n"), [("--- {a: 1}\n", 1), ("---\tb\n", 2)]);
        assert_eq!(texts("a: 1\n...\n# c\nb: 2"), [("a: 1\n...\n", 1), ("# c\nb: 2", 3)]);
        assert_eq!(texts("a: 1\r\n---\r\nb: 2\r\n"), [("a: 1\r\n", 1), ("---\r\nb: 2\r\n", 2)]);
        assert_eq!(texts(""), []);
    }

    #[test]
    fn a_directive_stays_with_its_document() {
        assert_eq!(texts("%YAML 1.2\n# c\n---\na: 1\n---\nb: 2\n").len(), 2);
    }

    #[test]
    fn what_only_looks_like_a_marker_cuts_nothing() {
        assert_eq!(texts("a: |\n  ---\n  x\nb: ---\n---x: 1\n").len(), 1);
    }

    #[test]
    fn slices_cover_the_text() {
        let text = "# head\n---\na: 1\n---\n---\n# only a comment\n...\nb: 2\n";
        assert_eq!(texts(text).iter().map(|(slice, _)| *slice).collect::<String>(), text);
    }

    #[test]
    fn comments_and_markers_are_no_document() {
        assert!(is_blank("---\n# a comment\n\n--- # another\n...\n"));
        assert!(!is_blank("--- {}\n"));
        assert!(!is_blank("a: 1"));
    }

    #[test]
    fn kind_and_name_are_read_from_broken_documents() {
        let broken =
            "kind: Agent # mine\nmetadata:\n  labels: {a: b}\n  name: \"assistant\"\nspec:\n  name: x\n  bad: [\n";
        assert_eq!(head(broken), Head { kind: Some("Agent".into()), name: Some("assistant".into()) });
        assert_eq!(head("kind: Tool\nmetadata: {name: t, x: y}\n").name.as_deref(), Some("t"));
        assert_eq!(head("spec:\n  kind: LLM\n  metadata:\n    name: x\n"), Head::default());
    }
}
