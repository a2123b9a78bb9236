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

#[tokio::test]
async fn the_files_over_http_are_the_callers_and_those_of_their_sessions() {
    let cluster = Cluster::of(&[("ada", &[INVOKER]), ("bob", &[INVOKER]), ("eve", &["get,update sessions"])]).await;
    let (session, _) = cluster.converse("bob", "hi").await;
    fs::write(cluster.workspace("bob/note.txt"), "of bob").unwrap();
    let read = async |who: &str, query: &str| cluster.get(who, &format!("/v1/workspace/content?path={query}")).await.0;
    assert_eq!(read("bob", "note.txt").await, 200);
    for query in ["note.txt", "../bob/note.txt", &format!("note.txt&session_id={session}")] {
        assert!(matches!(read("ada", query).await, 400 | 404), "{query}");
    }
    assert_eq!(read("ada", &format!("{}&restrict=0", cluster.workspace("bob/note.txt").display())).await, 400);
    assert_eq!(read("bob", &format!("note.txt&session_id={session}")).await, 200);
    assert_eq!(read("eve", &format!("note.txt&session_id={session}")).await, 403, "who may read it has not its files");
    let (_, roots) = cluster.get("ada", "/v1/workspace/children?path=").await;
    assert_eq!(roots[0]["path"], json!(cluster.workspace("ada")));

    let begin = json!({"workspace_id": "default", "file_name": "x", "file_size": 1, "target_path": "x"});
    let (status, plan) = cluster.post("bob", "/v1/workspace/upload/init", begin).await;
    assert_eq!(status, 200, "{plan}");
    let upload = format!("/v1/workspace/upload/{}", plan["upload_id"].as_str().unwrap());
    assert_eq!((cluster.get("ada", &upload).await.0, cluster.get("bob", &upload).await.0), (404, 200));
    assert_eq!(cluster.get("ada", "/v1/workspace/uploads").await.1, json!({"uploads": []}));
    let chosen = json!({"workspace": cluster.workspace("bob")});
    let patched = cluster.send("eve", reqwest::Method::PATCH, &format!("/v1/sessions/{session}"), &chosen).await;
    assert_eq!(patched.0, 403, "a folder is its owner's to choose: {}", patched.1);
}

#[tokio::test]
async fn who_refers_to_a_resource_is_told_as_far_as_one_may_list() {
    let cluster = Cluster::of(&[("ada", &["get models", "list agents"]), ("bob", &["get models"])]).await;
    let uses = async |who: &str| cluster.get(who, "/v1/resources/models/small/uses").await.1;
    let (ada, bob) = (uses("ada").await, uses("bob").await);
    let count = |uses: &Value| {
        let listed = uses["items"].as_array().unwrap();
        assert!(listed.iter().all(|item| item["kind"] == "Agent"), "{uses}");
        (listed.len(), usize::try_from(uses["others"].as_u64().unwrap()).unwrap())
    };
    let ((listed, others), all) = (count(&ada), count(&bob));
    assert!(listed > 0, "{ada}");
    assert_eq!(all, (0, listed + others));
}
