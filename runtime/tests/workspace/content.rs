//! Files sent, in whole and in part (S1-169, S1-170).

use std::os::unix::fs::symlink;

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::setting::{Setting, answer, header, names};

async fn text(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn a_file_comes_with_its_type_and_its_bytes() {
    let setting = Setting::new().await;
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    setting.write("picture.png", &bytes);
    setting.write("notes.txt", "words");
    let response = setting.ask("content", &setting.whole("picture.png"), "&restrict=1").send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "content-type")), (200, "image/png".to_owned()));
    assert_eq!(
        (header(&response, "content-length"), header(&response, "accept-ranges")),
        ("300000".into(), "bytes".into())
    );
    assert_eq!(
        header(&response, "content-disposition"),
        "inline; filename=\"picture.png\"; filename*=UTF-8''picture.png"
    );
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    assert_eq!(response.bytes().await.unwrap(), bytes);
    let response = setting.ask("content", "notes.txt", "").send().await.unwrap();
    assert_eq!(header(&response, "content-type"), "text/plain; charset=utf-8");
    for (path, status) in [("missing", 404), (".", 400), ("..", 400), ("/etc/passwd", 400)] {
        for more in ["", "&restrict=0"] {
            assert_eq!(setting.get("content", path, more).await.0, status, "{path}{more}");
            assert_eq!(setting.get("download", path, more).await.0, status, "{path}{more}");
        }
    }
}

#[tokio::test]
async fn a_part_of_a_file_is_read() {
    let setting = Setting::new().await;
    setting.write("film.mp4", "0123456789");
    let ask = |range: &str| setting.ask("content", "film.mp4", "").header("range", range);
    let response = ask("bytes=2-4").send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "content-range")), (206, "bytes 2-4/10".to_owned()));
    assert_eq!(
        (header(&response, "content-length"), header(&response, "content-type")),
        ("3".into(), "video/mp4".into())
    );
    let tag = header(&response, "etag");
    assert_eq!(response.text().await.unwrap(), "234");
    assert_eq!(text(ask("bytes=-3")).await, (206, "789".to_owned()));
    assert_eq!(text(ask("bytes=0-1,4-5")).await, (200, "0123456789".to_owned()));
    let response = ask("bytes=10-").send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "content-range")), (416, "bytes */10".to_owned()));
    assert_eq!(text(ask("bytes=0-0").header("if-range", &tag)).await, (206, "0".to_owned()));
    let whole = setting.ask("content", "film.mp4", "").header("if-none-match", &tag);
    assert_eq!(text(whole).await, (304, String::new()));
    let head = setting.request(Method::HEAD, "/v1/workspace/content?path=film.mp4").send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), header(&head, "content-length"), header(&head, "etag")),
        (200, "10".into(), tag.clone())
    );
    setting.write("film.mp4", "abcdefghij");
    assert_eq!(text(ask("bytes=0-0").header("if-range", &tag)).await, (200, "abcdefghij".to_owned()));
}

#[tokio::test]
async fn what_a_browser_would_run_is_never_shown_as_it_is() {
    let setting = Setting::new().await;
    for name in ["a.html", "a.xhtml", "a.svg", "a.xml", "a.js", "a.css"] {
        setting.write(name, "<script>alert(1)</script>");
        let response = setting.ask("content", name, "").send().await.unwrap();
        assert!(header(&response, "content-disposition").starts_with("attachment"), "{name}");
        let policy = header(&response, "content-security-policy");
        assert!(policy.starts_with("sandbox; default-src 'none'"), "{name}: {policy}");
        let kind = header(&response, "content-type");
        assert!(kind.starts_with("text/plain") || name == "a.svg", "{name}: {kind}");
    }
}

#[tokio::test]
async fn a_file_to_be_kept_has_its_name() {
    let setting = Setting::new().await;
    setting.write("Größe 1.txt", "x");
    let response = setting.ask("download", "Größe 1.txt", "").send().await.unwrap();
    let expected = "attachment; filename=\"Gr__e 1.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.txt";
    assert_eq!(header(&response, "content-disposition"), expected);
}

#[tokio::test]
async fn the_files_of_a_session_are_those_of_its_workspace() {
    let setting = Setting::new().await;
    let other = setting.outside();
    std::fs::write(other.join("made.txt"), "by an agent").unwrap();
    let body = json!({"workspace": other.display().to_string()});
    let (status, session) = answer(setting.request(Method::POST, "/v1/sessions").json(&body)).await;
    assert_eq!(status, 201, "{session}");
    let named = format!("&session_id={}", session["session_id"].as_str().unwrap());
    assert_eq!(text(setting.ask("content", "made.txt", &named)).await, (200, "by an agent".to_owned()));
    assert_eq!(setting.get("content", "made.txt", "").await.0, 404);
    assert_eq!(setting.get("content", "made.txt", "&session_id=none").await.0, 404);
}

#[tokio::test]
async fn pipes_are_no_files() {
    let setting = Setting::new().await;
    let path = setting.root.join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    assert_eq!(setting.get("content", "pipe", "").await.0, 400);
    assert_eq!(setting.get("search", ".", "&query=x").await.1, json!([]));
    assert_eq!(setting.get("list", ".", "").await.1["total"], 1);
}

#[tokio::test]
async fn a_link_with_a_whole_path_leads_to_what_is_in_the_workspace_and_nowhere_else() {
    let setting = Setting::new().await;
    setting.write("notes/today.txt", "Danube");
    std::fs::write(setting.outside().join("secret.txt"), "hidden").unwrap();
    for (target, link) in [
        (setting.root.join("notes/today.txt"), "file"),
        (setting.root.join("notes"), "folder"),
        (setting.root.join("sub/../folder"), "through"),
        (setting.root.clone(), "notes/root"),
        (setting.outside().join("secret.txt"), "out"),
        (setting.root.join("../outside/secret.txt"), "up"),
        (setting.root.join("one"), "other"),
        (setting.root.join("other"), "one"),
        ("self".into(), "self"),
    ] {
        symlink(target, setting.root.join(link)).unwrap();
    }
    std::fs::create_dir(setting.root.join("sub")).unwrap();
    for path in ["file", "folder/today.txt", "through/today.txt", "notes/root/through/root/file"] {
        assert_eq!(setting.get("content", path, "").await, (200, json!("Danube")), "{path}");
    }
    for (path, said) in [("out", "outside"), ("up", "outside"), ("one", "in a circle"), ("self", "in a circle")] {
        let (status, problem) = setting.get("download", path, "").await;
        assert!(status == 400 && problem["error"].as_str().unwrap().contains(said), "{path}: {problem}");
    }
    let (_, listed) = setting.get("list", "folder", "").await;
    assert_eq!(names(&listed["files"]), ["root", "today.txt"], "{listed}");
    let (status, made) = setting.post("folder", json!({"path": "folder/new/deep"})).await;
    assert_eq!(status, 201, "{made}");
    assert!(setting.root.join("notes/new/deep").is_dir());
}
