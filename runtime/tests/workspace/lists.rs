//! Lists, trees, children (S1-163 to S1-167).

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::setting::{Setting, answer, names};

#[tokio::test]
async fn a_list_has_folders_first_and_then_names_in_any_case() {
    let setting = Setting::new().await;
    for name in ["b.txt", "A.png", "c.MP3", "d.mp4", "Zeta/x", "alpha/y", ".hidden"] {
        setting.write(name, "12345");
    }
    let (status, listed) = setting.get("list", &setting.whole(""), "").await;
    assert_eq!(status, 200, "{listed}");
    assert_eq!(names(&listed["files"]), ["alpha", "Zeta", ".hidden", "A.png", "b.txt", "c.MP3", "d.mp4"]);
    assert_eq!((&listed["has_more"], &listed["total"]), (&json!(false), &json!(7)));
    let mut file = listed["files"][4].clone();
    let modified = file["modified"].take().as_i64().unwrap();
    let now = setting.app.clock.now() / 1_000;
    assert!((now - modified).abs() < 60_000, "{modified} is in milliseconds");
    let expected = json!({"name": "b.txt", "path": setting.whole("b.txt"), "is_dir": false, "size": 5, "modified": null,
        "is_text": true, "is_image": false, "is_audio": false, "is_video": false});
    assert_eq!(file, expected);
    let folder = &listed["files"][0];
    assert_eq!((&folder["is_dir"], &folder["size"], &folder["is_text"]), (&json!(true), &json!(0), &json!(false)));
    let kinds = |index: usize| {
        let file = &listed["files"][index];
        ["is_text", "is_image", "is_audio", "is_video"].map(|kind| file[kind].as_bool().unwrap())
    };
    assert_eq!(kinds(3), [false, true, false, false]);
    assert_eq!((kinds(5), kinds(6)), ([false, false, true, false], [false, false, false, true]));
    let (_, same) = setting.get("list", ".", "&restrict=1").await;
    assert_eq!(same, listed);
}

#[tokio::test]
async fn a_list_has_pages() {
    let setting = Setting::new().await;
    for number in 0..7 {
        setting.write(&format!("many/{number}.txt"), "");
    }
    let page = async |query: &str| {
        let (_, listed) = setting.get("list", "many", query).await;
        (names(&listed["files"]).join(" "), listed["has_more"].as_bool().unwrap(), listed["total"].as_u64().unwrap())
    };
    assert_eq!(page("&page=1&page_size=3").await, ("0.txt 1.txt 2.txt".to_owned(), true, 7));
    assert_eq!(page("&page=3&page_size=3").await, ("6.txt".to_owned(), false, 7));
    assert_eq!(page("&page=9&page_size=3").await, (String::new(), false, 7));
    for query in ["&page=0", "&page_size=0", "&page_size=10001", "&page=x"] {
        assert_eq!(setting.get("list", "many", query).await.0, 400, "{query}");
    }
}

#[tokio::test]
async fn what_is_no_folder_of_the_workspace_is_refused() {
    let setting = Setting::new().await;
    setting.write("file.txt", "x");
    for path in ["file.txt", "missing", "..", "/", "/etc", "a/../..", "../workspace"] {
        for more in ["", "&restrict=0", "&restrict=1"] {
            let (status, problem) = setting.get("list", path, more).await;
            assert_eq!(status, 400, "{path}{more}: {problem}");
            assert!(problem["error"].as_str().unwrap().contains(path), "{problem}");
        }
    }
    let (status, problem) = answer(setting.request(Method::GET, "/v1/workspace/list")).await;
    assert_eq!((status, &problem["error"]), (400, &json!("Missing required field: path")));
}

#[tokio::test]
async fn trees_and_children_are_of_folders_that_are_not_hidden() {
    let setting = Setting::new().await;
    for name in ["sub/inner/x", "Other/y", ".git/z", "file"] {
        setting.write(name, "");
    }
    let (status, tree) = setting.get("tree", &setting.whole(""), "").await;
    let child = |name: &str| json!({"name": name, "path": setting.whole(name), "is_root": false});
    let root = setting.whole("").trim_end_matches('/').to_owned();
    let expected =
        json!([{"name": "workspace", "path": root, "is_root": true, "children": [child("Other"), child("sub")]}]);
    assert_eq!((status, names(&tree)), (200, vec!["workspace"]));
    assert_eq!(tree[0]["children"], expected[0]["children"]);
    let (_, roots) = answer(setting.request(Method::GET, "/v1/workspace/children?path=")).await;
    assert_eq!(names(&roots), ["workspace"]);
    let (_, below) = setting.get("children", roots[0]["path"].as_str().unwrap(), "").await;
    assert_eq!(names(&below), ["Other", "sub"]);
    let (_, inner) = setting.get("children", "sub", "").await;
    assert_eq!(inner, json!([{"name": "inner", "path": setting.whole("sub/inner")}]));
    for path in ["/", "/etc", ".."] {
        assert_eq!(setting.get("children", path, "").await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn every_name_that_is_utf8_survives() {
    let setting = Setting::new().await;
    let strange = [
        "übung.txt",
        "a b",
        "日本語.md",
        "emoji 🎭.png",
        "q?x=1&y#z",
        "100%",
        "tab\tnew\nline",
        "-rf",
        "~",
        "quote\"'`",
        "a:b\\c",
    ];
    for name in strange {
        setting.write(name, name);
    }
    let (_, listed) = setting.get("list", ".", "").await;
    let mut found = names(&listed["files"]);
    let mut expected = strange.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    for file in listed["files"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        let response = setting.ask("content", path, "").send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), file["name"].as_str().unwrap());
    }
}

#[tokio::test]
async fn a_hundred_thousand_files_are_listed_quickly() {
    let setting = Setting::new().await;
    let folder = setting.root.join("many");
    std::fs::create_dir(&folder).unwrap();
    tokio::task::spawn_blocking(move || {
        for number in 0..100_000 {
            std::fs::File::create(folder.join(format!("file-{number}.txt"))).unwrap();
        }
    })
    .await
    .unwrap();
    let began = Instant::now();
    let (status, listed): (u16, Value) = setting.get("list", "many", "&page=500&page_size=100").await;
    let took = began.elapsed();
    assert_eq!((status, &listed["total"], listed["files"].as_array().unwrap().len()), (200, &json!(100_000), 100));
    println!("a page of 100,000 files took {took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}
