//! Search (S1-168).

use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::setting::{Setting, answer, encoded, header, names};

async fn found(setting: &Setting, query: &str, more: &str) -> Vec<String> {
    let (status, files) = setting.get("search", ".", &format!("&query={}{more}", encoded(query))).await;
    assert_eq!(status, 200, "{files}");
    names(&files).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn texts_are_found_as_they_are_with_and_and_or() {
    let setting = Setting::new().await;
    for (path, content) in [
        ("a.txt", "apple pear"),
        ("b.txt", "pear\n…\nplum (1)"),
        ("deep/er/c.md", "Apple"),
        (".git/x.txt", "apple"),
        ("node_modules/x.txt", "apple"),
        ("dist/x.txt", "apple"),
        (".hidden.txt", "quince"),
    ] {
        setting.write(path, content);
    }
    setting.write("binary.bin", b"apple\0apple");
    symlink(setting.root.join("a.txt"), setting.root.join("link.txt")).unwrap();
    for (query, expected) in [
        ("apple", vec!["a.txt", "c.md"]),
        ("Apple", vec!["c.md"]),
        ("pear plum", vec!["b.txt"]),
        ("pear apple", vec!["a.txt"]),
        ("plum|apple", vec!["a.txt", "b.txt", "c.md"]),
        ("plum quince|Apple", vec!["c.md"]),
        ("(1)", vec!["b.txt"]),
        ("app.e", vec![]),
        ("quince", vec![".hidden.txt"]),
        ("-e", vec![]),
    ] {
        assert_eq!(found(&setting, query, "").await, expected, "{query}");
    }
    assert_eq!(found(&setting, "b.TXT", "&in=name").await, Vec::<String>::new(), "capitals are as they are written");
    assert_eq!(found(&setting, "txt|deep", "&in=name").await, [".hidden.txt", "a.txt", "b.txt", "deep"]);
    assert_eq!(found(&setting, "plum|c.m", "&in=all").await, ["b.txt", "c.md"]);
}

#[tokio::test]
async fn what_was_found_is_shown_as_in_lists_and_no_more_than_was_asked_for() {
    let setting = Setting::with(|settings| settings.search_max_results = 3).await;
    for number in 0..5 {
        setting.write(&format!("{number}.txt"), "needle");
    }
    let response = setting.ask("search", ".", "&query=needle").send().await.unwrap();
    assert_eq!(header(&response, "x-search-cut"), "true");
    let files: Value = response.json().await.unwrap();
    assert_eq!(files.as_array().unwrap().len(), 3);
    assert_eq!(
        (&files[0]["size"], &files[0]["is_text"], &files[0]["is_dir"]),
        (&json!(6), &json!(true), &json!(false))
    );
    assert_eq!(files[0]["path"], setting.whole(files[0]["name"].as_str().unwrap()));
    let set = json!({"key": "SEARCH_MAX_RESULTS", "value": "5"});
    assert_eq!(answer(setting.request(Method::POST, "/v1/env").json(&set)).await.0, 200);
    let response = setting.ask("search", ".", "&query=needle").send().await.unwrap();
    assert_eq!(header(&response, "x-search-cut"), "");
}

#[tokio::test]
async fn a_search_without_words_or_elsewhere_is_refused() {
    let setting = Setting::new().await;
    for (path, query) in [(".", ""), (".", "%20%7C%20"), ("..", "x"), ("/etc", "root"), ("missing", "x")] {
        let (status, _) = setting.get("search", path, &format!("&query={query}")).await;
        assert!(status == 400 || (path == "missing" && status == 404), "{path} {query}: {status}");
    }
}

#[tokio::test]
async fn a_hundred_thousand_files_are_searched_quickly() {
    let setting = Setting::new().await;
    let root = setting.root.clone();
    tokio::task::spawn_blocking(move || {
        for number in 0..100_000 {
            let folder = root.join(format!("folder-{}", number % 100));
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("{number}.txt")), format!("some text of file {number}.")).unwrap();
        }
    })
    .await
    .unwrap();
    let began = Instant::now();
    assert_eq!(found(&setting, "file 77777.", "").await, ["77777.txt"]);
    let took = began.elapsed();
    println!("a search in 100,000 files took {took:?}");
    assert!(took < Duration::from_secs(25), "{took:?}");
}
