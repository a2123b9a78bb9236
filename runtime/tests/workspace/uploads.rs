//! Uploads in pieces (S1-176 to S1-182).

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use futures::StreamExt as _;
use reqwest::{Body, Method};
use serde_json::{Value, json};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;

use crate::setting::{Setting, answer};

const SIZE: usize = 10_000;

/// The service cuts files of more than 3,000 bytes, into four pieces at most.
async fn setting() -> Setting {
    Setting::with(|settings| {
        settings.upload_parallel_size = 3_000;
        settings.upload_parallel_max_threads = 4;
    })
    .await
}

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|index| u8::try_from(index * 7 % 251).unwrap()).collect()
}

async fn begin(setting: &Setting, target: &str, size: usize) -> Value {
    let body =
        json!({"workspace_id": setting.whole(""), "file_name": "x.bin", "file_size": size, "target_path": target});
    let (status, plan) = setting.post("upload/init", body).await;
    assert_eq!(status, 200, "{plan}");
    plan
}

fn id(plan: &Value) -> &str {
    plan["upload_id"].as_str().unwrap()
}

fn piece<'file>(plan: &Value, number: usize, file: &'file [u8]) -> &'file [u8] {
    let number_of = |field: &str| usize::try_from(plan["chunks"][number][field].as_u64().unwrap()).unwrap();
    &file[number_of("offset")..number_of("offset") + number_of("size")]
}

async fn put(setting: &Setting, id: &str, number: usize, bytes: &[u8]) -> (u16, Value) {
    let path = format!("/v1/workspace/upload/{id}/chunk/{number}");
    answer(setting.request(Method::PUT, &path).body(bytes.to_vec())).await
}

async fn complete(setting: &Setting, id: &str) -> (u16, Value) {
    setting.post(&format!("upload/{id}/complete"), Value::Null).await
}

#[tokio::test]
async fn a_file_is_sent_in_pieces_in_any_order() {
    let setting = setting().await;
    let file = content(SIZE);
    let plan = begin(&setting, "new/folder/x.bin", SIZE).await;
    assert_eq!(
        (&plan["parallel_size"], &plan["parallel_max_threads"], &plan["chunk_count"]),
        (&json!(3_000), &json!(4), &json!(4))
    );
    assert_eq!(plan["chunks"][3], json!({"parallel_id": 3, "offset": 7_500, "size": 2_500}));
    for number in [2, 0, 3] {
        let bytes = piece(&plan, number, &file);
        let (status, done) = put(&setting, id(&plan), number, bytes).await;
        let expected =
            json!({"upload_id": id(&plan), "parallel_id": number, "received": bytes.len(), "status": "uploaded"});
        assert_eq!((status, done), (200, expected));
    }
    let (status, problem) = complete(&setting, id(&plan)).await;
    assert_eq!((status, &problem["error_code"]), (409, &json!("UPLOAD_NOT_READY")), "{problem}");
    assert!(!setting.root.join("new").exists(), "nothing is there before it is whole");
    put(&setting, id(&plan), 1, piece(&plan, 1, &file)).await;
    let path = setting.whole("new/folder/x.bin");
    let expected =
        json!({"upload_id": id(&plan), "file_name": "x.bin", "file_size": SIZE, "path": path, "status": "completed"});
    assert_eq!(complete(&setting, id(&plan)).await, (200, expected.clone()));
    assert_eq!(fs::read(path).unwrap(), file);
    assert_eq!(complete(&setting, id(&plan)).await, (200, expected), "an answer that was lost is given again");
    assert_eq!(put(&setting, id(&plan), 0, piece(&plan, 0, &file)).await.0, 409);
    let (_, listed) = setting.get("list", ".", "").await;
    assert_eq!(listed["total"], 1, "what belongs to uploads is in no list: {listed}");
}

#[tokio::test]
async fn all_who_complete_at_one_time_get_the_same_answer() {
    let setting = setting().await;
    let file = content(SIZE);
    let plan = begin(&setting, "x.bin", SIZE).await;
    for number in 0..4 {
        put(&setting, id(&plan), number, piece(&plan, number, &file)).await;
    }
    let answers = futures::future::join_all((0..8).map(|_| complete(&setting, id(&plan)))).await;
    for answer in &answers {
        assert_eq!((answer.0, answer), (200, &answers[0]));
    }
    assert_eq!(fs::read(setting.root.join("x.bin")).unwrap(), file);
}

#[tokio::test]
async fn an_empty_file_needs_no_piece_and_a_small_one_only_one() {
    let setting = setting().await;
    let plan = begin(&setting, "empty", 0).await;
    assert_eq!((&plan["chunk_count"], &plan["chunks"]), (&json!(0), &json!([])));
    assert_eq!(complete(&setting, id(&plan)).await.0, 200);
    assert_eq!(fs::read(setting.root.join("empty")).unwrap(), b"");
    setting.write("there.txt", "what was there before, and was longer");
    let plan = begin(&setting, "there.txt", 5).await;
    assert_eq!(plan["chunk_count"], 1);
    put(&setting, id(&plan), 0, b"fresh").await;
    assert_eq!(complete(&setting, id(&plan)).await.0, 200);
    assert_eq!(fs::read(setting.root.join("there.txt")).unwrap(), b"fresh");
}

#[tokio::test]
async fn a_piece_of_another_size_is_refused() {
    let setting = setting().await;
    let file = content(SIZE);
    let plan = begin(&setting, "x.bin", SIZE).await;
    let path = format!("/v1/workspace/upload/{}/chunk/1", id(&plan));
    let bytes = piece(&plan, 1, &file).to_vec();
    for (name, value, status) in [
        ("x-upload-offset", "2500", 200),
        ("x-upload-size", "2500", 200),
        ("x-file-size", "10000", 200),
        ("x-upload-offset", "0", 400),
        ("x-upload-size", "1", 400),
        ("x-file-size", "9", 400),
        ("x-file-size", "many", 400),
    ] {
        let (got, body) = answer(setting.request(Method::PUT, &path).body(bytes.clone()).header(name, value)).await;
        assert_eq!(got, status, "{name}: {value}: {body}");
        assert!(got == 200 || body["error_code"] == "CHUNK_SIZE_MISMATCH", "{body}");
    }
    for wrong in [&bytes[1..], &[bytes.clone(), vec![1]].concat()] {
        let (status, problem) = put(&setting, id(&plan), 1, wrong).await;
        assert_eq!((status, &problem["error_code"]), (400, &json!("CHUNK_SIZE_MISMATCH")));
    }
    let unmeasured = Body::wrap_stream(futures::stream::iter([Ok::<_, std::io::Error>(bytes)]));
    assert_eq!(answer(setting.request(Method::PUT, &path).body(unmeasured)).await.0, 400);
    assert_eq!(put(&setting, id(&plan), 4, b"x").await.1["error_code"], "CHUNK_NOT_FOUND");
    for nobody in ["none", "..", "%2e%2e%2f%2e%2e"] {
        assert_eq!(put(&setting, nobody, 0, b"x").await.0, 404, "{nobody}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_target_is_refused() {
    let setting = setting().await;
    setting.write("folder/x", "");
    symlink("../outside", setting.root.join("out")).unwrap();
    symlink("nowhere", setting.root.join("dangling")).unwrap();
    symlink("loop", setting.root.join("loop")).unwrap();
    let (long, deep) = ("x".repeat(256), "deep/".repeat(900) + "x");
    for target in [
        "/etc/x",
        "",
        ".",
        "..",
        "../x",
        "a/../b",
        "a//b",
        "a/",
        "./a",
        "folder",
        "folder/x/y",
        "folder/x/y/z",
        ".troupe-uploads/x",
        &long,
        &deep,
        "out/x",
        "out/new/x",
        "dangling/x",
        "loop/x",
        "a\u{0}",
    ] {
        let body = json!({"workspace_id": "default", "file_name": "x", "file_size": 1, "target_path": target});
        let (status, problem) = setting.post("upload/init", body).await;
        assert_eq!((status, &problem["error_code"]), (400, &json!("INVALID_TARGET_PATH")), "{target:?}: {problem}");
        assert!(problem["error"].as_str().unwrap().starts_with("INVALID_TARGET_PATH: "));
    }
    let good = json!({"workspace_id": "default", "file_name": "x", "file_size": 1, "target_path": "x"});
    for field in ["workspace_id", "file_name", "file_size", "target_path"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(field);
        let (status, problem) = setting.post("upload/init", body).await;
        assert_eq!((status, &problem["error_code"]), (400, &json!("INVALID_REQUEST")), "{field}: {problem}");
    }
}

#[tokio::test]
async fn what_is_no_request_is_refused_in_words_for_people() {
    let setting = setting().await;
    let whole =
        |size: &str| format!(r#"{{"workspace_id":"default","file_name":"x","file_size":{size},"target_path":"x"}}"#);
    let bytes = "expected a whole number of bytes, from 0";
    for (body, said) in [
        (whole(r#""12""#), bytes),
        (whole("-3"), bytes),
        (whole("1.5"), bytes),
        (whole("true"), bytes),
        (whole("null"), "Missing required field: file_size"),
        (whole("99999999999999999"), "Invalid value for field file_size: it is more than"),
        (
            r#"{"workspace_id":5}"#.to_owned(),
            "Invalid value for field workspace_id: invalid type: integer `5`, expected a string",
        ),
        (String::new(), "Empty request body"),
        ("{bad".to_owned(), "Invalid JSON"),
        ("[]".to_owned(), "Invalid request body"),
    ] {
        let (status, problem) =
            answer(setting.request(Method::POST, "/v1/workspace/upload/init").body(body.clone())).await;
        assert_eq!((status, &problem["error_code"]), (400, &json!("INVALID_REQUEST")), "{body}: {problem}");
        let error = problem["error"].as_str().unwrap();
        assert!(error.starts_with("INVALID_REQUEST: ") && error.contains(said) && !error.contains("u64"), "{error}");
    }
}

#[tokio::test]
async fn a_workspace_that_is_not_there_is_named_and_not_made() {
    let setting = setting().await;
    setting.write("folder/x", "");
    let init = async |workspace: &str| {
        let body = json!({"workspace_id": workspace, "file_name": "x", "file_size": 0, "target_path": "new"});
        setting.post("upload/init", body).await
    };
    for workspace in ["nowhere", "/etc", "folder/x", "../outside", ".troupe-uploads"] {
        let (status, problem) = init(workspace).await;
        assert_eq!((status, &problem["error_code"]), (400, &json!("INVALID_REQUEST")), "{workspace}: {problem}");
        let said = problem["error"].as_str().unwrap();
        assert!(said.contains("workspace_id") && said.contains("a folder that is there"), "{said}");
    }
    assert!(!setting.root.join("nowhere").exists());
    for workspace in ["folder".to_owned(), setting.whole("folder")] {
        let (status, plan) = init(&workspace).await;
        assert_eq!(status, 200, "{workspace}: {plan}");
        assert_eq!(complete(&setting, id(&plan)).await.1["path"], setting.whole("folder/new"));
    }
}

#[tokio::test]
async fn a_target_goes_through_folders_and_links_to_folders_of_the_workspace() {
    let setting = setting().await;
    setting.write("folder/there.txt", "");
    symlink("folder", setting.root.join("link")).unwrap();
    symlink(setting.root.join("link"), setting.root.join("whole")).unwrap();
    for target in ["link/x", "link/new/x", "whole/y", "whole/other/y", "new/x", "folder/there.txt"] {
        let plan = begin(&setting, target, 0).await;
        assert_eq!(complete(&setting, id(&plan)).await.0, 200, "{target}");
    }
    assert!(setting.root.join("folder/new/x").exists() && setting.root.join("folder/other/y").exists());
}

#[tokio::test]
async fn a_folder_that_became_a_file_meanwhile_is_named() {
    let setting = setting().await;
    let body = json!({"workspace_id": "default", "file_name": "x", "file_size": 0, "target_path": "notes/x"});
    let plan = setting.post("upload/init", body).await.1;
    setting.write("notes", "a file");
    let complete = format!("upload/{}/complete", id(&plan));
    let (status, problem) = setting.post(&complete, json!({})).await;
    let said = "INVALID_TARGET_PATH: \"notes\" is a file; name a folder";
    assert_eq!((status, &problem["error"]), (400, &json!(said)), "{problem}");
    fs::remove_file(setting.root.join("notes")).unwrap();
    assert_eq!(setting.post(&complete, json!({})).await.0, 200, "nothing was lost");
}

#[tokio::test]
async fn what_is_there_is_told_and_kept_over_a_restart() {
    let setting = setting().await;
    let file = content(SIZE);
    let plan = begin(&setting, "x.bin", SIZE).await;
    put(&setting, id(&plan), 2, piece(&plan, 2, &file)).await;
    let mut settings = setting.app.settings.clone();
    settings.data = setting.outside().join("data");
    // Another process over the same workspace, as after a restart or beside this one.
    let other = Setting::with(|own| own.workspace = settings.workspace.clone()).await;
    for service in [&setting, &other] {
        let (status, told) = answer(service.request(Method::GET, &format!("/v1/workspace/upload/{}", id(&plan)))).await;
        assert_eq!((status, &told["status"], &told["target_path"]), (200, &json!("uploading"), &json!("x.bin")));
        let expected =
            json!({"parallel_id": 2, "offset": 5_000, "size": 2_500, "status": "uploaded", "received": 2_500});
        assert_eq!((&told["chunks"][2], &told["chunks"][0]["status"]), (&expected, &json!("pending")));
        let (_, listed) = answer(service.request(Method::GET, "/v1/workspace/uploads")).await;
        assert_eq!(listed["uploads"], json!([told]));
    }
    for number in [0, 1, 3] {
        assert_eq!(put(&other, id(&plan), number, piece(&plan, number, &file)).await.0, 200);
    }
    assert_eq!(complete(&setting, id(&plan)).await.0, 200);
    assert_eq!(fs::read(setting.root.join("x.bin")).unwrap(), file);
    let (_, listed) = answer(setting.request(Method::GET, "/v1/workspace/uploads")).await;
    assert_eq!(listed, json!({"uploads": []}));
}

#[tokio::test]
async fn what_is_cancelled_leaves_nothing_behind() {
    let setting = setting().await;
    let file = content(SIZE);
    let plan = begin(&setting, "x.bin", SIZE).await;
    put(&setting, id(&plan), 0, piece(&plan, 0, &file)).await;
    let path = format!("/v1/workspace/upload/{}", id(&plan));
    let cancelled = json!({"upload_id": id(&plan), "status": "cancelled"});
    assert_eq!(answer(setting.request(Method::DELETE, &path)).await, (200, cancelled));
    let (status, problem) = put(&setting, id(&plan), 1, piece(&plan, 1, &file)).await;
    assert_eq!((status, &problem["error_code"]), (409, &json!("UPLOAD_CANCELLED")));
    assert_eq!(complete(&setting, id(&plan)).await.1["error_code"], "UPLOAD_CANCELLED");
    assert!(!setting.root.join(".troupe-uploads").join(id(&plan)).join("data").exists());
    assert_eq!(answer(setting.request(Method::DELETE, "/v1/workspace/upload/none")).await.0, 404);
}

/// A request for a piece that has sent wrong bytes, and sends nothing more while the first of the two is there.
async fn held(
    setting: &Setting,
    id: &str,
    number: usize,
) -> (Sender<Vec<u8>>, JoinHandle<reqwest::Result<reqwest::Response>>) {
    let (more, rest) = channel::<Vec<u8>>(1);
    more.send(vec![0xee; 1_000]).await.unwrap();
    let slow = ReceiverStream::new(rest).map(Ok::<_, std::io::Error>);
    let path = format!("/v1/workspace/upload/{id}/chunk/{number}");
    let request = setting.request(Method::PUT, &path).header("content-length", 2_500).body(Body::wrap_stream(slow));
    let first = setting.app.tasks.spawn(request.send());
    loop {
        let (_, told) = answer(setting.request(Method::GET, &format!("/v1/workspace/upload/{id}"))).await;
        let chunk = &told["chunks"][number];
        if chunk["received"] == 1_000 {
            assert_eq!(chunk["status"], "uploading");
            return (more, first);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_piece_that_broke_off_is_sent_again() {
    let setting = setting().await;
    let file = content(SIZE);
    let plan = begin(&setting, "x.bin", SIZE).await;
    let (more, first) = held(&setting, id(&plan), 0).await;
    assert_eq!(complete(&setting, id(&plan)).await.0, 409);
    assert_eq!(put(&setting, id(&plan), 0, piece(&plan, 0, &file)).await.0, 200);
    drop(more);
    let first = first.await.unwrap();
    assert!(first.is_err() || first.unwrap().status() == 409, "the newest request wins");
    for number in 1..4 {
        put(&setting, id(&plan), number, piece(&plan, number, &file)).await;
    }
    assert_eq!(complete(&setting, id(&plan)).await.0, 200);
    assert_eq!(fs::read(setting.root.join("x.bin")).unwrap(), file);
}

#[tokio::test]
async fn a_piece_that_is_sent_anew_is_not_there_until_it_is_whole() {
    let setting = setting().await;
    let file = content(SIZE);
    let plan = begin(&setting, "x.bin", SIZE).await;
    for number in 0..4 {
        put(&setting, id(&plan), number, piece(&plan, number, &file)).await;
    }
    let (more, first) = held(&setting, id(&plan), 1).await;
    first.abort();
    drop(more);
    let (status, problem) = loop {
        let (status, problem) = complete(&setting, id(&plan)).await;
        if !problem["error"].as_str().unwrap_or_default().contains("is being sent") {
            break (status, problem);
        }
    };
    assert_eq!(status, 409, "{problem}");
    put(&setting, id(&plan), 1, piece(&plan, 1, &file)).await;
    assert_eq!(complete(&setting, id(&plan)).await.0, 200);
    assert_eq!(fs::read(setting.root.join("x.bin")).unwrap(), file);
}

#[tokio::test]
async fn variables_say_how_files_are_cut() {
    let setting = Setting::new().await;
    for (key, value) in [("UPLOAD_PARALLEL_SIZE", "1K"), ("UPLOAD_PARALLEL_MAX_THREADS", "99")] {
        let set = json!({"key": key, "value": value});
        assert_eq!(answer(setting.request(Method::POST, "/v1/env").json(&set)).await.0, 200);
    }
    let plan = begin(&setting, "x", 100 * 1_024).await;
    assert_eq!(
        (&plan["parallel_size"], &plan["parallel_max_threads"], &plan["chunk_count"]),
        (&json!(1_024), &json!(32), &json!(32))
    );
}
