//! The chart: what it renders, what it installs, and what its roles and policies allow: `cargo test -p troupe-test-cluster --test chart`.
//!
//! `UPDATE_GOLDEN=1` rewrites the files of `golden/`, which are read before they are committed.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own files and objects are as it expects, or it fails"
)]

mod golden;
mod matrix;
mod policies;
mod release;
mod render;
mod rights;
mod values;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The chart's folder.
pub(crate) fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/troupe")
}

/// A file of this test.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chart").join(name)
}

/// What a command printed, if it was content.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let Output { status, stdout, stderr } = command.output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if status.success() { Ok(text(&stdout)) } else { Err(text(&stdout) + &text(&stderr)) }
}

/// The chart's manifests with values of a file.
pub(crate) fn render(helm: &Path, values: Option<&Path>) -> String {
    let mut command = Command::new(helm);
    command.args(["template", "troupe"]).arg(chart()).args(["--namespace", "troupe-system"]);
    if let Some(values) = values {
        command.arg("--values").arg(values);
    }
    run(&mut command).unwrap_or_else(|error| panic!("{error}"))
}
