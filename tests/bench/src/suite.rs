//! The benchmarks of Troupe, one function each. Goals are those of the project; each comment says what a goal was drawn from.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::Context as _;

use crate::{
    load::{self, Load, Run},
    process::Process,
    report::{Figure, Goal, Report, Unit, milliseconds, percent},
    stage::{self, DELTAS},
    target::{Mode, Target},
};

/// Durable runs of the main benchmark, and how many at the same time.
const DURABLE: Load = Load { concurrency: 200, count: 5000 };

/// Agents of the crowded folder.
const CROWD: usize = 10_000;

/// Starts of which the median is taken.
const STARTS: usize = 5;

/// Memory is read when a process has been idle for so long.
const SETTLE: Duration = Duration::from_secs(3);

/// What a suite runs with.
#[derive(Debug)]
pub struct Options {
    /// The `troupe` binary.
    pub troupe: PathBuf,
    /// More arguments for `troupe serve`.
    pub troupe_arguments: Vec<String>,
    /// The `troupe-model-server` binary.
    pub model_server: PathBuf,
    /// Counts are multiplied by this: below 1 for a quick look.
    pub scale: f64,
    /// The folder for resources, data and logs.
    pub folder: PathBuf,
}

/// A running model server, and where everything is.
struct Stage<'a> {
    options: &'a Options,
    model: SocketAddr,
    /// Told what is going on.
    progress: &'a mut dyn FnMut(&str),
    /// Data folders are numbered.
    starts: usize,
}

/// Runs everything, and reports also what failed on the way.
pub async fn run(options: &Options, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Report> {
    let model_server = start_model_server(options).await?;
    let mut report = Report::default();
    report.note(machine());
    let mut stage = Stage { options, model: model_server.address, progress, starts: 0 };
    stage.alone(&mut report).await;
    stage.starts(&mut report).await?;
    stage.stateless(&mut report).await?;
    stage.durable(&mut report).await?;
    stage.tools(&mut report).await?;
    stage.crowd(&mut report).await?;
    model_server.stop().await?;
    Ok(report)
}

/// Runs only the model server and the load generator: what is left for a service between them.
pub async fn run_alone(options: &Options, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Report> {
    let model_server = start_model_server(options).await?;
    let mut report = Report::default();
    report.note(machine());
    let mut stage = Stage { options, model: model_server.address, progress, starts: 0 };
    stage.alone(&mut report).await;
    model_server.stop().await?;
    Ok(report)
}

/// The machine, and how busy others keep it: what they take is missing from every figure.
fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!("{processors} processors; load average when it began: {load}")
}

async fn start_model_server(options: &Options) -> anyhow::Result<Process> {
    let scenario = options.folder.join("scenario.yaml");
    stage::write_scenario(&scenario)?;
    Process::model_server(&options.model_server, &scenario, &options.folder).await
}

impl Stage<'_> {
    fn scaled(&self, load: Load) -> Load {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "counts are small and positive"
        )]
        let count = (load.count as f64 * self.options.scale).ceil() as usize;
        Load { count: count.max(load.concurrency), ..load }
    }

    /// A tenth of a load to warm up, then the load.
    async fn load(&self, load: Load, targets: &[Target]) -> Run {
        let load = self.scaled(load);
        load::run(Load { count: load.count / 10, ..load }, targets).await;
        load::run(load, targets).await
    }

    fn direct(&self, mode: Mode, name: &str, deltas: usize) -> Target {
        Target::new(mode, self.model, name, deltas)
    }

    async fn start(&mut self, resources: &str) -> anyhow::Result<Process> {
        self.starts += 1;
        let folder = &self.options.folder;
        let data = folder.join(format!("data-{:02}", self.starts));
        Process::troupe(&self.options.troupe, &folder.join(resources), &data, &self.options.troupe_arguments).await
    }

    /// Model server and load generator alone.
    async fn alone(&mut self, report: &mut Report) {
        (self.progress)("model server and load generator alone");
        let plain = [self.direct(Mode::Chat, "short", 1)];
        let run = self.load(Load { concurrency: 32, count: 50_000 }, &plain).await;
        report.check("alone, plain", &run.series[0]);
        let name = "alone: plain answers, concurrency 32";
        report.add(Figure::new(name, Unit::PerSecond, run.rate()).goal(Goal::AtLeast(20_000.0)).of(&run.series[0]));
        let stream = [self.direct(Mode::ChatStream, "stream", DELTAS)];
        let run = self.load(DURABLE, &stream).await;
        report.check("alone, streamed", &run.series[0]);
        let name = format!("alone: streams of {DELTAS} deltas, concurrency {}", DURABLE.concurrency);
        report.add(Figure::new(name, Unit::PerSecond, run.rate()).of(&run.series[0]));
    }

    /// Start to ready, and memory when idle.
    async fn starts(&mut self, report: &mut Report) -> anyhow::Result<()> {
        (self.progress)("start to ready");
        stage::write_resources(&self.options.folder.join("small"), self.model)?;
        let mut times = Vec::new();
        let (mut memory, mut own) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            let process = self.start("small").await?;
            times.push(process.start);
            tokio::time::sleep(SETTLE).await;
            memory.push(process.memory()?);
            own.push(process.own_memory()?);
            process.stop().await?;
        }
        times.sort_unstable();
        memory.sort_unstable();
        own.sort_unstable();
        report.add(Figure::time("start to ready", times[STARTS / 2]).goal(Goal::AtMost(100.0)));
        report.add(Figure::memory("memory, idle", memory[STARTS / 2]).goal(Goal::AtMost(15.0)));
        report.add(Figure::memory("memory, idle: without pages of program files", own[STARTS / 2]));
        Ok(())
    }

    /// What a stateless call through Troupe takes longer than a call of the model, calls of both in turn.
    async fn stateless(&mut self, report: &mut Report) -> anyhow::Result<()> {
        let troupe = self.start("small").await?;
        for mode in [Mode::Infer, Mode::AgentChat] {
            self.plain_calls(mode, troupe.address, report).await;
        }
        for mode in [Mode::InferStream, Mode::AgentChatStream] {
            self.streams(mode, troupe.address, report).await;
        }
        troupe.stop().await
    }

    /// Goals from what gateways added on two cores: p99 at concurrency 1, `TensorZero` 0.34 ms; p50 at 32, 3.5 ms.
    async fn plain_calls(&mut self, mode: Mode, service: SocketAddr, report: &mut Report) {
        let targets = [self.direct(Mode::Chat, "short", 1), Target::new(mode, service, "short", 1)];
        for (load, p50_goal, p99_goal) in [
            (Load { concurrency: 1, count: 5000 }, None, Some(0.3)),
            (Load { concurrency: 32, count: 20_000 }, Some(3.0), None),
        ] {
            let name = format!("{} at {}", words(mode), load.concurrency);
            (self.progress)(&name);
            let run = self.load(load, &targets).await;
            check_both(&name, &run, report);
            let (direct, through) = (run.series[0].total(), run.series[1].total());
            let figures = [
                (Figure::added(format!("{name}: added p50"), through.p50, direct.p50), p50_goal),
                (Figure::added(format!("{name}: added p90"), through.p90, direct.p90), None),
                (Figure::added(format!("{name}: added p99"), through.p99, direct.p99), p99_goal),
                (Figure::added(format!("{name}: added max"), through.max, direct.max), None),
            ];
            for (figure, goal) in figures {
                let figure = figure.of(&run.series[1]);
                report.add(goal.into_iter().fold(figure, |figure, goal| figure.goal(Goal::AtMost(goal))));
            }
        }
    }

    /// A stream as a whole and its first delta, with deltas that come at once and with deltas that come slowly.
    async fn streams(&mut self, mode: Mode, service: SocketAddr, report: &mut Report) {
        for (agent, load) in
            [("stream", Load { concurrency: 1, count: 2000 }), ("paced", Load { concurrency: 8, count: 240 })]
        {
            let name = format!("{}, {agent}, at {}", words(mode), load.concurrency);
            (self.progress)(&name);
            let targets = [self.direct(Mode::ChatStream, agent, DELTAS), Target::new(mode, service, agent, DELTAS)];
            let run = self.load(load, &targets).await;
            check_both(&name, &run, report);
            let [direct, through] = [&run.series[0], &run.series[1]];
            for (what, goal, through, direct) in
                [("first delta", 0.5, through.first(), direct.first()), ("whole", 1.0, through.total(), direct.total())]
            {
                let p50 = Figure::added(format!("{name}: {what}, added p50"), through.p50, direct.p50);
                report.add(p50.goal(Goal::AtMost(goal)).of(&run.series[1]));
                let p99 = Figure::added(format!("{name}: {what}, added p99"), through.p99, direct.p99);
                report.add(p99.of(&run.series[1]));
            }
        }
    }

    /// Runs that are journalled: as many as there are in a process that has done nothing else, so that its peak memory is theirs.
    async fn durable(&mut self, report: &mut Report) -> anyhow::Result<()> {
        (self.progress)("durable runs");
        let direct = self.load(DURABLE, &[self.direct(Mode::ChatStream, "stream", DELTAS)]).await;
        let load = self.scaled(DURABLE);
        let troupe = self.start("small").await?;
        let before = troupe.processor_time()?;
        let run = load::run(load, &[Target::new(Mode::Session, troupe.address, "stream", DELTAS)]).await;
        let used = troupe.processor_time()?.saturating_sub(before);
        let peak = troupe.peak_memory()?;
        let series = &run.series[0];
        let name = format!("durable runs, {} at {}", load.count, load.concurrency);
        report.check(&name, series);
        let complete = percent(series.complete(), load.count);
        let (total, baseline) = (series.total(), direct.series[0].total());
        let runs = u32::try_from(series.complete().max(1)).unwrap_or(u32::MAX);
        for figure in [
            Figure::new(&name, Unit::PerSecond, run.rate()).beside(direct.rate()).goal(Goal::AtLeast(3000.0)),
            Figure::memory(format!("{name}: peak memory"), peak).goal(Goal::AtMost(128.0)),
            Figure::time(format!("{name}: p50"), total.p50).beside(milliseconds(baseline.p50)),
            Figure::time(format!("{name}: p99"), total.p99).beside(milliseconds(baseline.p99)),
            Figure::time(format!("{name}: processor time per run"), used / runs),
        ] {
            report.add(figure.of(series));
        }
        let complete = Figure::new(format!("{name}: complete"), Unit::Percent, complete);
        report.add(complete.goal(Goal::AtLeast(100.0)));
        troupe.stop().await
    }

    /// Turns of two model calls with a template tool between them.
    async fn tools(&mut self, report: &mut Report) -> anyhow::Result<()> {
        let troupe = self.start("small").await?;
        for (mode, kind) in [(Mode::InferStream, "stateless"), (Mode::Session, "durable")] {
            let name = format!("tool-calling turns, {kind}, at 32");
            (self.progress)(&name);
            let target = Target::new(mode, troupe.address, "tool", 1);
            let run = self.load(Load { concurrency: 32, count: 5000 }, &[target]).await;
            report.check(&name, &run.series[0]);
            report.add(Figure::new(name, Unit::PerSecond, run.rate()).of(&run.series[0]));
        }
        troupe.stop().await
    }

    /// A folder of many agents: it starts, it answers for the last of them, and what memory that takes.
    async fn crowd(&mut self, report: &mut Report) -> anyhow::Result<()> {
        (self.progress)("a crowd of agents");
        stage::write_crowd(&self.options.folder.join("crowd"), self.model, CROWD)?;
        let troupe = self.start("crowd").await.context("with the crowd")?;
        tokio::time::sleep(SETTLE).await;
        let memory = troupe.memory()?;
        let last = Target::new(Mode::Infer, troupe.address, &stage::crowd_name(CROWD - 1), 1);
        let run = load::run(Load { concurrency: 1, count: 1 }, &[last]).await;
        report.check("the last agent of the crowd", &run.series[0]);
        report.add(Figure::time(format!("start to ready, {CROWD} agents"), troupe.start).goal(Goal::AtMost(2000.0)));
        report.add(Figure::memory(format!("memory, {CROWD} agents"), memory));
        troupe.stop().await
    }
}

/// Notes what was incomplete of a direct and an indirect series.
fn check_both(name: &str, run: &Run, report: &mut Report) {
    report.check(&format!("{name}, direct"), &run.series[0]);
    report.check(name, &run.series[1]);
}

/// A mode in the words of the table.
fn words(mode: Mode) -> &'static str {
    match mode {
        Mode::Chat => "model",
        Mode::ChatStream => "model, streamed",
        Mode::AgentChat => "chat/completions",
        Mode::AgentChatStream => "chat/completions, streamed",
        Mode::Infer => "infer",
        Mode::InferStream => "infer/stream",
        Mode::Session => "infer/stream, session",
    }
}
