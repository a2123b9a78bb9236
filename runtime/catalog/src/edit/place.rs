//! Where a value stands in a document's text.

use serde_json::Value;
use yamlpath::{Component, Document, Route};

use super::change::{Path, Step};

/// A parsed document and where its values are.
pub(crate) struct Places<'text> {
    text: &'text str,
    document: Document,
}

/// Bytes of the text: start and end.
pub(crate) type Span = (usize, usize);

impl<'text> Places<'text> {
    /// `None` for a text that the parser of places does not take.
    pub(crate) fn new(text: &'text str) -> Option<Self> {
        Some(Self { text, document: Document::new(text).ok()? })
    }

    /// The value's text, without white space behind it; `None` where it is empty or absent.
    pub(crate) fn value(&self, path: &[Step]) -> Option<Span> {
        let (start, end) = if path.is_empty() {
            self.document.top_feature().ok()?.location.byte_span
        } else {
            self.document.query_exact(&route(path)).ok()??.location.byte_span
        };
        let content = self.without_comments(start, self.text.get(start..end)?);
        (!content.is_empty()).then_some((start, start + content.len()))
    }

    /// The parser counts comments below a collection's last entry to it, but they speak of what follows.
    fn without_comments<'content>(&self, start: usize, content: &'content str) -> &'content str {
        let mut content = content.trim_end();
        while let Some(newline) = content.rfind('\n') {
            let line = content[newline..].trim_start();
            let at = start + content.len() - line.len();
            if !line.starts_with('#') || !self.document.range_spanned_by_comment(at, at + 1) {
                break;
            }
            content = content[..newline].trim_end();
        }
        content
    }

    /// The key's text, quotes included.
    pub(crate) fn key(&self, path: &[Step]) -> Option<Span> {
        let (start, end) = self.document.query_key_only(&route(path)).ok()?.location.byte_span;
        (end > start).then_some((start, end))
    }

    /// The byte behind the colon of a key.
    pub(crate) fn after_colon(&self, path: &[Step]) -> Option<usize> {
        let (_, end) = self.key(path)?;
        let rest = self.text.get(end..)?;
        let colon = rest.find(':')?;
        rest[..colon].trim().is_empty().then_some(end + colon + 1)
    }

    /// The end of the key's value, or of its colon where the value is empty.
    pub(crate) fn end(&self, path: &[Step]) -> Option<usize> {
        match self.value(path) {
            Some((_, end)) => Some(end),
            None => self.after_colon(path),
        }
    }

    /// The dash of a block sequence's item, on the line where its value begins.
    pub(crate) fn dash(&self, path: &[Step]) -> Option<usize> {
        let (start, _) = self.value(path)?;
        let before = self.text[self.line_start(start)..start].trim_end_matches(' ');
        before.ends_with('-').then(|| self.line_start(start) + before.len() - 1)
    }

    /// Whether the value at `path` stands inside a flow collection.
    pub(crate) fn in_flow(&self, path: &[Step]) -> bool {
        (0..path.len()).any(|length| self.is_flow(&path[..length]))
    }

    /// Whether the value at `path` is a flow collection itself.
    pub(crate) fn is_flow(&self, path: &[Step]) -> bool {
        self.value(path).is_some_and(|(start, _)| self.text[start..].starts_with(['{', '[']))
    }

    /// The last key of the mapping at `path`, in the order of the text.
    pub(crate) fn last_key(&self, path: &[Step], mapping: &Value) -> Option<Path> {
        self.keys(path, mapping).into_iter().max_by_key(|(start, _)| *start).map(|(_, key)| key)
    }

    /// The first key of the mapping at `path` that stands behind the byte `after`.
    pub(crate) fn next_key(&self, path: &[Step], mapping: &Value, after: usize) -> Option<usize> {
        self.keys(path, mapping).into_iter().map(|(start, _)| start).filter(|start| *start > after).min()
    }

    fn keys(&self, path: &[Step], mapping: &Value) -> Vec<(usize, Path)> {
        let keys = mapping.as_object().into_iter().flat_map(serde_json::Map::keys);
        keys.filter_map(|key| {
            let mut path = path.to_vec();
            path.push(Step::Key(key.clone()));
            Some((self.key(&path)?.0, path))
        })
        .collect()
    }

    /// The first byte of the line.
    pub(crate) fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// The byte of the line's break, or the end of the text.
    pub(crate) fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline)
    }

    /// The column of a byte, from 0.
    pub(crate) fn column(&self, at: usize) -> usize {
        at - self.line_start(at)
    }

    /// Whether only white space stands before the byte on its line.
    pub(crate) fn begins_line(&self, at: usize) -> bool {
        self.text[self.line_start(at)..at].trim().is_empty()
    }
}

fn route(path: &[Step]) -> Route<'_> {
    let components: Vec<Component<'_>> = path
        .iter()
        .map(|step| match step {
            Step::Key(key) => Component::from(key.as_str()),
            Step::Index(index) => Component::from(*index),
        })
        .collect();
    Route::from(components)
}
