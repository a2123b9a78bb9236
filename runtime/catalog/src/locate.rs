//! Finds the line and column of a field in a document's text. Asked only when something is wrong with the field.

use crate::edit::{Places, Step};

/// Line and column, both from 1, of the deepest part of `path` that the text has; the first content otherwise. `None`
/// where the text is no YAML.
pub fn locate(text: &str, path: &str) -> Option<(usize, usize)> {
    let places = Places::new(text)?;
    let mut steps = steps(path);
    while !steps.is_empty() {
        let at = match steps.last() {
            Some(Step::Key(_)) => places.key(&steps).map(|(start, _)| start),
            _ => places.value(&steps).map(|(start, _)| start),
        };
        if let Some(at) = at {
            return Some(position(text, at));
        }
        steps.pop();
    }
    places.value(&[]).map(|(start, _)| position(text, start))
}

fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (line, column)
}

/// `spec.tools[0].tool` as steps. A key that holds a dot is not found, and its parent's place is shown instead.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let (key, indices) = part.split_once('[').unwrap_or((part, ""));
        if !key.is_empty() {
            steps.push(Step::Key(key.to_owned()));
        }
        steps.extend(indices.split(['[', ']']).filter_map(|index| index.parse().ok()).map(Step::Index));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_path() {
        let text = "---\nspec:\n  tools:\n    - builtin: Bash\n    - {tool: {nam: x}}\n";
        assert_eq!(locate(text, "spec.tools[1].tool.nam"), Some((5, 15)));
        assert_eq!(locate(text, "spec.tools[0]"), Some((4, 7)));
        assert_eq!(locate(text, "spec.missing"), Some((2, 1)));
        assert_eq!(locate(text, ""), Some((2, 1)));
    }
}
