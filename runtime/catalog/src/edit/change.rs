//! Differences between two JSON values, as changes that keep what is equal.

use serde_json::{Map, Value};

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The value of a key.
    Key(String),
    /// The item at an index.
    Index(usize),
}

/// Steps from the root.
pub(crate) type Path = Vec<Step>;

/// One change of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// The value at `path`, there or not, becomes `value`.
    Set {
        /// Where.
        path: Path,
        /// To what.
        value: Value,
    },
    /// The key or item at `path` goes.
    Remove {
        /// Where.
        path: Path,
    },
    /// `value` becomes the item at `path`; what was there follows it.
    Insert {
        /// Where; ends with an index.
        path: Path,
        /// What.
        value: Value,
    },
}

impl Change {
    /// Where the change is.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Set { path, .. } | Self::Remove { path } | Self::Insert { path, .. } => path,
        }
    }
}

/// Carries the difference between `old` and `new` over to `raw`, which says the same as `old` in fewer words (without
/// the defaults): only what differs is written.
pub(crate) fn rebase(raw: &mut Value, old: &Value, new: &Value) {
    if old == new {
        return;
    }
    match (raw, old, new) {
        (Value::Object(raw), Value::Object(old), Value::Object(new)) => rebase_object(raw, old, new),
        (Value::Array(raw), Value::Array(old), Value::Array(new)) if raw.len() == old.len() => {
            rebase_array(raw, old, new);
        }
        (raw, _, _) => *raw = new.clone(),
    }
}

fn rebase_object(raw: &mut Map<String, Value>, old: &Map<String, Value>, new: &Map<String, Value>) {
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        raw.shift_remove(key);
    }
    for (key, value) in new {
        let before = old.get(key);
        match raw.get_mut(key) {
            Some(raw) => rebase(raw, before.unwrap_or(&Value::Null), value),
            None if before == Some(value) => {}
            None => {
                raw.insert(key.clone(), value.clone());
            }
        }
    }
}

fn rebase_array(raw: &mut Vec<Value>, old: &[Value], new: &[Value]) {
    let (prefix, suffix) = common_ends(old, new);
    let (was, is) = (old.len() - prefix - suffix, new.len() - prefix - suffix);
    for index in prefix..prefix + was.min(is) {
        rebase(&mut raw[index], &old[index], &new[index]);
    }
    let from = prefix + was.min(is);
    raw.splice(from..prefix + was, new[from..prefix + is].iter().cloned());
}

/// How many items are equal at the start and, of the rest, at the end.
fn common_ends(old: &[Value], new: &[Value]) -> (usize, usize) {
    let prefix = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let most = old.len().min(new.len()) - prefix;
    let suffix = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(old, new)| old == new).count();
    (prefix, suffix)
}

/// The changes that lead from `old` to `new`, to be made in this order.
pub(crate) fn differences(old: &Value, new: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    collect(old, new, &mut Vec::new(), &mut changes);
    changes
}

fn collect(old: &Value, new: &Value, path: &mut Path, changes: &mut Vec<Change>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Value::Object(before), Value::Object(after)) if !before.is_empty() && !after.is_empty() => {
            collect_object(before, after, path, changes);
        }
        (Value::Array(before), Value::Array(after)) if !before.is_empty() && !after.is_empty() => {
            collect_array(before, after, path, changes);
        }
        _ => changes.push(Change::Set { path: path.clone(), value: new.clone() }),
    }
}

fn collect_object(old: &Map<String, Value>, new: &Map<String, Value>, path: &mut Path, changes: &mut Vec<Change>) {
    // A mapping that keeps none of its keys is replaced whole, since it may not be empty in between.
    if !old.keys().any(|key| new.contains_key(key)) {
        changes.push(Change::Set { path: path.clone(), value: Value::Object(new.clone()) });
        return;
    }
    for (key, value) in new {
        path.push(Step::Key(key.clone()));
        match old.get(key) {
            Some(before) => collect(before, value, path, changes),
            None => changes.push(Change::Set { path: path.clone(), value: value.clone() }),
        }
        path.pop();
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        path.push(Step::Key(key.clone()));
        changes.push(Change::Remove { path: path.clone() });
        path.pop();
    }
}

fn collect_array(old: &[Value], new: &[Value], path: &mut Path, changes: &mut Vec<Change>) {
    let (prefix, suffix) = common_ends(old, new);
    let (was, is) = (old.len() - prefix - suffix, new.len() - prefix - suffix);
    let mut at = |index: usize, make: &mut dyn FnMut(&mut Path)| {
        path.push(Step::Index(index));
        make(path);
        path.pop();
    };
    for index in prefix..prefix + was.min(is) {
        at(index, &mut |path| collect(&old[index], &new[index], path, changes));
    }
    for index in (prefix + is..prefix + was).rev() {
        at(index, &mut |path| changes.push(Change::Remove { path: path.clone() }));
    }
    for (index, value) in new.iter().enumerate().take(prefix + is).skip(prefix + was) {
        at(index, &mut |path| changes.push(Change::Insert { path: path.clone(), value: value.clone() }));
    }
}

/// The value at a path.
pub(crate) fn value_at<'value>(root: &'value Value, path: &[Step]) -> Option<&'value Value> {
    path.iter().try_fold(root, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(index),
    })
}

/// Makes a change in a value.
pub(crate) fn apply(root: &mut Value, change: &Change) {
    let Some((last, parents)) = change.path().split_last() else {
        if let Change::Set { value, .. } = change {
            *root = value.clone();
        }
        return;
    };
    let parent = parents.iter().try_fold(root, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(*index),
    });
    match (parent, last, change) {
        (Some(Value::Object(object)), Step::Key(key), Change::Set { value, .. }) => {
            object.insert(key.clone(), value.clone());
        }
        (Some(Value::Object(object)), Step::Key(key), Change::Remove { .. }) => {
            object.shift_remove(key);
        }
        (Some(Value::Array(items)), Step::Index(index), change) if *index <= items.len() => match change {
            Change::Set { value, .. } => items[*index] = value.clone(),
            Change::Remove { .. } => drop(items.remove(*index)),
            Change::Insert { value, .. } => items.insert(*index, value.clone()),
        },
        _ => {}
    }
}
