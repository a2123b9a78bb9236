//! `troupe` on a person's machine, through the kubeconfig.

use std::{path::PathBuf, process::Command};

use anyhow::Context as _;

use crate::{release, release::said, team::Team};

#[tokio::test]
async fn the_command_line_asks_through_the_kubeconfig() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _there = release::THERE.read().await;
    let team = Team::with_quickstart(release, "people").await?;
    team.caller("troupe-invoker").await?;
    team.caller("troupe-viewer").await?;
    let program = std::env::var_os("TROUPE_E2E_PROGRAM").map(PathBuf::from).context("`make e2e` names the program")?;
    let troupe = |arguments: &[&str], account: &str| {
        let mut command = Command::new(&program);
        command.env_clear().env("KUBECONFIG", release.node.kubeconfig()).args(arguments);
        said(command.args(["--namespace", &team.namespace, "--account", account]))
    };
    assert_eq!(troupe(&["ask", "assistant", "hello"], "troupe-invoker")?.trim(), "Hello, you said: hello");
    let revisions = troupe(&["get", "revisions", "assistant"], "troupe-viewer")?;
    assert!(revisions.lines().count() >= 1, "{revisions}");
    let refused = troupe(&["ask", "assistant", "hello"], "troupe-viewer").unwrap_err().to_string();
    assert!(refused.contains("agents/invoke"), "{refused}");
    team.end()
}
