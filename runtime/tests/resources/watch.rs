//! `watch=true`: all objects of a kind, then each change, with a place to go on from.

use reqwest::Response;
use serde_json::Value;

use crate::mcp_server::{McpServer, TOKEN};
use crate::service::Service;

const MODEL: &str = "\
apiVersion: troupe.dev/v1alpha1
kind: Model
metadata: {name: NAME}
spec: {protocol: OpenAI, baseUrl: 'http://127.0.0.1:9/v1', model: tiny}
";

fn model(name: &str) -> String {
    MODEL.replace("NAME", name)
}

/// A stream of events.
struct Events {
    response: Response,
    text: String,
    id: Option<String>,
}

impl Events {
    async fn of(service: &Service, kind: &str, last: Option<&str>) -> Self {
        let response = service.stream(&format!("/v1/resources/{kind}?watch=true"), last).await;
        assert_eq!(response.status(), 200);
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
        Self { response, text: String::new(), id: None }
    }

    /// The next event.
    async fn next(&mut self) -> Value {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned())) {
                self.text = rest;
                self.id =
                    block.lines().find_map(|line| line.strip_prefix("id: ")).map(str::to_owned).or(self.id.take());
                if let Some(data) = block.lines().find_map(|line| line.strip_prefix("data: ")) {
                    return serde_json::from_str(data).unwrap();
                }
                continue;
            }
            let chunk = self.response.chunk().await.unwrap().expect("the stream goes on");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn a_list_is_followed_through_every_change() {
    let service = Service::start().await;
    service.write("resources/a.yaml", &model("a")).await;
    let mut events = Events::of(&service, "models", None).await;
    let first = events.next().await;
    assert_eq!(first["event"], "init");
    assert_eq!(first["items"].as_array().unwrap().len(), 1);
    assert_eq!(first["items"][0], service.get("/v1/resources/models/a").await.body);

    service.write("resources/b.yaml", &model("b")).await;
    let added = events.next().await;
    assert_eq!((&added["event"], &added["object"]["metadata"]["name"]), (&"added".into(), &"b".into()));
    service.write("resources/b.yaml", &model("b").replace("tiny", "[tiny")).await;
    let modified = events.next().await;
    assert_eq!(modified["event"], "modified");
    assert_eq!(modified["object"]["status"]["conditions"][0]["status"], "False");
    std::fs::remove_file(service.path("resources/a.yaml")).unwrap();
    service.app.catalog.reload().await;
    assert_eq!(events.next().await, serde_json::json!({"event": "deleted", "name": "a"}));
}

#[tokio::test]
async fn a_reader_goes_on_where_it_was_or_begins_anew() {
    let service = Service::start().await;
    service.write("resources/a.yaml", &model("a")).await;
    let mut events = Events::of(&service, "models", None).await;
    events.next().await;
    let last = events.id.take().unwrap();
    let mut resumed = Events::of(&service, "models", Some(&last)).await;
    service.write("resources/b.yaml", &model("b")).await;
    assert_eq!(resumed.next().await["event"], "added", "nothing had changed");
    for missed in [last.as_str(), "another-7", ""] {
        let mut anew = Events::of(&service, "models", Some(missed)).await;
        let first = anew.next().await;
        assert_eq!((&first["event"], first["items"].as_array().unwrap().len()), (&"init".into(), 2));
    }
    assert_eq!(service.get("/v1/resources/nothing?watch=true").await.status, 404);
}

#[tokio::test]
async fn what_a_resource_lacks_is_a_condition() {
    let service = Service::start().await;
    let lacking = model("a").replace("model: tiny", "model: tiny, apiKey: {secretKeyRef: {name: keys, key: a}}");
    service.write("resources/a.yaml", &lacking).await;
    let conditions = service.get("/v1/resources/models/a").await.body["status"]["conditions"].take();
    let told: Vec<(&str, &str, &str)> = conditions
        .as_array()
        .unwrap()
        .iter()
        .map(|said| {
            (said["type"].as_str().unwrap(), said["status"].as_str().unwrap(), said["reason"].as_str().unwrap())
        })
        .collect();
    assert_eq!(told, [("Ready", "False", "SecretNotFound"), ("SecretsResolved", "False", "SecretNotFound")]);
    service.app.catalog.set_secret("keys", "a", "value").await.unwrap();
    let conditions = service.get("/v1/resources/models/a").await.body["status"]["conditions"].take();
    assert_eq!((&conditions[0]["status"], &conditions[1]["reason"]), (&"True".into(), &"SecretsFound".into()));
}

#[tokio::test]
async fn how_the_tools_of_a_server_were_listed_is_a_condition_and_news() {
    let (service, server) = (Service::start().await, McpServer::start().await);
    let text = |spec: &str| {
        format!("apiVersion: troupe.dev/v1alpha1\nkind: McpServer\nmetadata: {{name: adder}}\nspec: {spec}\n")
    };
    service.write("resources/adder.yaml", &text("{stdio: {command: /no/such/program}}")).await;
    let mut events = Events::of(&service, "mcpservers", None).await;
    let first = events.next().await;
    assert_eq!(discovered(&first["items"][0]), Value::Null, "nobody has asked it: {first}");

    service.get("/v1/tools").await;
    let failed = events.next().await;
    let said = discovered(&failed["object"]);
    assert_eq!((&said["status"], &said["reason"]), (&"False".into(), &"DiscoveryFailed".into()), "{failed}");
    assert!(said["message"].as_str().unwrap().contains("/no/such/program"), "{said}");
    assert_eq!(failed["object"]["status"]["conditions"][0]["status"], "True", "it serves: {failed}");
    let last = events.id.clone().unwrap();

    let url = &server.url;
    let headers = format!("[{{name: Authorization, value: '{TOKEN}'}}]");
    service.write("resources/adder.yaml", &text(&format!("{{http: {{url: '{url}', headers: {headers}}}}}"))).await;
    service.get("/v1/tools").await;
    loop {
        let told = events.next().await;
        if discovered(&told["object"])["reason"] == "ToolsListed" {
            break;
        }
    }
    let mut anew = Events::of(&service, "mcpservers", Some(&last)).await;
    let all = anew.next().await;
    assert_eq!((&all["event"], &discovered(&all["items"][0])["status"]), (&"init".into(), &"True".into()));
}

fn discovered(object: &Value) -> Value {
    let conditions = object["status"]["conditions"].as_array().unwrap();
    conditions.iter().find(|said| said["type"] == "Discovered").cloned().unwrap_or_default()
}
