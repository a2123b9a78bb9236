//! Each user's files are in a folder of their own.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use crate::cluster::{Cluster, INVOKER};

const ADA: &str = "system:serviceaccount:team:ada";

#[tokio::test]
async fn a_users_folder_is_made_when_it_is_first_used() {
    let cluster = Cluster::of(&[(ADA, &[INVOKER]), ("../bob", &[INVOKER])]).await;
    assert_eq!(fs::read_dir(cluster.workspace("")).unwrap().count(), 0);
    cluster.converse(ADA, "hi").await;
    let (session, _) = cluster.converse("../bob", "hi").await;
    assert!(cluster.workspace("system%3Aserviceaccount%3Ateam%3Aada").is_dir());
    assert!(cluster.workspace("%2E.%2Fbob").is_dir());
    let (_, told) = cluster.get("../bob", &format!("/v1/sessions/{session}")).await;
    assert_eq!(told["meta"]["workspace"], json!(cluster.workspace("%2E.%2Fbob")), "{told}");
}

#[tokio::test]
async fn a_request_works_inside_its_users_folder_only() {
    let cluster = Cluster::of(&[("ada", &[INVOKER]), ("bob", &[INVOKER])]).await;
    cluster.converse("ada", "hi").await;
    cluster.converse("bob", "hi").await;
    fs::create_dir(cluster.workspace("ada/part")).unwrap();
    fs::create_dir(cluster.workspace("bob/part")).unwrap();
    symlink(cluster.workspace("bob"), cluster.workspace("ada/link")).unwrap();
    let ask = async |workspace: Value| {
        let body = json!({"agent_id": "plain", "text": "hi", "workspace": workspace});
        let (status, told) = cluster.post("ada", "/v1/infer", body).await;
        (status, told["detail"].as_str().unwrap_or_default().to_owned())
    };
    for own in [json!("part"), json!(cluster.workspace("ada/part")), json!(cluster.workspace("ada")), json!("")] {
        assert_eq!(ask(own.clone()).await.0, 200, "{own}");
    }
    let refused = ask(json!("/nothing/there")).await;
    assert_eq!(refused.0, 400);
    for other in ["/", "/etc", "..", "../bob", "link", "link/part", "part/../../bob/part", "none"] {
        assert_eq!(ask(json!(other)).await, refused, "{other}");
    }
    assert_eq!(ask(json!(cluster.workspace("bob"))).await, refused);
}

#[tokio::test]
async fn files_that_messages_name_are_the_callers() {
    let cluster = Cluster::of(&[("ada", &[INVOKER]), ("bob", &[INVOKER])]).await;
    cluster.converse("ada", "hi").await;
    cluster.converse("bob", "hi").await;
    fs::write(cluster.workspace("bob/note.txt"), "of bob").unwrap();
    let ask = async |who: &str, path: &str| {
        let body = json!({"agent_id": "plain", "text": format!("<file>{path}</file>")});
        cluster.post(who, "/v1/infer", body).await.0
    };
    assert_eq!(ask("bob", "note.txt").await, 200);
    for path in ["note.txt", "../bob/note.txt"] {
        assert_eq!(ask("ada", path).await, 400, "{path}");
    }
    assert_eq!(ask("ada", cluster.workspace("bob/note.txt").to_str().unwrap()).await, 400);
}

#[tokio::test]
async fn tools_that_are_called_read_the_callers_files() {
    let cluster = Cluster::of(&[("ada", &[INVOKER]), ("bob", &[INVOKER])]).await;
    cluster.converse("bob", "hi").await;
    fs::write(cluster.workspace("bob/note.txt"), "of bob").unwrap();
    let read = async |who: &str, path: &str| {
        let body = json!({"tool_id": "read_file", "arguments": {"path": path}});
        cluster.post(who, "/v1/tools/call", body).await
    };
    let (status, note) = read("bob", "note.txt").await;
    assert!(status == 200 && note["result"].as_str().unwrap().contains("of bob"), "{note}");
    assert_eq!(read("ada", "note.txt").await.0, 400);
    assert_eq!(read("ada", "../bob/note.txt").await.0, 400);
}
