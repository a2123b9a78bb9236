//! `troupe sandbox` as the runtime meets it: commands run there, and it may go away and come back.

use std::path::Path;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use troupe_model_server::Scenario;
use troupe_tools::budget::Budget;
use troupe_tools::jail::{End, Jail, JailError, JailSettings, Job, OutputForm, RemoteSandbox};

use super::bench::{Running, example_with_model, start, with_input};

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("workspace")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    async fn sandbox(&self) -> Running {
        sandbox(&self.path("sandbox.sock"), &self.path("workspace")).await
    }

    fn jail(&self) -> Jail {
        let remote = Some(RemoteSandbox::new(self.path("sandbox.sock")));
        Jail::new(JailSettings { remote, ..JailSettings::default() }, Budget::default())
    }

    fn job(&self, script: &str) -> Job {
        Job {
            command: ["bash", "-c", script].map(str::to_owned).to_vec(),
            files: std::collections::BTreeMap::new(),
            collect: None,
            output: OutputForm::Terminal,
            workspace: Some(self.path("workspace").into()),
            read_only: false,
            readable: Vec::new(),
            directory: None,
            network: false,
            timeout: std::time::Duration::from_mins(1),
            max_output: 1 << 20,
        }
    }
}

async fn sandbox(socket: &str, workspace: &str) -> Running {
    let words = ["sandbox", "--listen", socket, "--workspace", workspace];
    let mut running = start(&words.map(str::to_owned));
    running.line_with("\"ready\"").await;
    running
}

/// Whether commands can be confined on this machine; where not, these tests say nothing.
fn confined() -> bool {
    troupe_tools::jail::support().inspect_err(|why| eprintln!("skipped: {why}")).is_ok()
}

fn processes_with(mark: &str) -> usize {
    let holds = |path: &Path| std::fs::read(path).is_ok_and(|text| String::from_utf8_lossy(&text).contains(mark));
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.filter(|process| holds(&process.path().join("cmdline"))).count()
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_sandbox_that_dies_is_told_and_commands_run_again_when_it_is_back() {
    if !confined() {
        return;
    }
    let (place, never) = (Place::new(), CancellationToken::new());
    let mut sandbox = place.sandbox().await;
    let jail = place.jail();
    jail.ready().await.unwrap();
    let outcome = jail.run(&place.job("stty size; pwd"), &never).await.unwrap();
    assert_eq!((outcome.end, outcome.output), (End::Exited(0), format!("24 80\n{}", place.path("workspace"))));
    let mark = "54.7722557";
    let job = place.job(&format!("touch begun; setsid sleep {mark} & sleep {mark}"));
    let begun = place.folder.path().join("workspace/begun");
    let (outcome, ()) = tokio::join!(jail.run(&job, &never), async {
        until(|| begun.exists()).await;
        sandbox.signal("KILL").await;
    });
    assert!(matches!(outcome, Err(JailError::Lost)), "{outcome:?}");
    until(|| processes_with(mark) == 0).await;
    sandbox.code().await;
    // The next call waits while the container starts again.
    let job = place.job("echo back");
    let (outcome, _sandbox) = tokio::join!(jail.run(&job, &never), place.sandbox());
    assert_eq!(outcome.unwrap().output, "back");
}

#[tokio::test]
async fn sigterm_ends_it_once_the_runtime_is_gone() {
    if !confined() {
        return;
    }
    let (place, never) = (Place::new(), CancellationToken::new());
    let mut sandbox = place.sandbox().await;
    let jail = place.jail();
    jail.ready().await.unwrap();
    sandbox.signal("TERM").await;
    sandbox.line_with("stopping once the runtime is gone").await;
    assert_eq!(jail.run(&place.job("echo still here"), &never).await.unwrap().output, "still here");
    drop(jail);
    assert_eq!(sandbox.code().await, 0);
}

#[tokio::test]
async fn a_socket_that_cannot_be_made_is_told_with_its_path() {
    let place = Place::new();
    let words = ["sandbox", "--listen", "/nowhere/sandbox.sock", "--workspace", &place.path("workspace")];
    let end = with_input(&words.map(str::to_owned), "").await;
    assert_eq!(end.code, 1);
    assert!(end.beside.contains("cannot listen on /nowhere/sandbox.sock"), "{}", end.beside);
    std::fs::write(place.path("file"), "kept").unwrap();
    let words = ["sandbox", "--listen", &place.path("file"), "--workspace", &place.path("workspace")];
    let end = with_input(&words.map(str::to_owned), "").await;
    assert!(end.beside.contains("there is a file that is no socket"), "{}", end.beside);
    assert_eq!(std::fs::read_to_string(place.path("file")).unwrap(), "kept");
}

#[tokio::test]
async fn an_agents_bash_runs_in_the_sandbox_that_the_flag_names() {
    if !confined() {
        return;
    }
    let place = example_with_model("quickstart", Scenario::default()).await;
    let (socket, workspace) = (place.path("sandbox.sock"), place.path("workspace"));
    std::fs::create_dir(&workspace).unwrap();
    let _sandbox = sandbox(&socket, &workspace).await;
    let mut arguments = place.ask();
    let words = ["--sandbox-socket", &socket, "assistant", "use bash to run `echo $((6 * 7)) | tee made.txt`"];
    arguments.extend(words.map(str::to_owned));
    let end = with_input(&arguments, "").await;
    assert_eq!(end.answer, "Here is what the tool answered:\n\n42\n", "{}", end.beside);
    assert_eq!(std::fs::read_to_string(place.path("workspace/made.txt")).unwrap(), "42\n");
    // Where nobody listens the same command is refused, and nothing runs here instead.
    let at = arguments.iter().position(|word| *word == socket).unwrap();
    arguments[at] = place.path("none.sock");
    let end = with_input(&arguments, "").await;
    assert!(end.answer.contains("no sandbox answers at"), "{}{}", end.answer, end.beside);
}
