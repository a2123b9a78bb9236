//! `troupe-bench suite` runs all benchmarks against the `troupe` binary; `alone` measures what they stand on; `load` loads anything.

use std::{
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand};
use troupe_bench::{
    load::{self, Load},
    process::status_bytes,
    report::{Figure, Report, Unit},
    suite,
    target::{Mode, Target},
};

/// Loads model servers and Troupe, and measures both the same way.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All benchmarks, each beside its baseline and its goal.
    Suite(SuiteArguments),
    /// Only the model server and the load generator.
    Alone(SuiteArguments),
    /// One load of one or more targets, in turn.
    Load(LoadArguments),
}

#[derive(Debug, clap::Args)]
struct SuiteArguments {
    /// The `troupe` binary [default: the one beside this program].
    #[arg(long)]
    troupe: Option<PathBuf>,
    /// One more argument of `troupe serve`; repeatable.
    #[arg(long, allow_hyphen_values = true)]
    troupe_argument: Vec<String>,
    /// The `troupe-model-server` binary [default: the one beside this program].
    #[arg(long)]
    model_server: Option<PathBuf>,
    /// Multiplies all counts: below 1 for a quick look.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Also writes the report as JSON to this file.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Uses this folder for resources, data and logs, and leaves it there [default: a temporary one].
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct LoadArguments {
    /// `MODE,ADDRESS,NAME,DELTAS`, such as `chat-stream,127.0.0.1:8081,stream,20`; repeatable, then called in turn.
    #[arg(long, required = true, value_parser = parse_target)]
    target: Vec<Target>,
    /// Calls at the same time.
    #[arg(long, default_value_t = 1)]
    concurrency: usize,
    /// Calls of each target.
    #[arg(long, default_value_t = 1000)]
    count: usize,
    /// Also reports the peak memory of this process.
    #[arg(long)]
    pid: Option<u32>,
}

fn parse_target(text: &str) -> Result<Target, String> {
    let parts: Vec<&str> = text.split(',').collect();
    let [mode, address, name, deltas] = parts[..] else { return Err("not MODE,ADDRESS,NAME,DELTAS".to_owned()) };
    let mode = <Mode as clap::ValueEnum>::from_str(mode, true)?;
    let address: SocketAddr = address.parse().map_err(|error| format!("{address}: {error}"))?;
    let deltas = deltas.parse().map_err(|error| format!("{deltas}: {error}"))?;
    Ok(Target::new(mode, address, name, deltas))
}

/// One thread, so that the load generator takes one core at most.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Suite(arguments) => suite(arguments, true).await,
        Command::Alone(arguments) => suite(arguments, false).await,
        Command::Load(arguments) => load(arguments).await,
    }
}

async fn suite(arguments: SuiteArguments, with_troupe: bool) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = arguments.folder.unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let options = suite::Options {
        troupe: beside(arguments.troupe, "troupe")?,
        troupe_arguments: arguments.troupe_argument,
        model_server: beside(arguments.model_server, "troupe-model-server")?,
        scale: arguments.scale,
        folder,
    };
    // Progress is a courtesy: a closed standard error does not stop a benchmark.
    let mut progress = |what: &str| drop(writeln!(std::io::stderr(), "… {what}"));
    let report = if with_troupe {
        require(&options.troupe)?;
        suite::run(&options, &mut progress).await?
    } else {
        suite::run_alone(&options, &mut progress).await?
    };
    if let Some(path) = arguments.json {
        std::fs::write(&path, format!("{:#}\n", report.json())).with_context(|| path.display().to_string())?;
    }
    finish(&report)
}

/// A given path, or a program in the folder of this one.
fn beside(given: Option<PathBuf>, name: &str) -> anyhow::Result<PathBuf> {
    match given {
        Some(path) => Ok(path),
        None => Ok(std::env::current_exe()?.with_file_name(name)),
    }
}

fn require(binary: &Path) -> anyhow::Result<()> {
    if binary.is_file() {
        return Ok(());
    }
    bail!("there is no {}: build it, or say where it is with --troupe", binary.display())
}

async fn load(arguments: LoadArguments) -> anyhow::Result<()> {
    let load = Load { concurrency: arguments.concurrency, count: arguments.count };
    let run = load::run(load, &arguments.target).await;
    let mut report = Report::default();
    report.add(Figure::new("all targets", Unit::PerSecond, run.rate()));
    for (target, series) in arguments.target.iter().zip(&run.series) {
        let name = format!("{}{}", target.address, target.path);
        report.check(&name, series);
        for (what, times) in [("first delta", series.first()), ("whole", series.total())] {
            for (rank, time) in [("p50", times.p50), ("p90", times.p90), ("p99", times.p99), ("max", times.max)] {
                report.add(Figure::time(format!("{name}: {what}, {rank}"), time).of(series));
            }
        }
    }
    if let Some(pid) = arguments.pid {
        report.add(Figure::memory(format!("peak memory of process {pid}"), status_bytes(pid, "VmHWM:")?));
    }
    finish(&report)
}

/// Prints the report; incomplete answers are a failure, a missed goal is not.
fn finish(report: &Report) -> anyhow::Result<()> {
    write!(std::io::stdout(), "{report}")?;
    if report.problems().is_empty() { Ok(()) } else { bail!("some answers were incomplete") }
}
