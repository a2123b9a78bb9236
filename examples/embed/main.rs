//! Troupe inside a program: a closure as a tool, an agent that may call it, no server.
//!
//! `cargo run -p troupe-runtime --example embed -- http://127.0.0.1:9911/v1` with the address of a model that speaks
//! OpenAI's chat completions (`cargo run -p troupe-model-server -- --listen 127.0.0.1:9911` is one).

use std::io::Write;

use futures::StreamExt;
use schemars::JsonSchema;
use serde::Deserialize;
use troupe_runtime::library::{Streamed, Troupe};
use troupe_runtime::service::infer::{InferInput, ModelConfigInput};
use troupe_runtime::settings::Settings;

/// What the tool is called with.
#[derive(Deserialize, JsonSchema)]
struct Sum {
    /// The numbers to add.
    numbers: Vec<f64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:9911/v1".to_owned());
    let data = tempfile::tempdir()?;
    // A model that a request names is reached only where it is public, or allowed here.
    let settings = Settings { allowed: vec!["127.0.0.1".to_owned()], ..Settings::new(vec![], data.path().to_owned()) };
    let troupe = Troupe::open(settings).await?;
    troupe.register::<Sum, _, _, _>("add", "Adds numbers", |sum, _context| async move {
        Ok(serde_json::json!({ "sum": sum.numbers.iter().sum::<f64>() }))
    });
    let model = ModelConfigInput { api_base: Some(address), model_name: Some("any".into()), ..Default::default() };
    let question = InferInput {
        model: Some(model),
        tool_ids: Some(vec!["add".into()]),
        text: Some("Use add to sum 1, 2 and 3.".into()),
        ..InferInput::default()
    };
    let mut out = std::io::stdout();
    let mut answer = Box::pin(troupe.infer_stream(question).await?);
    while let Some(piece) = answer.next().await {
        if let Streamed::Content(text) = piece {
            write!(out, "{text}")?;
        }
    }
    writeln!(out)?;
    troupe.close().await;
    Ok(())
}
