//! The quickstart as it is: who has the right gets an answer, nobody else does, and every pod is a restricted one.

use std::process::Command;

use serde_json::json;
use troupe_test_cluster::write_image;

use crate::{
    asking::last_text,
    release::{self, Release, said},
    team::Team,
};

/// Libraries that the sandbox's image has itself, and of which a program must not meet a second one.
const OF_THE_IMAGE: [&str; 3] = ["libc.so", "libm.so", "ld-linux"];

/// Gives the node an image with curl: the sandbox's, since no image of ours has it, with this machine's.
fn load_curl(release: &Release) -> anyhow::Result<()> {
    let curl = "/usr/bin/curl";
    let linked = said(Command::new("ldd").arg(curl))?;
    let libraries = linked.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    let own = libraries.filter(|path| !OF_THE_IMAGE.iter().any(|name| path.contains(name)));
    // Debian's /lib is /usr/lib, there as here; the linker names either.
    let target = |path: &str| if path.starts_with("/usr") { path.to_owned() } else { format!("/usr{path}") };
    let files: Vec<String> =
        own.chain([curl]).flat_map(|path| ["--file".to_owned(), format!("{path}:{}:755", target(path))]).collect();
    let base = release::images().join("troupe-sandbox.tar").display().to_string();
    let options = ["--name", "troupe.dev/test/curl:1", "--from", &base];
    let archive = release.node.folder().join("curl.tar");
    write_image(&archive, &options.into_iter().chain(files.iter().map(String::as_str)).collect::<Vec<_>>())?;
    release.node.load_image(&archive)
}

#[tokio::test]
async fn the_quickstart_answers_who_may_ask_and_nobody_else() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _there = release::THERE.read().await;
    let team = Team::with_quickstart(release, "quickstart").await?;
    let other = release.node.namespace("other").await?;

    // A pod with a projected token.
    let caller = team.caller("troupe-invoker").await?;
    load_curl(release)?;
    team.apply(&include_str!("client.yaml").replace("NAMESPACE", &team.namespace)).await?;
    let over = ["wait", "pod/client", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=2m"];
    if let Err(error) = team.kubectl(&over) {
        anyhow::bail!("{error:#}\n{}", team.kubectl(&["logs", "client"])?);
    }
    assert_eq!(team.kubectl(&["logs", "client"])?, "Hello, you said: hi from a pod\n");

    // The same by curl, and what is refused.
    let question = json!({"agent_id": "assistant", "text": "hi"});
    assert_eq!(last_text(&team.ask(&caller, &question)?), "Hello, you said: hi");
    let viewer = team.caller("troupe-viewer").await?;
    let audience = format!("troupe:{}", team.namespace);
    let elsewhere = format!("troupe:{other}");
    let node = release.node;
    for (status, whose, token) in [
        (403, "without the right", viewer),
        (403, "of another namespace's account", node.token(&other, "default", &[&audience]).await?),
        (401, "for another namespace's runtime", node.token(&other, "default", &[&elsewhere]).await?),
        (401, "for the API server", node.token(&team.namespace, "troupe-invoker", &[]).await?),
        (401, "that is none", "nonsense".to_owned()),
    ] {
        let answer = team.call(&token, "/v1/infer", Some(&question))?;
        assert_eq!(answer.status, status, "a token {whose}: {answer:?}");
    }

    // Pod Security admitted them all, and lets no other in.
    for (namespace, pod) in [(team.namespace.as_str(), "troupe-runtime-0"), (release::NAMESPACE, "troupe-operator")] {
        let pods = release.kubectl(&["get", "pods", "--namespace", namespace, "--output=name"])?;
        assert!(pods.contains(pod), "{pods}");
        let privileged =
            ["run", "privileged", "--image=troupe.dev/troupe-mcp", "--privileged", "--namespace", namespace];
        let refused = release.kubectl(&privileged).unwrap_err().to_string();
        assert!(refused.contains(r#"violates PodSecurity "restricted"#), "{refused}");
    }
    team.end()
}
