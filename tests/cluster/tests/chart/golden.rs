//! Files that hold what is expected, rewritten with `UPDATE_GOLDEN=1`.

use std::{env, fs};

/// Compares a text with a file of `golden/`, and shows the first line that differs.
pub(crate) fn assert_golden(name: &str, text: &str) {
    let path = crate::file("golden").join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let lines = || text.lines().map(Some).chain([None]).zip(expected.lines().map(Some).chain([None]));
    let differs = lines().position(|(left, right)| left != right);
    if let Some((line, (is, was))) = differs.and_then(|line| Some((line, lines().nth(line)?))) {
        panic!(
            "golden/{name}, line {}: {was:?} is expected, {is:?} is there; UPDATE_GOLDEN=1 rewrites the file",
            line + 1
        );
    }
}
