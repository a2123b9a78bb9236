//! Every folder of `examples/`, applied as a person or GitOps would, and asked. One namespace holds them all, as it may.

use std::{collections::BTreeSet, path::Path};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{
    asking::last_text,
    release::{self, repository},
    team::{Team, VERSION},
};

/// A folder, how kubectl takes it, and whom of it is asked what: the answer begins and ends, or just holds, what is said here.
struct Example {
    folder: &'static str,
    asked: &'static [(&'static str, &'static str, &'static str)],
}

const EXAMPLES: [Example; 10] = [
    Example { folder: "quickstart", asked: &[("assistant", "use bash to run `echo $((6 * 7))`", "answered:\n\n42")] },
    Example { folder: "function-tool", asked: &[("researcher", "What time is it?", r#""timezone""#)] },
    Example {
        folder: "prompt-template",
        asked: &[
            ("bakery", "Good morning", "Hello! We open at seven."),
            ("foundry", "Good morning", "Good day. Please ask about prices or delivery."),
        ],
    },
    Example {
        folder: "mcp-shared",
        asked: &[("clock", "What time is it?", "UTC"), ("diary", "What time is it?", "UTC")],
    },
    Example { folder: "mcp-remote", asked: &[("guest", "Say hello", "The server says: Echo: Say hello")] },
    Example { folder: "skill", asked: &[("editor", "Write release notes: CSV export", "- Export a report as CSV.")] },
    Example {
        folder: "delegation",
        asked: &[("planner", "lighthouses", "The writer says: Lighthouses kept ships off the rocks.")],
    },
    Example {
        folder: "structured-output",
        asked: &[("extractor", "Ada went to London.", r#"{"people": ["Ada"], "places": ["London"]}"#)],
    },
    Example { folder: "fallback", asked: &[("steady", "Hello", "You said: Hello")] },
    Example { folder: "kustomize", asked: &[("greeter", "Good morning", "Welcome to production.")] },
];

/// Folders of `examples/` that hold no agents.
const OTHERS: [&str; 4] = ["clients", "embed", "overlays", "scenarios"];

#[test]
fn no_example_is_left_out() -> anyhow::Result<()> {
    let entries = std::fs::read_dir(repository().join("examples"))?.collect::<Result<Vec<_>, _>>()?;
    let folders = entries.iter().filter(|entry| entry.path().is_dir());
    let there: BTreeSet<String> = folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let asked = EXAMPLES.iter().map(|example| example.folder);
    let expected: BTreeSet<String> = asked.chain(OTHERS).map(str::to_owned).collect();
    assert_eq!(there, expected);
    Ok(())
}

#[tokio::test]
async fn every_example_is_applied_and_answers() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _there = release::THERE.read().await;
    let team = Team::with_scenario(release, "examples", &scenario()?).await?;
    let caller = team.caller("troupe-invoker").await?;
    // What `mcp-remote` wants is there already, as the reference server of MCP.
    team.apply(&include_str!("everything.yaml").replace("VERSION", VERSION)).await?;
    for example in &EXAMPLES {
        apply(&team, example.folder).await?;
    }
    let agents: Vec<String> =
        EXAMPLES.iter().flat_map(|example| example.asked).map(|(agent, ..)| format!("agent/{agent}")).collect();
    let ready: Vec<&str> = agents.iter().map(String::as_str).collect();
    // An agent is as ready as what it names is valid; whether a server answers at the moment is the server's own matter.
    let servers = ["mcpserver/time", "mcpserver/fetch", "mcpserver/everything"];
    if let Err(error) =
        team.kubectl(&[&["wait", "--for=condition=Ready", "--timeout=3m"], &servers[..], &ready].concat())
    {
        let looks: [&[&str]; 2] =
            [&["get", "mcpservers,tools,prompttemplates", "--output=yaml"], &["describe", "pods"]];
        anyhow::bail!(
            "{error:#}\n{}\n{}",
            team.report(),
            looks.map(|look| team.kubectl(look).unwrap_or_default()).join("\n")
        );
    }
    for (agent, question, expected) in EXAMPLES.iter().flat_map(|example| example.asked) {
        let answer = team.ask(&caller, &json!({"agent_id": agent, "text": question}))?;
        assert!(last_text(&answer).contains(expected), "{agent}: {answer:?}");
    }
    team.end()
}

/// Applies a folder as its README says.
async fn apply(team: &Team, folder: &str) -> anyhow::Result<()> {
    let path = repository().join("examples").join(folder);
    match folder {
        "kustomize" => {
            let overlay = path.join("overlays/production");
            team.kubectl(&["apply", "--kustomize", &overlay.display().to_string()]).map(drop)
        }
        // Its address is one of a person's own machine; here the server is a Service.
        "mcp-remote" => {
            let manifest = std::fs::read_to_string(path.join("agent.yaml"))?;
            let (local, here) = ("http://127.0.0.1:3001/mcp", "http://everything:3001/mcp");
            anyhow::ensure!(manifest.contains(local), "{manifest}");
            team.apply(&manifest.replace(local, here)).await
        }
        _ => team.kubectl(&["apply", "--filename", &path.display().to_string()]).map(drop),
    }
}

/// What the model says in all examples: each rule says of which example it is.
fn scenario() -> anyhow::Result<String> {
    let mut rules = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(repository().join("examples/scenarios"))?.collect::<Result<_, _>>()?;
    files.sort_by_key(std::fs::DirEntry::file_name);
    for file in files {
        rules.extend(rules_of(&file.path())?);
    }
    Ok(json!({"rules": rules}).to_string())
}

fn rules_of(file: &Path) -> anyhow::Result<Vec<Value>> {
    let read: Value = serde_yaml::from_str(&std::fs::read_to_string(file)?)?;
    let rules = read["rules"].as_array().with_context(|| format!("{} has no rules", file.display()))?;
    Ok(rules.clone())
}
