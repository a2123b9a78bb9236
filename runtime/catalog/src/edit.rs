//! Rewrites one YAML document so that it says something else and keeps a person's comments, order and style.
//!
//! The difference between what the document says and what it should say is applied change by change. After each change
//! the text is read again: a change that did not come out as meant (an anchor, a form that nobody foresaw) is widened to
//! the value around it, at last to the whole document, whose leading comments stay. So the result is right by check,
//! and comments are kept wherever that is possible.

mod change;
mod place;
mod render;
mod text;

use serde_json::Value;

pub(crate) use change::{Step, rebase};
pub(crate) use place::Places;

use change::{Change, Path, apply, differences, value_at};

/// A document that could not be rewritten.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    /// It does not parse, so what it says now is not known.
    #[error("cannot read the document: {0}")]
    Unreadable(serde_yaml::Error),
    /// The new value cannot be written as YAML.
    #[error("cannot write the document: {0}")]
    Unwritable(serde_yaml::Error),
}

/// The text of `document` changed so that it says `wanted`.
pub(crate) fn edit(document: &str, wanted: &Value) -> Result<String, EditError> {
    let mut says: Value = serde_yaml::from_str(document).map_err(EditError::Unreadable)?;
    let mut text = document.to_owned();
    for change in differences(&says, wanted) {
        let mut expected = says.clone();
        apply(&mut expected, &change);
        text = changed(&text, &says, &change, &expected)?;
        says = expected;
    }
    Ok(text)
}

/// A new document that says `value`.
pub(crate) fn write(value: &Value) -> Result<String, EditError> {
    render::document(value).map_err(EditError::Unwritable)
}

/// Makes one change, in the smallest place where it comes out as `expected`.
fn changed(document: &str, says: &Value, change: &Change, expected: &Value) -> Result<String, EditError> {
    let meant = |text: &String| serde_yaml::from_str::<Value>(text).is_ok_and(|value| value == *expected);
    if let Some(text) = text::change(document, says, change).filter(meant) {
        return Ok(text);
    }
    let mut path: Path = change.path().clone();
    while path.pop().is_some() && !path.is_empty() {
        let Some(value) = value_at(expected, &path) else { continue };
        let wider = Change::Set { path: path.clone(), value: value.clone() };
        if let Some(text) = text::change(document, says, &wider).filter(meant) {
            return Ok(text);
        }
    }
    let body = render::document(expected).map_err(EditError::Unwritable)?;
    Ok(format!("{}{body}", leading_comments(document)))
}

/// The marker, directives and comments before a document's first content.
fn leading_comments(document: &str) -> &str {
    let mut end = 0;
    for line in document.split_inclusive('\n') {
        let rest = line.strip_prefix("---").unwrap_or(line).trim();
        if !(rest.is_empty() || rest.starts_with('#') || line.starts_with('%')) {
            break;
        }
        end += line.len();
    }
    &document[..end]
}

#[cfg(test)]
mod tests;
