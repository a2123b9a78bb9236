//! The bridge with the official SDK's client, which we did not write.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its own functions too")]

use std::path::PathBuf;
use std::time::Duration;

use rmcp::model::{CallToolRequestParams, ClientConfig, ProtocolVersion};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{RoleClient, ServiceExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use troupe_bridge::http::{self, HttpLimits};
use troupe_bridge::{Sharing, StdioServer};

async fn serve(sharing: Sharing) -> String {
    let _installed_by_another_test = rustls::crypto::ring::default_provider().install_default();
    let test = std::env::current_exe().unwrap();
    let path: PathBuf = test.parent().unwrap().parent().unwrap().join("examples/scripted-mcp-server");
    let server = StdioServer {
        sharing,
        processes: troupe_bridge::Processes { max: 4, ..Default::default() },
        ..StdioServer::new(path.to_str().unwrap(), Vec::<String>::new())
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(http::serve(listener, server, HttpLimits::default(), CancellationToken::new()));
    format!("http://{address}/mcp")
}

fn transport(url: &str) -> StreamableHttpClientTransport<reqwest::Client> {
    StreamableHttpClientTransport::from_config(StreamableHttpClientTransportConfig::with_uri(url.to_owned()))
}

async fn exercise(client: RunningService<RoleClient, ClientConfig>) {
    let tools = client.list_all_tools().await.unwrap();
    assert_eq!(tools.iter().map(|tool| &*tool.name).collect::<Vec<_>>(), ["echo", "crash", "structured"]);
    let arguments = serde_json::json!({ "text": "over the bridge" }).as_object().cloned().unwrap();
    let result = client.call_tool(CallToolRequestParams::new("echo").with_arguments(arguments)).await.unwrap();
    assert_eq!(result.content[0].as_text().unwrap().text, "over the bridge");
    let death = tokio::time::timeout(Duration::from_mins(1), client.call_tool(CallToolRequestParams::new("crash")));
    let error = death.await.expect("a death is told").unwrap_err().to_string();
    assert!(error.contains("exited with status 7"), "{error}");
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn a_client_with_handshake_works() {
    for sharing in [Sharing::Shared, Sharing::PerSession] {
        let url = serve(sharing).await;
        exercise(ClientConfig::default().serve(transport(&url)).await.unwrap()).await;
    }
}

#[tokio::test]
async fn a_client_that_first_tries_without_handshake_works() {
    for sharing in [Sharing::Shared, Sharing::PerSession] {
        let url = serve(sharing).await;
        let lifecycle = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            legacy_version: Some(ProtocolVersion::V_2025_11_25),
        };
        exercise(ClientConfig::default().serve_with_lifecycle(transport(&url), lifecycle).await.unwrap()).await;
    }
}
