//! Rename, duplicate, delete, and folders (S1-172 to S1-175).

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use reqwest::Method;
use serde_json::{Value, json};

use crate::setting::Setting;

fn without_time(mut info: Value) -> Value {
    assert!(info["modified"].is_i64(), "{info}");
    info["modified"] = Value::Null;
    info
}

#[tokio::test]
async fn a_file_gets_another_name_in_its_folder() {
    let setting = Setting::new().await;
    setting.write("sub/a.txt", "one");
    setting.write("sub/taken.txt", "two");
    let (status, info) = setting.post("rename", json!({"path": setting.whole("sub/a.txt"), "new_name": "b.md"})).await;
    assert_eq!(status, 200, "{info}");
    let expected = json!({"name": "b.md", "path": setting.whole("sub/b.md"), "is_dir": false, "size": 3, "modified": null, "mime_type": "text/markdown"});
    assert_eq!(without_time(info), expected);
    for name in ["a/b", "a\\b", "a:b", "taken.txt", "", ".", "..", "a\u{0}b", &"x".repeat(256)] {
        let (status, problem) = setting.post("rename", json!({"path": "sub/b.md", "new_name": name})).await;
        assert_eq!(status, 400, "{name:?}: {problem}");
    }
    assert_eq!(fs::read_to_string(setting.root.join("sub/taken.txt")).unwrap(), "two");
    assert_eq!(setting.post("rename", json!({"path": "missing", "new_name": "x"})).await.0, 404);
    assert_eq!(setting.post("rename", json!({"path": ".", "new_name": "x"})).await.0, 400);
    assert_eq!(setting.post("rename", json!({"path": "sub"})).await.0, 400);
    let (_, info) = setting.post("rename", json!({"path": "sub", "new_name": "other"})).await;
    assert_eq!(
        (&info["is_dir"], &info["size"], &info["mime_type"]),
        (&json!(true), &json!(0), &json!("inode/directory"))
    );
}

#[tokio::test]
async fn a_copy_has_the_next_free_number() {
    let setting = Setting::new().await;
    setting.write("a.txt", "one");
    setting.write("folder/deep/x.txt", "deep");
    std::os::unix::fs::symlink("x.txt", setting.root.join("folder/deep/link")).unwrap();
    let copy = async |path: &str| setting.post("duplicate", json!({"path": path})).await.1["name"].clone();
    assert_eq!((copy("a.txt").await, copy("a.txt").await), (json!("a (1).txt"), json!("a (2).txt")));
    assert_eq!((copy("folder").await, copy("folder").await), (json!("folder (1)"), json!("folder (2)")));
    assert_eq!(fs::read_to_string(setting.root.join("folder (2)/deep/x.txt")).unwrap(), "deep");
    assert_eq!(fs::read_link(setting.root.join("folder (1)/deep/link")).unwrap().to_str(), Some("x.txt"));
    assert_eq!(fs::read_to_string(setting.root.join("a (1).txt")).unwrap(), "one");
    assert_eq!(setting.post("duplicate", json!({"path": "/"})).await.0, 400);
    assert_eq!(setting.post("duplicate", json!({"path": "none"})).await.0, 404);
    assert_eq!(names(&setting).len(), 6, "{:?}", names(&setting));
}

/// The names in the workspace's own folder.
fn names(setting: &Setting) -> Vec<String> {
    let entries = fs::read_dir(&setting.root).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_copy_has_entries_of_any_name() {
    let setting = Setting::new().await;
    let name = OsStr::from_bytes(b"caf\xe9");
    fs::create_dir_all(setting.root.join("folder").join(name)).unwrap();
    fs::write(setting.root.join("folder").join(name).join(name), "latin").unwrap();
    std::os::unix::fs::symlink(name, setting.root.join("folder/link")).unwrap();
    let (status, info) = setting.post("duplicate", json!({"path": "folder"})).await;
    assert_eq!((status, &info["name"]), (200, &json!("folder (1)")), "{info}");
    let copy = setting.root.join("folder (1)");
    assert_eq!(fs::read_to_string(copy.join(name).join(name)).unwrap(), "latin");
    assert_eq!(fs::read_link(copy.join("link")).unwrap(), name);
}

#[tokio::test]
async fn what_cannot_be_copied_whole_is_not_copied_at_all() {
    let setting = Setting::new().await;
    setting.write("folder/deep/x.txt", "x");
    for pipe in ["folder/deep/pipe", "pipe"] {
        let (path, own) = (setting.root.join(pipe), rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, own, 0).unwrap();
    }
    for (path, named) in [("folder", "folder/deep/pipe"), ("pipe", "pipe")] {
        let (status, problem) = setting.post("duplicate", json!({"path": path})).await;
        let said = format!(
            "\"{named}\" is a pipe, a socket or a device, which cannot be copied; delete it or move it elsewhere first"
        );
        assert_eq!((status, &problem["error"]), (400, &json!(said)), "{problem}");
    }
    assert_eq!(names(&setting), ["folder", "pipe"]);
}

#[tokio::test]
async fn a_copy_whose_name_would_be_too_long_is_told_as_that() {
    let setting = Setting::new().await;
    let (fits, long) = (format!("{}.txt", "a".repeat(247)), format!("{}.txt", "b".repeat(251)));
    for name in [&fits, &long] {
        setting.write(name, "");
    }
    assert_eq!(setting.post("duplicate", json!({"path": fits})).await.0, 200);
    let (status, problem) = setting.post("duplicate", json!({"path": long})).await;
    let said = "Invalid value for field path: the name of a copy would be longer than 255 bytes; rename it first";
    assert_eq!((status, &problem["error"]), (400, &json!(said)), "{problem}");
    assert_eq!(names(&setting).len(), 3, "{:?}", names(&setting));
}

#[tokio::test]
async fn what_is_deleted_is_gone_with_everything_in_it() {
    let setting = Setting::new().await;
    setting.write("folder/deep/x.txt", "x");
    setting.write("kept.txt", "kept");
    std::os::unix::fs::symlink(setting.root.join("kept.txt"), setting.root.join("folder/link")).unwrap();
    let path = setting.whole("folder");
    let (status, gone) = setting.send(Method::DELETE, "delete", json!({"path": path})).await;
    assert_eq!((status, gone), (200, json!({"status": "deleted", "path": path})));
    assert!(!setting.root.join("folder").exists() && setting.root.join("kept.txt").exists());
    for (path, status) in
        [(setting.whole(""), 400), (".".to_owned(), 400), ("none".to_owned(), 404), ("..".to_owned(), 400)]
    {
        assert_eq!(setting.send(Method::DELETE, "delete", json!({"path": path})).await.0, status, "{path}");
    }
    assert!(setting.root.exists());
}

#[tokio::test]
async fn a_folder_is_made_once() {
    let setting = Setting::new().await;
    let (status, info) = setting.post("folder", json!({"path": "new/in/side"})).await;
    assert_eq!((status, &info["name"], &info["is_dir"]), (201, &json!("side"), &json!(true)), "{info}");
    assert_eq!(setting.post("folder", json!({"path": "new/in/side"})).await.0, 400);
    for path in ["../x", "/tmp/x", ".", ".troupe-uploads", ".troupe-mine"] {
        assert!(matches!(setting.post("folder", json!({"path": path})).await.0, 400 | 404), "{path}");
    }
}
