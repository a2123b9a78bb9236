//! `troupe validate`: what is wrong in folders of manifests, with file and line.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use clap::ValueEnum;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_catalog::{Catalog, CatalogOptions, Severity, View, process_environment};
use troupe_core::port::{Revision, RevisionStore, StoreError};
use troupe_crds::Kind;
use troupe_rules::Served;

use crate::clock::SystemClock;

/// What `validate` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct ValidateArguments {
    /// Folders of manifests, or files; a later one wins over an earlier [env: `TROUPE_DIRS`, separated as in PATH]
    #[arg(value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// How findings are written
    #[arg(long, env = "TROUPE_FORMAT", value_enum, default_value_t)]
    format: Format,
    /// The folder in which relative paths of skills and functions lie [older: `AGENT_WORKSPACE`]
    #[arg(long, env = "TROUPE_WORKSPACE", value_name = "DIR")]
    workspace: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// A line for each, as compilers write them
    #[default]
    Text,
    /// One JSON object with all of them
    Json,
}

/// Loads the folders as `serve` does and writes what it found to standard output.
pub async fn validate(arguments: ValidateArguments) -> anyhow::Result<ExitCode> {
    let lookup = &super::variable::process;
    let directories = super::folders(arguments.dirs, lookup, "validate")?;
    let workspace = super::variable::path_or_older(arguments.workspace, "AGENT_WORKSPACE", lookup);
    let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let catalog = Catalog::open(CatalogOptions {
        directories,
        // An empty path has no `secrets.yaml`: values that only a running service holds are not looked for.
        data: PathBuf::from("/nonexistent"),
        workspace,
        revisions: Arc::new(NoRevisions),
        clock: Arc::new(SystemClock),
        tasks,
        shutdown,
        environment: process_environment(),
        served: Served::in_folders(),
        watch: false,
    })
    .await;
    let view = catalog.view();
    let summary = Summary::of(&view);
    let text = match arguments.format {
        Format::Text => in_text(&view, &summary),
        Format::Json => format!("{:#}\n", in_json(&view, &summary)),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if summary.errors > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

struct Summary {
    objects: usize,
    errors: usize,
    warnings: usize,
}

impl Summary {
    fn of(view: &View) -> Self {
        let errors = view.diagnostics().iter().filter(|found| found.severity == Severity::Error).count();
        let objects = Kind::ALL.iter().map(|kind| view.list(*kind).count()).sum();
        Self { objects, errors, warnings: view.diagnostics().len() - errors }
    }
}

fn in_text(view: &View, summary: &Summary) -> String {
    let mut lines: Vec<String> = view.diagnostics().iter().map(ToString::to_string).collect();
    let Summary { objects, errors, warnings } = summary;
    let counted = |number: &usize, what: &str| format!("{number} {what}{}", if *number == 1 { "" } else { "s" });
    let counts = [counted(objects, "resource"), counted(errors, "error"), counted(warnings, "warning")];
    lines.push(counts.join(", ") + "\n");
    lines.join("\n")
}

fn in_json(view: &View, summary: &Summary) -> serde_json::Value {
    let Summary { objects, errors, warnings } = summary;
    json!({"resources": objects, "errors": errors, "warnings": warnings, "diagnostics": view.diagnostics()})
}

/// No earlier versions: what is validated is what the folders say now.
struct NoRevisions;

#[async_trait]
impl RevisionStore for NoRevisions {
    async fn save(&self, _: &[Revision]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn revisions(&self, _: &str, _: &str) -> Result<Vec<Revision>, StoreError> {
        Ok(Vec::new())
    }

    async fn revision(&self, _: &str, _: &str, _: &str) -> Result<Option<Revision>, StoreError> {
        Ok(None)
    }

    async fn last_good(&self, _: &str) -> Result<Vec<Revision>, StoreError> {
        Ok(Vec::new())
    }

    async fn prune(&self, _: &str, _: &str, _: usize, _: &[String]) -> Result<(), StoreError> {
        Ok(())
    }
}
