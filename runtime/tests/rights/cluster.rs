//! A service in this process whose API server knows some people, and what Roles allow them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use http_body_util::BodyExt;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use troupe_model_server::{ModelServer, Role, Rule, Scenario, When};
use troupe_runtime::app::App;
use troupe_runtime::http::router::router;
use troupe_runtime::service::rights::Rights;
use troupe_runtime::settings::Settings;

/// What may be done, a line a rule as a Role has it: verbs, resources, and behind a colon the only names.
pub(crate) const VIEWER: &str =
    "get,list,watch models,tools,mcpservers,prompttemplates,agents,teams,workflows,runtimes";
pub(crate) const INVOKER: &str = "create agents/invoke,teams/invoke,workflows/invoke,models/invoke,tools/invoke";
pub(crate) const AUTHOR: &str = "create,update,patch,delete agents,teams,workflows,prompttemplates";
pub(crate) const EDITOR: &str = "create,update,patch,delete models,tools,mcpservers,runtimes\nget,list,delete sessions";
pub(crate) const KEEPER: &str = "create,update,delete secrets";

const MANIFESTS: &str = "\
apiVersion: troupe.dev/v1alpha1
kind: Model
metadata: {name: small, annotations: {troupe.dev/id: 'org/Small:1'}}
spec: {protocol: OpenAI, baseUrl: \"MODEL/v1\", model: tiny, retry: {maxAttempts: 1}}
---
apiVersion: troupe.dev/v1alpha1
kind: Tool
metadata: {name: greet, annotations: {troupe.dev/id: 'function-Greet'}}
spec:
  description: Greets.
  parameters: {type: object, properties: {name: {type: string}}}
  template: {text: 'Hello {{name}}'}
---
apiVersion: troupe.dev/v1alpha1
kind: Tool
metadata: {name: greet-if-asked}
spec:
  description: Greets, where somebody agrees.
  toolName: greet
  approval: Always
  parameters: {type: object, properties: {name: {type: string}}}
  template: {text: 'Hello {{name}}'}
---
apiVersion: troupe.dev/v1alpha1
kind: McpServer
metadata: {name: files}
spec: {http: {url: 'http://127.0.0.1:9/mcp'}, suspend: true}
---
apiVersion: troupe.dev/v1alpha1
kind: PromptTemplate
metadata: {name: hello}
spec: {content: 'Greet {{name}}.'}
---
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata: {name: plain, annotations: {troupe.dev/id: '260421_153012'}}
spec: {description: Answers, modelRef: {name: small}}
---
apiVersion: troupe.dev/v1alpha1
kind: Agent
metadata: {name: careful}
spec: {description: Asks first, modelRef: {name: small}, tools: [{tool: {name: greet-if-asked}}]}
";

/// The API server: people by their tokens, which are their names, and what each may do.
#[derive(Default)]
pub(crate) struct Server {
    people: Mutex<BTreeMap<String, Vec<&'static str>>>,
    /// It answers nothing.
    pub(crate) away: AtomicBool,
    /// The reviews that it was asked for, as `user verb resource[/part][:name]`.
    asked: Mutex<Vec<String>>,
}

impl Server {
    fn answer(&self, path: &str, mut review: Value) -> (u16, Value) {
        if self.away.load(Ordering::SeqCst) {
            return (503, json!({"kind": "Status", "code": 503, "status": "Failure"}));
        }
        let spec = &review["spec"];
        let status = match path {
            "/apis/authentication.k8s.io/v1/tokenreviews" => self.who(spec),
            "/apis/authorization.k8s.io/v1/namespaces/team/localsubjectaccessreviews" => {
                json!({"allowed": self.may(spec)})
            }
            other => panic!("nobody should ask {other}"),
        };
        review["status"] = status;
        (201, review)
    }

    fn who(&self, spec: &Value) -> Value {
        let token = spec["token"].as_str().unwrap();
        let (audience, name) = match token.split_once('@') {
            Some((name, audience)) => (format!("https://{audience}"), name),
            None => ("troupe:team".to_owned(), token),
        };
        let is_asked = spec["audiences"].as_array().unwrap().contains(&json!(audience));
        if !is_asked || !self.people.lock().unwrap().contains_key(name) {
            return json!({"authenticated": false});
        }
        json!({"authenticated": true, "audiences": [audience], "user": {"username": name, "groups": ["people"]}})
    }

    fn may(&self, spec: &Value) -> bool {
        let (user, wanted) = (spec["user"].as_str().unwrap(), &spec["resourceAttributes"]);
        let text = |name: &str| wanted[name].as_str().unwrap_or_default();
        assert_eq!(text("namespace"), "team");
        assert_eq!(text("group"), if text("resource") == "secrets" { "" } else { "troupe.dev" });
        let part = wanted["subresource"].as_str().map(|part| format!("/{part}")).unwrap_or_default();
        let resource = format!("{}{part}", text("resource"));
        let name = wanted["name"].as_str().map(|name| format!(":{name}")).unwrap_or_default();
        self.asked.lock().unwrap().push(format!("{user} {} {resource}{name}", text("verb")));
        let people = self.people.lock().unwrap();
        let rules = people.get(user).into_iter().flatten().flat_map(|rules| rules.lines());
        let mut rules = rules.filter_map(|rule| rule.split_once(' '));
        rules.any(|(verbs, rest)| {
            let (resources, names) = rest.split_once(':').map_or((rest, None), |(rest, names)| (rest, Some(names)));
            verbs.split(',').any(|verb| verb == text("verb"))
                && resources.split(',').any(|known| known == resource)
                && names.is_none_or(|names| names.split(',').any(|known| known == text("name")))
        })
    }
}

/// A running service; everything of it goes with it.
pub(crate) struct Cluster {
    pub(crate) server: Arc<Server>,
    pub(crate) model: ModelServer,
    address: String,
    client: reqwest::Client,
    folder: TempDir,
}

impl Cluster {
    /// A service for people with what each may do.
    pub(crate) async fn of(people: &[(&str, &[&'static str])]) -> Self {
        Self::with(people, "").await
    }

    /// The same with more manifests.
    pub(crate) async fn with(people: &[(&str, &[&'static str])], more: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Arc::new(Server::default());
        server.people.lock().unwrap().extend(people.iter().map(|(name, may)| ((*name).to_owned(), may.to_vec())));
        let asks = When { tool_offered: Some("greet".to_owned()), ..When::default() };
        let told = When { last_role: Some(Role::Tool), ..When::default() };
        let rules = [
            Rule::text("The tool says: {{last_tool}}").when(told),
            Rule::call("greet", json!({"name": "Ada"})).when(asks),
            Rule::text("Certainly."),
        ];
        let model = ModelServer::start(Scenario::of(rules)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        for name in ["resources", "workspace"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let manifests = MANIFESTS.replace("MODEL", &model.base_url());
        fs::write(folder.path().join("resources/all.yaml"), manifests).unwrap();
        fs::write(folder.path().join("resources/more.yaml"), more).unwrap();
        let mut settings = Settings::new(vec![folder.path().join("resources")], folder.path().join("data"));
        settings.watch = false;
        settings.workspace = Some(folder.path().join("workspace").canonicalize().unwrap());
        let app = App::start_with(settings, Rights::cluster(client(&server), "team")).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let routes = router(Arc::clone(&app));
        app.tasks.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { server, model, address, client, folder }
    }

    /// A place in the folder of all users' files.
    pub(crate) fn workspace(&self, path: &str) -> PathBuf {
        self.folder.path().join("workspace").canonicalize().unwrap().join(path)
    }

    /// A request without a token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.address))
    }

    /// A request of somebody with a body; status and answer.
    pub(crate) async fn send(&self, who: &str, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let request = self.request(method, path).bearer_auth(who);
        let request = if body.is_null() { request } else { request.json(body) };
        answer(request).await
    }

    pub(crate) async fn get(&self, who: &str, path: &str) -> (u16, Value) {
        self.send(who, Method::GET, path, &Value::Null).await
    }

    pub(crate) async fn post(&self, who: &str, path: &str, body: Value) -> (u16, Value) {
        self.send(who, Method::POST, path, &body).await
    }

    /// The reviews of rights that the API server was asked for since this was last called, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.server.asked.lock().unwrap())
    }

    /// Asks an agent in a new session; the session and its run.
    pub(crate) async fn converse(&self, who: &str, text: &str) -> (String, String) {
        let body = json!({"agent_id": "plain", "text": text, "session_id": "new"});
        let (status, said) = self.post(who, "/v1/infer", body).await;
        assert_eq!(status, 200, "{said}");
        (said["session_id"].as_str().unwrap().to_owned(), said["run_id"].as_str().unwrap().to_owned())
    }
}

/// Status and JSON; the text where it is none.
pub(crate) async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn client(server: &Arc<Server>) -> kube::Client {
    let server = Arc::clone(server);
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let server = Arc::clone(&server);
        async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let (status, answer) = server.answer(&path, serde_json::from_slice(&body).unwrap());
            let body = kube::client::Body::from(serde_json::to_vec(&answer).unwrap());
            Ok::<_, Infallible>(http::Response::builder().status(status).body(body).unwrap())
        }
    });
    kube::Client::new(service, "team")
}
