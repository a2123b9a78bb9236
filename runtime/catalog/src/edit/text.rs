//! One change in a document's text. `None` means that the place has a form in which the change is not made; whoever
//! asks reads the result again and knows what to do when it is not what was meant.

use serde_json::Value;

use super::change::{Change, Path, Step, value_at};
use super::place::Places;
use super::render::{self, Rendered};

/// The text after one change; `says` is what the document says before it.
pub(crate) fn change(text: &str, says: &Value, change: &Change) -> Option<String> {
    let places = Places::new(text)?;
    let edit = Edit { text, places };
    match change {
        Change::Set { path, value } if value_at(says, path).is_some() => edit.replace(path, value),
        Change::Set { path, value } => edit.add(path, says, value),
        Change::Remove { path } => edit.remove(path, says),
        Change::Insert { path, value } => edit.insert(path, value),
    }
}

struct Edit<'text> {
    text: &'text str,
    places: Places<'text>,
}

impl Edit<'_> {
    /// Replaces a value that is there, perhaps as nothing behind a colon.
    fn replace(&self, path: &Path, value: &Value) -> Option<String> {
        if self.places.in_flow(path) || self.stays_flow(path, value) {
            let (start, end) = self.places.value(path)?;
            return self.spliced(start, end, &render::flow(value)?);
        }
        match path.last()? {
            Step::Key(_) => self.replace_of_key(path, value),
            Step::Index(_) => self.replace_item(path, value),
        }
    }

    /// A short, non-empty flow collection stays one.
    fn stays_flow(&self, path: &Path, value: &Value) -> bool {
        let fits = match value {
            Value::Object(fields) => !fields.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => false,
        };
        let filled = |(start, end): (usize, usize)| self.text[start..end].len() > 2;
        fits && self.places.is_flow(path)
            && self.places.value(path).is_some_and(filled)
            && render::flow(value).is_some()
    }

    fn replace_of_key(&self, path: &Path, value: &Value) -> Option<String> {
        let (key, _) = self.places.key(path)?;
        let colon = self.places.after_colon(path)?;
        let rendered = render::of_key(value, self.places.column(key))?;
        let Some((start, end)) = self.places.value(path) else {
            return self.spliced(colon, colon, &joined(&rendered, self.rest_of_line(colon)));
        };
        let below = self.text.get(colon..start)?.contains('\n');
        // A comment behind the key, or behind a value of one line, stays on the key's line.
        let (end, comment) = if below {
            (self.places.line_end(end), self.rest_of_line(colon))
        } else {
            (end, if rendered.body.is_empty() { "" } else { self.rest_of_line(end) })
        };
        let end = end + if below { 0 } else { comment.len() };
        self.spliced(colon, end, &joined(&rendered, comment))
    }

    fn replace_item(&self, path: &Path, value: &Value) -> Option<String> {
        let dash = self.places.dash(path)?;
        let (_, end) = self.places.value(path)?;
        let rendered = render::of_item(value, self.places.column(dash))?;
        let comment = if rendered.body.is_empty() { "" } else { self.rest_of_line(end) };
        let multiline = self.text.get(dash..end)?.contains('\n');
        let (end, comment) = if multiline { (self.places.line_end(end), "") } else { (end + comment.len(), comment) };
        self.spliced(dash + 1, end, &joined(&rendered, comment))
    }

    /// Adds a key at the end of a block mapping.
    fn add(&self, path: &Path, says: &Value, value: &Value) -> Option<String> {
        let (Step::Key(key), parent) = path.split_last()? else { return None };
        if self.places.in_flow(path) {
            return None;
        }
        let last = self.places.last_key(parent, value_at(says, parent)?)?;
        let indent = self.places.column(self.places.key(&last)?.0);
        let end = self.places.line_end(self.places.end(&last)?);
        let rendered = render::of_key(value, indent)?;
        let entry = format!("\n{}{}:{}", " ".repeat(indent), render::key(key)?, joined(&rendered, ""));
        self.spliced(end, end, &entry)
    }

    fn remove(&self, path: &Path, says: &Value) -> Option<String> {
        if self.places.in_flow(path) {
            return None;
        }
        let (last, parent) = path.split_last()?;
        let start = match last {
            Step::Key(_) => self.places.key(path)?.0,
            Step::Index(_) => self.places.dash(path)?,
        };
        if self.places.begins_line(start) {
            let end = self.places.line_end(self.places.end(path)?);
            return self.spliced(self.places.line_start(start), (end + 1).min(self.text.len()), "");
        }
        // The first key of an item stands behind its dash: the next key takes its place.
        let next = self.places.next_key(parent, value_at(says, parent)?, start)?;
        self.spliced(start, next, "")
    }

    /// Inserts an item into a block sequence.
    fn insert(&self, path: &Path, value: &Value) -> Option<String> {
        let (Step::Index(index), parent) = path.split_last()? else { return None };
        if self.places.in_flow(path) {
            return None;
        }
        let neighbour: Path = [parent, &[Step::Index(index.saturating_sub(1))]].concat();
        let dash = self.places.dash(&neighbour)?;
        let column = self.places.column(dash);
        let item = format!("{}-{}", " ".repeat(column), joined(&render::of_item(value, column)?, ""));
        if *index == 0 {
            let at = self.places.line_start(dash);
            return if self.places.begins_line(dash) { self.spliced(at, at, &format!("{item}\n")) } else { None };
        }
        let at = self.places.line_end(self.places.value(&neighbour)?.1);
        self.spliced(at, at, &format!("\n{item}"))
    }

    /// What stands behind a byte on its line, a comment or nothing.
    fn rest_of_line(&self, at: usize) -> &str {
        let rest = self.text[at..self.places.line_end(at)].trim_end();
        if rest.trim_start().starts_with('#') { rest } else { "" }
    }

    /// `None` where an alias made a value stand before its key.
    fn spliced(&self, start: usize, end: usize, new: &str) -> Option<String> {
        self.text.get(start..end)?;
        Some([self.text.get(..start)?, new, self.text.get(end..)?].concat())
    }
}

/// A value behind its colon or dash, with the comment of that line.
fn joined(rendered: &Rendered, comment: &str) -> String {
    let mut text = String::new();
    if !rendered.head.is_empty() {
        text.push(' ');
        text.push_str(&rendered.head);
    }
    text.push_str(comment);
    for line in &rendered.body {
        text.push('\n');
        text.push_str(line);
    }
    text
}
