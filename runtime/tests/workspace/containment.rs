//! Nothing outside the workspace is read, listed, searched, written, renamed or deleted: by generated paths, and while
//! folders are swapped for links.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::setting::{Setting, answer};

/// What no answer may hold.
const HIDDEN: &str = "hidden needle";

/// A workspace with links that lead out, and what they lead to.
async fn place() -> Setting {
    let setting = Setting::new().await;
    let outside = setting.outside();
    fs::create_dir(outside.join("folder")).unwrap();
    fs::write(outside.join("secret.txt"), HIDDEN).unwrap();
    fs::write(outside.join("folder/secret.txt"), HIDDEN).unwrap();
    setting.write("inside/own.txt", "own");
    symlink("../outside", setting.root.join("up")).unwrap();
    symlink(&outside, setting.root.join("absolute")).unwrap();
    symlink("../outside/secret.txt", setting.root.join("file")).unwrap();
    symlink("/proc/self/root", setting.root.join("inside/proc")).unwrap();
    symlink("..", setting.root.join("inside/parent")).unwrap();
    symlink("loop", setting.root.join("loop")).unwrap();
    setting
}

/// Every file outside, with what is in it.
fn outside(setting: &Setting) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![setting.outside()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_folder = path.is_dir() && !path.is_symlink();
            let content = if is_folder { String::new() } else { fs::read_to_string(&path).unwrap() };
            found.insert(path.display().to_string(), content);
            if is_folder {
                waiting.push(path);
            }
        }
    }
    found
}

/// Everything that may be done with a path; the answers as texts.
async fn everything(setting: &Setting, path: &str) -> String {
    let mut told = String::new();
    for (route, more) in [
        ("list", "&restrict=0"),
        ("tree", ""),
        ("children", ""),
        ("search", "&query=needle"),
        ("search", "&query=secret&in=name"),
        ("content", "&restrict=0"),
        ("download", ""),
        ("thumbnail", ""),
    ] {
        let (_, body) = setting.get(route, path, more).await;
        told.push_str(&body.to_string());
    }
    for (method, route, body) in [
        (Method::POST, "folder", json!({"path": format!("{path}/made")})),
        (Method::POST, "duplicate", json!({"path": path})),
        (Method::POST, "rename", json!({"path": path, "new_name": "renamed"})),
    ] {
        told.push_str(&setting.send(method, route, body).await.1.to_string());
    }
    upload(setting, &format!("{path}/uploaded.txt")).await;
    upload(setting, path).await;
    told.push_str(&setting.send(Method::DELETE, "delete", json!({"path": path})).await.1.to_string());
    told
}

async fn upload(setting: &Setting, target: &str) {
    let begin = json!({"workspace_id": "default", "file_name": "x", "file_size": 3, "target_path": target});
    let (status, plan) = setting.post("upload/init", begin).await;
    if status != 200 {
        return;
    }
    let id = plan["upload_id"].as_str().unwrap();
    let path = format!("/v1/workspace/upload/{id}/chunk/0");
    assert_eq!(answer(setting.request(Method::PUT, &path).body("new")).await.0, 200);
    let _ = setting.post(&format!("upload/{id}/complete"), Value::Null).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_path_leads_out(
        absolute in any::<bool>(),
        parts in prop::collection::vec(prop_oneof![
            "\\.\\.", "\\.", "up", "absolute", "file", "inside", "proc", "parent", "loop", "secret\\.txt", "own\\.txt",
            "folder", "etc", "passwd", "new", "%2e%2e", "\\\\", "\\.troupe-uploads", "workspace", "outside", "",
        ], 1..7),
    ) {
        Runtime::new().unwrap().block_on(async {
            let setting = place().await;
            let before = outside(&setting);
            let path = if absolute { format!("{}/{}", setting.root.display(), parts.join("/")) } else { parts.join("/") };
            let told = everything(&setting, &path).await;
            assert!(!told.contains(HIDDEN) && !told.contains("root:x"), "{path}: {told}");
            assert_eq!(outside(&setting), before, "{path}");
            assert!(setting.root.is_dir());
        });
    }
}

/// Swaps a folder of the workspace and a link that leads out, until it is told to end.
fn swapping(root: &Path, outside: &Path, stop: &Arc<AtomicBool>) -> std::thread::JoinHandle<u64> {
    let (root, outside, stop) = (root.to_owned(), outside.to_owned(), Arc::clone(stop));
    std::thread::spawn(move || {
        let (door, real, link) = (root.join("door"), root.join("real"), root.join("link"));
        let mut swaps = 0;
        while !stop.load(Ordering::Relaxed) {
            drop(symlink(&outside, &link));
            // Either may be missing at the moment: the requests delete and rename, too.
            drop(fs::rename(&door, &real));
            drop(fs::rename(&link, &door));
            drop(fs::remove_file(&door));
            drop(fs::rename(&real, &door));
            drop(fs::create_dir_all(door.join("folder")));
            drop(fs::write(door.join("secret.txt"), "own needle"));
            drop(fs::write(door.join("folder/secret.txt"), "own needle"));
            swaps += 1;
        }
        swaps
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leads_out_while_folders_are_swapped_for_links() {
    let setting = place().await;
    let before = outside(&setting);
    let stop = Arc::new(AtomicBool::new(false));
    let swapper = swapping(&setting.root, &setting.outside(), &stop);
    for round in 0..60 {
        for path in ["door", "door/secret.txt", "door/folder", "door/folder/secret.txt"] {
            let told = everything(&setting, path).await;
            assert!(!told.contains(HIDDEN), "round {round}, {path}: {told}");
        }
        assert_eq!(outside(&setting), before, "round {round}");
    }
    stop.store(true, Ordering::Relaxed);
    let swaps = swapper.join().unwrap();
    assert!(swaps > 50, "{swaps} swaps are too few to mean anything");
}
