//! `troupe` on a person's machine, through the kubeconfig.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::{
    release::{self, said},
    team::Team,
};

/// `troupe` with a kubeconfig and nothing else of this process's settings.
fn troupe(kubeconfig: &Path) -> anyhow::Result<Command> {
    let program = std::env::var_os("TROUPE_E2E_PROGRAM").map(PathBuf::from).context("`make e2e` names the program")?;
    let mut command = Command::new(program);
    command.env_clear().env("KUBECONFIG", kubeconfig);
    Ok(command)
}

impl Team {
    /// What `troupe` says in this namespace as one of its accounts, through the kubeconfig of somebody.
    fn troupe(&self, kubeconfig: &Path, account: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let where_and_who = ["--namespace", &self.namespace, "--account", account];
        said(troupe(kubeconfig)?.args(arguments).args(where_and_who))
    }
}

#[tokio::test]
async fn versions_are_listed_compared_and_published_through_the_kubeconfig() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _there = release::THERE.read().await;
    let team = Team::with_quickstart(release, "people").await?;
    for role in ["troupe-invoker", "troupe-viewer", "troupe-author"] {
        team.caller(role).await?;
    }
    let admin = release.node.kubeconfig();
    let as_account = |account: &str, arguments: &[&str]| team.troupe(admin, account, arguments);
    let ask = ["ask", "assistant", "hello"];
    assert_eq!(as_account("troupe-invoker", &ask)?.trim(), "Hello, you said: hello");

    let first = as_account("troupe-viewer", &["get", "revisions", "assistant"])?;
    let first = first.lines().nth(1).and_then(|line| line.split_whitespace().next()).context("a version")?.to_owned();
    let edit = r#"{"spec": {"systemPrompt": {"templateRef": {"arguments": {"tone": "terse"}}}}}"#;
    team.kubectl(&["patch", "agent/assistant", "--type=merge", "--patch", edit])?;
    let newest = "{.status.currentRevision}";
    team.kubectl(&["wait", "agent/assistant", "--for=condition=Ready", "--timeout=1m"])?;
    let other = async {
        while team.kubectl(&["get", "agent/assistant", &format!("--output=jsonpath={newest}")])?.starts_with(&first) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        Ok::<_, anyhow::Error>(())
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), other).await??;
    let listed = as_account("troupe-viewer", &["get", "revisions", "assistant"])?;
    assert_eq!(listed.lines().count(), 3, "{listed}");

    // As with `diff`, the status says that there is a difference.
    let compared = as_account("troupe-viewer", &["diff", "revisions", "assistant", &first]).unwrap_err().to_string();
    assert!(compared.contains("-      tone: friendly and brief\n+      tone: terse\n"), "{compared}");

    as_account("troupe-author", &["publish", "revisions", "assistant", &first])?;
    assert_eq!(as_account("troupe-invoker", &ask)?.trim(), "Hello, you said: hello");
    as_account("troupe-author", &["publish", "revisions", "assistant"])?;
    assert_eq!(as_account("troupe-invoker", &ask)?.trim(), "Hi.");

    // The runtime says which right is missing, as the cluster does.
    for (account, arguments, right) in [
        ("troupe-viewer", &ask[..], "create agents/invoke"),
        ("troupe-viewer", &["publish", "revisions", "assistant"], "update agents"),
        ("default", &["get", "revisions", "assistant"], "get agents"),
        ("default", &["diff", "revisions", "assistant"], "get agents"),
    ] {
        let refused = as_account(account, arguments).unwrap_err().to_string();
        assert!(refused.contains(right), "{arguments:?} as {account}: {refused}");
    }
    team.end()
}

#[tokio::test]
async fn each_missing_right_of_a_person_is_named() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _there = release::THERE.read().await;
    let team = Team::with_quickstart(release, "rights").await?;
    team.caller("troupe-invoker").await?;
    team.caller("troupe-viewer").await?;
    team.apply(include_str!("person.yaml")).await?;
    let kubeconfig = release.node.kubeconfig_of(&team.namespace, "person").await?;
    let commands: [(&str, &[&str]); 5] = [
        ("troupe-invoker", &["ask", "assistant", "hello"]),
        ("troupe-viewer", &["get", "revisions", "assistant"]),
        ("troupe-viewer", &["diff", "revisions", "assistant"]),
        ("troupe-viewer", &["publish", "revisions", "assistant"]),
        ("troupe-viewer", &["console", "--port", "0"]),
    ];
    // With each right the next one is missing.
    let mut rules: Vec<Value> = Vec::new();
    for (verb, resource) in
        [("create", "serviceaccounts/token"), ("get", "services"), ("list", "pods"), ("create", "pods/portforward")]
    {
        for (account, arguments) in commands {
            let refused = team.troupe(&kubeconfig, account, arguments).unwrap_err().to_string();
            let missing = format!("you may not {verb} {resource}");
            assert!(refused.contains(&missing) && refused.contains(&team.namespace), "{arguments:?}: {refused}");
        }
        rules.push(json!({"apiGroups": [""], "resources": [resource], "verbs": [verb]}));
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"name": "person"}, "rules": rules});
        team.apply(&role.to_string()).await?;
        let person = format!("--as=system:serviceaccount:{}:person", team.namespace);
        let (resource, part) = resource.split_once('/').unwrap_or((resource, ""));
        let part = format!("--subresource={part}");
        let granted = async {
            while team.kubectl(&["auth", "can-i", verb, resource, &part, &person]).is_err() {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_mins(1), granted).await?;
    }
    let answer = team.troupe(&kubeconfig, "troupe-invoker", &["ask", "assistant", "hello"])?;
    assert_eq!(answer.trim(), "Hello, you said: hello");
    team.end()
}

/// `troupe console`, which goes on until it is told to end.
struct Console {
    child: Child,
    url: String,
}

impl Console {
    fn of(team: &Team, kubeconfig: &Path, account: &str) -> anyhow::Result<Self> {
        let mut command = troupe(kubeconfig)?;
        command.args(["console", "--port", "0", "--namespace", &team.namespace, "--account", account]);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("it was asked for")?).read_line(&mut line)?;
        let url = line.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.map(|url| url.trim_end_matches(';').to_owned()).with_context(|| format!("no address: {line}"))?;
        Ok(Self { child, url })
    }

    fn curl(&self, path: &str, more: &[&str]) -> anyhow::Result<String> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "60", "--noproxy", "*"]);
        said(curl.args(more).arg(format!("{}{path}", self.url)))
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_console_is_served_on_loopback_to_who_has_the_kubeconfig() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _there = release::THERE.read().await;
    let team = Team::with_quickstart(release, "console").await?;
    team.caller("troupe-invoker").await?;
    let mut console = Console::of(&team, release.node.kubeconfig(), "troupe-invoker")?;
    let who = console.curl("/v1/whoami", &["--fail"])?;
    assert!(who.contains(&format!("system:serviceaccount:{}:troupe-invoker", team.namespace)), "{who}");
    let question = json!({"agent_id": "assistant", "text": "hi"}).to_string();
    let header = "content-type: application/json";
    let answer = console.curl("/v1/infer", &["--fail", "--header", header, "--data", &question])?;
    assert!(answer.contains("Hello, you said: hi"), "{answer}");
    // A page of another site must not use what this port is signed in as.
    let status = ["--output", "/dev/null", "--write-out", "%{http_code}"];
    let foreign = [&status[..], &["--header", "origin: http://example.com"]].concat();
    assert_eq!(console.curl("/v1/whoami", &foreign)?, "403");

    said(Command::new("kill").args(["-INT", &console.child.id().to_string()]))?;
    let ended = console.child.wait()?;
    ensure!(ended.success(), "{ended}");
    team.end()
}
