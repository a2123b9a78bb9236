//! `troupe serve` as a process.

use serde_json::Value;
use troupe_model_server::{Pace, Rule, Scenario};

use super::bench::{Running, folder_with_model, repository, start, troupe, try_troupe, with_input};

/// Waits for the line that says where the service is.
pub(crate) async fn ready(process: &mut Running) -> (String, Value) {
    let line: Value = serde_json::from_str(&process.line_with("\"ready\"").await).unwrap();
    (line["url"].as_str().unwrap().to_owned(), line)
}

#[tokio::test]
async fn a_service_says_where_it_is_answers_and_stops_when_told() {
    let place = folder_with_model(Scenario::of([Rule::text("Hello, {{last_user}}!")])).await;
    let mut arguments = place.serve();
    arguments.extend(["--metrics", "127.0.0.1:0"].map(str::to_owned));
    let mut service = start(&arguments);
    let (url, line) = ready(&mut service).await;
    assert_eq!((&line["agents"], &line["findings"]), (&1.into(), &0.into()));

    let end = troupe(&["ask", "--url", &url, "assistant", "Ada"], &[]).await;
    assert_eq!((end.answer.as_str(), end.beside.as_str()), ("Hello, Ada!\n", ""));
    let end = troupe(&["ask", "assistant", "Bob", "--session", "new"], &[("TROUPE_URL", &url)]).await;
    assert_eq!(end.answer, "Hello, Bob!\n");
    assert!(end.beside.starts_with("session "), "{}", end.beside);
    let end = try_troupe(&["ask", "--url", &url, "nobody", "Ada"], &[]).await;
    assert_eq!((end.code, end.beside.contains("nobody")), (1, true), "{}", end.beside);

    // Two runs, each counted once.
    let metrics = line["metrics"].as_str().unwrap();
    let text = fetch(metrics).await;
    assert!(text.contains("troupe_runs_total{agent=\"assistant\",outcome=\"completed\"} 2"), "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");

    let end = troupe(&["ask", "--url", &url, "assistant", "Eve", "--session", "gone"], &[]).await;
    assert_eq!((end.answer.as_str(), end.beside.contains("there is no session gone")), ("Hello, Eve!\n", true));

    service.signal("TERM").await;
    assert_eq!(service.code().await, 0);
    let end = try_troupe(&["ask", "--url", &url, "assistant", "Ada"], &[]).await;
    assert_eq!((end.code, end.beside.contains("troupe serve DIR")), (1, true), "{}", end.beside);
}

async fn fetch(url: &str) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.get(url).send().await.unwrap().error_for_status().unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_port_and_a_data_folder_in_use_are_named_with_a_remedy() {
    let place = folder_with_model(Scenario::default()).await;
    let mut service = start(&place.serve());
    let (url, _) = ready(&mut service).await;
    let address = url.trim_start_matches("http://");

    let end = with_input(&place.serve(), "").await;
    let expected = format!("troupe: the data directory {} is in use by process", place.path("data"));
    assert_eq!((end.code, end.beside.starts_with(&expected)), (1, true), "{}", end.beside);

    let example = repository().join("examples/quickstart");
    let end = try_troupe(&["serve", example.to_str().unwrap(), "--listen", address], &[]).await;
    let expected =
        format!("troupe: {address} is in use; stop the program that has it, or choose another address with --listen\n");
    assert_eq!((end.code, end.beside), (1, expected));
}

#[tokio::test]
async fn a_token_is_asked_for_and_taken_from_a_file_or_a_variable() {
    let place = folder_with_model(Scenario::of([Rule::text("Hello!")])).await;
    std::fs::write(place.path("token"), "open sesame\n").unwrap();
    let mut arguments = place.serve();
    arguments.extend(["--token-file".to_owned(), place.path("token")]);
    let mut service = start(&arguments);
    let (url, _) = ready(&mut service).await;
    let ask = ["ask", "--url", &url, "assistant", "Ada"];
    let end = try_troupe(&ask, &[]).await;
    assert_eq!((end.code, end.beside.contains("401")), (1, true), "{}", end.beside);
    assert_eq!(try_troupe(&ask, &[("TROUPE_TOKEN", "guess")]).await.code, 1);
    assert_eq!(troupe(&ask, &[("TROUPE_TOKEN", "open sesame")]).await.answer, "Hello!\n");
    assert_eq!(troupe(&ask, &[("TROUPE_TOKEN_FILE", &place.path("token"))]).await.answer, "Hello!\n");
}

#[tokio::test]
async fn a_stop_waits_for_what_runs_unless_it_is_insisted_on() {
    let mut rule = Rule::text("one two three");
    rule.pace = Pace { hold_after: Some(1), ..Pace::default() };
    let place = folder_with_model(Scenario::of([rule])).await;
    let mut arguments = place.serve();
    arguments.extend(["--grace", "10m"].map(str::to_owned));
    let mut service = start(&arguments);
    let (url, _) = ready(&mut service).await;
    let mut asking = start(&["ask", "--url", &url, "--session", "new", "assistant", "count"].map(str::to_owned));
    asking.answer_contains("one").await;

    service.signal("INT").await;
    service.line_with("stopping").await;
    // It waits for the answer, whoever else says the same; only a person's second Ctrl-C is another word.
    service.signal("TERM").await;
    service.signal("INT").await;
    assert_eq!(service.code().await, 130);
    assert_eq!(asking.code().await, 1);
}

#[tokio::test]
async fn what_becomes_wrong_and_right_again_is_logged() {
    let place = folder_with_model(Scenario::default()).await;
    let mut service = start(&place.serve());
    ready(&mut service).await;
    std::fs::write(place.path("overlay/broken.yaml"), "apiVersion: troupe.dev/v1alpha1\nkind: Nonsense\n").unwrap();
    let line = service.line_with("broken.yaml").await;
    assert!(line.contains("\"ERROR\"") && line.contains("Nonsense"), "{line}");
    std::fs::remove_file(place.path("overlay/broken.yaml")).unwrap();
    service.line_with("well again").await;
}
