//! A place to call tools in: a workspace, a data directory, two secrets, and a client that may reach loopback.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use troupe_core::id::{CallId, RunId};
use troupe_core::model::SecretRef;
use troupe_core::port::{SecretError, SecretSource, ToolClient, ToolContext};
use troupe_core::tool::{ToolKind, ToolResult, ToolSnapshot, builtin};
use troupe_net::{AllowList, Client, ClientConfig};
use troupe_tools::jail::{JailSettings, Launcher};
use troupe_tools::{Tools, ToolsSettings};

pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) tools: Tools,
    pub(crate) context: ToolContext,
}

impl Place {
    /// The network `allowed` is open to guarded requests too.
    pub(crate) fn with(allowed: &[&str], change: impl FnOnce(&mut ToolsSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["workspace", "data"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let jail = JailSettings {
            launcher: Launcher { program: env!("CARGO_BIN_EXE_troupe-jail").into(), arguments: Vec::new() },
            private: folder.path().join("data/jobs"),
            protected: vec![folder.path().join("data")],
            ..JailSettings::default()
        };
        let mut settings = ToolsSettings::new(jail, folder.path().join("data/skills"));
        change(&mut settings);
        let config = ClientConfig { allowed: AllowList::parse(allowed).unwrap(), ..ClientConfig::default() };
        let secrets = Secrets(HashMap::from([("token", "s3cr3t-token"), ("other", "0th3r-s3cret")]));
        let tools = Tools::new(settings, Client::new(&config).unwrap(), Arc::new(secrets));
        let run = RunId::new(1);
        let context = ToolContext {
            run,
            root: run,
            call: CallId::derive(run, 0, 0),
            session: None,
            workspace: Some(folder.path().join("workspace")),
            read_only: false,
            directory: None,
            user: String::new(),
            request_id: Some("request-7".to_owned()),
            cancel: CancellationToken::new(),
        };
        Self { folder, tools, context }
    }

    pub(crate) fn new() -> Self {
        Self::with(&["127.0.0.0/8"], |_| {})
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn call(&self, tool: &ToolSnapshot, arguments: Value) -> ToolResult {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        self.tools.call(tool, arguments, self.context.clone()).await
    }

    pub(crate) async fn bash(&self, command: &str) -> String {
        self.call(&builtin::bash(false), serde_json::json!({ "command": command })).await.content
    }
}

/// A snapshot of a tool that is made of `kind` and takes anything.
pub(crate) fn tool(kind: ToolKind) -> ToolSnapshot {
    let spec = troupe_core::tool::ToolSpec {
        name: "tested".to_owned(),
        description: String::new(),
        parameters: serde_json::json!({"type": "object"}),
    };
    ToolSnapshot { spec, kind, ..builtin::fetch() }
}

struct Secrets(HashMap<&'static str, &'static str>);

#[async_trait]
impl SecretSource for Secrets {
    async fn secret(&self, reference: &SecretRef) -> Result<Arc<str>, SecretError> {
        let SecretRef::Key { name, key } = reference else { return Err(SecretError::Lost) };
        let missing = || SecretError::Missing { name: name.clone(), key: key.clone(), variable: "VARIABLE".to_owned() };
        self.0.get(key.as_str()).map(|value| Arc::from(*value)).ok_or_else(missing)
    }
}

/// Serves on a free port of loopback for as long as the test's runtime lives; gives `host:port`.
pub(crate) async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = async move { axum::serve(listener, router).await.unwrap() };
    #[expect(clippy::disallowed_methods, reason = "the server ends with the test's runtime")]
    tokio::spawn(server);
    address
}

/// Waits until a file is there.
pub(crate) async fn appears(path: PathBuf) {
    while !path.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
