//! Runs the binary, with nothing of this process's environment that it would read.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use troupe_model_server::{ModelServer, Scenario};

/// Generous: it ends a test that hangs, and measures nothing.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a process ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) code: i32,
    pub(crate) answer: String,
    pub(crate) beside: String,
}

/// The folder of the whole repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn command(arguments: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_troupe"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.args(arguments).env_clear().env("PATH", path).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it with variables.
pub(crate) async fn try_troupe(arguments: &[&str], variables: &[(&str, &str)]) -> End {
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    let mut command = command(&arguments);
    command.envs(variables.iter().copied());
    end(command, "").await
}

/// The same; it must end well.
pub(crate) async fn troupe(arguments: &[&str], variables: &[(&str, &str)]) -> End {
    let end = try_troupe(arguments, variables).await;
    assert_eq!(end.code, 0, "{arguments:?}: {}{}", end.answer, end.beside);
    end
}

/// Runs it with a standard input.
pub(crate) async fn with_input(arguments: &[String], input: &str) -> End {
    end(command(arguments), input).await
}

async fn end(mut command: Command, input: &str) -> End {
    let mut child = command.spawn().unwrap();
    // A process that ends before it reads is no failure of the test.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap();
    End {
        code: output.status.code().unwrap_or(-1),
        answer: String::from_utf8(output.stdout).unwrap(),
        beside: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A process that goes on.
pub(crate) struct Running {
    child: Child,
    answer: ChildStdout,
    beside: BufReader<ChildStderr>,
}

/// Starts one.
pub(crate) fn start(arguments: &[String]) -> Running {
    let mut child = command(arguments).spawn().unwrap();
    let (answer, beside) = (child.stdout.take().unwrap(), BufReader::new(child.stderr.take().unwrap()));
    Running { child, answer, beside }
}

impl Running {
    /// Waits until its standard output holds `text`.
    pub(crate) async fn answer_contains(&mut self, text: &str) {
        let mut seen = Vec::new();
        let read = async {
            while !String::from_utf8_lossy(&seen).contains(text) {
                assert_ne!(self.answer.read_buf(&mut seen).await.unwrap(), 0, "it ended before it said {text:?}");
            }
        };
        tokio::time::timeout(PATIENCE, read).await.expect("it speaks");
    }

    /// Waits for a line of its log that holds `text`.
    pub(crate) async fn line_with(&mut self, text: &str) -> String {
        let read = async {
            loop {
                let mut line = String::new();
                assert_ne!(self.beside.read_line(&mut line).await.unwrap(), 0, "it ended before it logged {text:?}");
                if line.contains(text) {
                    return line;
                }
            }
        };
        tokio::time::timeout(PATIENCE, read).await.expect("it logs")
    }

    /// Sends it a signal.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().await.unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub(crate) async fn code(&mut self) -> i32 {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap();
        status.code().unwrap_or(-1)
    }
}

/// A model server, and a folder that defines the Model `default` with it.
pub(crate) struct Place {
    folder: TempDir,
    example: PathBuf,
    _server: ModelServer,
}

/// The quickstart with a model of this scenario.
pub(crate) async fn folder_with_model(scenario: Scenario) -> Place {
    example_with_model("quickstart", scenario).await
}

/// An example with a model of this scenario.
pub(crate) async fn example_with_model(example: &str, scenario: Scenario) -> Place {
    let server = ModelServer::start(scenario).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let overlay = folder.path().join("overlay");
    std::fs::create_dir(&overlay).unwrap();
    let text = std::fs::read_to_string(repository().join("examples/overlays/scripted/model.yaml")).unwrap();
    let text = text.replace("http://127.0.0.1:8081/v1", &format!("{}/v1", server.base_url().trim_end_matches("/v1")));
    std::fs::write(overlay.join("model.yaml"), text).unwrap();
    Place { folder, example: repository().join("examples").join(example), _server: server }
}

impl Place {
    /// The path of something in its own folder.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// `ask`, in process, of its agents.
    pub(crate) fn ask(&self) -> Vec<String> {
        let example = self.example.to_str().unwrap().to_owned();
        let words = ["ask", "--dir", &example, "--dir", &self.path("overlay"), "--workspace", &self.path("workspace")];
        words.map(str::to_owned).into()
    }

    /// `serve` on a free port.
    pub(crate) fn serve(&self) -> Vec<String> {
        let example = self.example.to_str().unwrap().to_owned();
        let (overlay, data, workspace) = (self.path("overlay"), self.path("data"), self.path("workspace"));
        let words =
            ["serve", &example, &overlay, "--data", &data, "--workspace", &workspace, "--listen", "127.0.0.1:0"];
        words.map(str::to_owned).into()
    }
}
