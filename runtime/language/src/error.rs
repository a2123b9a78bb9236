//! The one error of templates and expressions: what is wrong, where, and what to write instead.

/// Why a text cannot be checked or evaluated. One type for every language, since callers only ever show it: the
/// operator in a condition, the catalog in a 422, the engine in a node's error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}; {remedy}", place(*line))]
pub struct LanguageError {
    /// What is wrong, lower-case, naming the thing; never the values of a context, which may be private.
    pub what: String,
    /// The line of the text, counted from 1, where one is known.
    pub line: Option<usize>,
    /// What to write instead.
    pub remedy: String,
}

impl LanguageError {
    /// An error on no particular line.
    pub fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), line: None, remedy: remedy.into() }
    }

    /// The same error, on a line counted from 1.
    #[must_use]
    pub fn on_line(mut self, line: Option<usize>) -> Self {
        self.line = line;
        self
    }
}

fn place(line: Option<usize>) -> String {
    line.map(|line| format!(" on line {line}")).unwrap_or_default()
}
