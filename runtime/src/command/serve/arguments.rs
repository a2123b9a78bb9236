//! The flags of `troupe serve`, and the settings that come of them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context;
use troupe_crds::duration::GoDuration;
use url::Url;

use crate::command::agents::AgentOptions;
use crate::command::variable::{Lookup, or_older, path_or_older};
use crate::command::{UsageError, folders};
use crate::settings::Settings;
use crate::size::Size;

/// What `serve` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArguments {
    /// Folders of manifests, or files; a later one wins over an earlier, and what the API writes goes to the last [env: `TROUPE_DIRS`, separated as in `PATH`]
    #[arg(value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// Serve the resources of this namespace of a cluster instead, through the kubeconfig or as the pod's account; who calls needs a token for the audience `troupe:NAME`
    #[arg(long, short, env = "TROUPE_NAMESPACE", value_name = "NAME", conflicts_with_all = ["dirs", "token_file"])]
    namespace: Option<String>,
    /// A file of certificate authorities (PEM) that are trusted beside the system's
    #[arg(long, env = "TROUPE_CA_BUNDLE", value_name = "FILE")]
    ca_bundle: Option<PathBuf>,
    /// Where to listen: an address with a port, or a port of 127.0.0.1
    #[arg(long, env = "TROUPE_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:7988", value_parser = address)]
    listen: SocketAddr,
    /// Where to serve /metrics, on a port of its own [default: nowhere]
    #[arg(long, env = "TROUPE_METRICS", value_name = "ADDR", value_parser = address)]
    metrics: Option<SocketAddr>,
    /// The folder of the database, of secrets and of large results; one service at a time has it [default: data] [older: `AGENTS_RUNTIME_DIR`]
    #[arg(long, env = "TROUPE_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    access: AccessOptions,
    #[command(flatten)]
    load: LoadOptions,
    #[command(flatten)]
    agents: AgentOptions,
}

/// Who may call.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Access")]
struct AccessOptions {
    /// A file that holds the bearer token which every request must bring [or the token itself in `TROUPE_TOKEN`]
    #[arg(long, env = "TROUPE_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Listen elsewhere than on loopback without a token: whoever reaches the port may run commands
    #[arg(long, env = "TROUPE_INSECURE_NO_TOKEN", value_parser = clap::builder::BoolishValueParser::new(), action = clap::ArgAction::SetTrue)]
    insecure_no_token: bool,
    /// A further host name under which the service is reached; repeatable
    #[arg(long, env = "TROUPE_HOST_NAME", value_name = "NAME", value_delimiter = ',', value_parser = host)]
    host_name: Vec<String>,
    /// An origin whose pages may call the service from a browser, such as `https://example.org`; repeatable
    #[arg(long, env = "TROUPE_CORS_ORIGIN", value_name = "ORIGIN", value_delimiter = ',', value_parser = origin)]
    cors_origin: Vec<String>,
}

/// How much at one time.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Load")]
struct LoadOptions {
    /// How long running turns may go on after SIGTERM or Ctrl-C; what is not done then goes on at the next start
    #[arg(long, env = "TROUPE_GRACE", value_name = "DURATION", default_value = "20s")]
    grace: GoDuration,
    /// Runs at one time
    #[arg(long, env = "TROUPE_MAX_RUNNING", value_name = "RUNS", default_value_t = 1_000, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    max_running: usize,
    /// Runs that may wait; one more is refused with 429
    #[arg(long, env = "TROUPE_MAX_QUEUED", value_name = "RUNS", default_value_t = 1_000)]
    max_queued: usize,
    /// Bytes of an upload that go in one piece [default: 100M] [older: `UPLOAD_PARALLEL_SIZE`]
    #[arg(long, env = "TROUPE_UPLOAD_PARALLEL_SIZE", value_name = "SIZE")]
    upload_parallel_size: Option<Size>,
    /// Pieces of an upload at one time, from 1 to 32 [default: 5] [older: `UPLOAD_PARALLEL_MAX_THREADS`]
    #[arg(long, env = "TROUPE_UPLOAD_PARALLEL_MAX_THREADS", value_name = "PIECES", value_parser = clap::value_parser!(u32).range(1..=32))]
    upload_parallel_max_threads: Option<u32>,
    /// The most files that a search of the workspace gives [default: 1000] [older: `SEARCH_MAX_RESULTS`]
    #[arg(long, env = "TROUPE_SEARCH_MAX_RESULTS", value_name = "FILES")]
    search_max_results: Option<usize>,
}

impl ServeArguments {
    /// The settings: flags over `TROUPE_` variables (both by clap), over the older variables, over defaults.
    pub fn settings(self, lookup: Lookup<'_>) -> anyhow::Result<Settings> {
        let namespace = self.namespace.filter(|name| !name.is_empty());
        if namespace.is_some() && lookup("TROUPE_DATABASE_URL").is_some_and(|url| !url.is_empty()) {
            return Err(UsageError(
                "TROUPE_DATABASE_URL is set, and this version keeps its data in SQLite only: take storage.postgres out of \
                 the Runtime"
                    .to_owned(),
            )
            .into());
        }
        let directories = if namespace.is_some() { Vec::new() } else { folders(self.dirs, lookup, "serve")? };
        let data = path_or_older(self.data, "AGENTS_RUNTIME_DIR", lookup).unwrap_or_else(|| "data".into());
        let (listen, metrics, ca_bundle) = (self.listen, self.metrics, self.ca_bundle);
        let mut settings = Settings { namespace, ca_bundle, listen, metrics, ..Settings::new(directories, data) };
        self.access.apply(&mut settings, lookup)?;
        self.load.apply(&mut settings, lookup)?;
        self.agents.apply(&mut settings, lookup)?;
        Ok(settings)
    }
}

impl AccessOptions {
    fn apply(self, settings: &mut Settings, lookup: Lookup<'_>) -> anyhow::Result<()> {
        settings.hosts = self.host_name;
        settings.cors = self.cors_origin;
        if settings.namespace.is_some() {
            // Everyone who calls is known by a token of the cluster's.
            return Ok(());
        }
        settings.token = token(self.token_file.as_deref(), lookup)?;
        if settings.token.is_none() && !settings.listen.ip().is_loopback() && !self.insecure_no_token {
            return Err(UsageError(format!(
                "{} is reachable from other machines, and there is no token: whoever reaches it may run commands here. \
                 Give one in TROUPE_TOKEN or --token-file, listen on 127.0.0.1, or say --insecure-no-token",
                settings.listen
            ))
            .into());
        }
        Ok(())
    }
}

impl LoadOptions {
    fn apply(self, settings: &mut Settings, lookup: Lookup<'_>) -> Result<(), UsageError> {
        settings.grace = self.grace.value();
        settings.max_running = self.max_running;
        settings.max_queued = self.max_queued;
        if let Some(Size(size)) = or_older(self.upload_parallel_size, "UPLOAD_PARALLEL_SIZE", lookup)? {
            settings.upload_parallel_size = size;
        }
        let threads = or_older(self.upload_parallel_max_threads, "UPLOAD_PARALLEL_MAX_THREADS", lookup)?;
        if let Some(threads) = threads {
            settings.upload_parallel_max_threads = threads.clamp(1, 32);
        }
        if let Some(files) = or_older(self.search_max_results, "SEARCH_MAX_RESULTS", lookup)? {
            settings.search_max_results = files;
        }
        Ok(())
    }
}

/// The token: of the file, else of `TROUPE_TOKEN`. It is no flag, because every user of a machine sees process titles.
pub(crate) fn token(file: Option<&Path>, lookup: Lookup<'_>) -> anyhow::Result<Option<String>> {
    let Some(file) = file else { return Ok(lookup("TROUPE_TOKEN").filter(|token| !token.trim().is_empty())) };
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read the token file {shown}"))?;
    let token = text.trim();
    anyhow::ensure!(!token.is_empty(), "the token file {shown} is empty; write the token into it");
    Ok(Some(token.to_owned()))
}

/// The name of a host, as it stands in `Host` beside the port.
fn host(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty() && !text.contains(['/', ':', ' ', '@']);
    is_name
        .then(|| text.to_owned())
        .ok_or_else(|| "write a name without scheme and port, such as box.example.org".to_owned())
}

/// An origin as browsers send it, or `*` for all.
fn origin(text: &str) -> Result<String, String> {
    let known = |url: &Url| url.scheme().starts_with("http") && url.origin().ascii_serialization() == text;
    if text == "*" || Url::parse(text).is_ok_and(|url| known(&url)) {
        return Ok(text.to_owned());
    }
    Err("write a scheme and a host and nothing behind them, such as https://example.org, or * for all".to_owned())
}

/// `127.0.0.1:7988`, `[::1]:7988`, `localhost:7988`, or a port alone.
fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    let local = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    if let Some(port) = local {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    text.parse().map_err(|_| match text.parse::<IpAddr>() {
        Ok(address) => format!("the port is missing; write {}", SocketAddr::from((address, 7988))),
        Err(_) => "write an address and a port, such as 127.0.0.1:7988 or 0.0.0.0:7988, or a port alone".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        serve: ServeArguments,
    }

    fn settings(line: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<Settings> {
        let variables: HashMap<&str, &str> = variables.iter().copied().collect();
        let line = ["serve", "/"].iter().chain(line);
        Line::try_parse_from(line)?.serve.settings(&|name| variables.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn without_flags_and_variables_the_defaults_hold() {
        let got = settings(&[], &[]).unwrap();
        assert_eq!(format!("{got:?}"), format!("{:?}", Settings::new(vec!["/".into()], "data".into())));
    }

    #[test]
    fn the_older_variables_are_understood() {
        let got = settings(
            &[],
            &[
                ("AGENTS_RUNTIME_DIR", "/older/data"),
                ("MAX_TOOL_ROUNDS", "7"),
                ("BASH_EXEC_TIMEOUT", "90"),
                ("FETCH_MAX_SIZE", "4096"),
                ("SUMMARY_MODEL_ID", "qwen3.5:9b"),
                ("MAX_TOKENS_IN_CONTEXT", "32000"),
                ("DISABLE_NESTED_DELEGATE", "1"),
                ("UPLOAD_PARALLEL_SIZE", "2M"),
                ("UPLOAD_PARALLEL_MAX_THREADS", "99"),
                ("SEARCH_MAX_RESULTS", "12"),
            ],
        )
        .unwrap();
        let expected = Settings {
            max_tool_rounds: 7,
            bash_timeout: Duration::from_secs(90),
            fetch_max_size: 4096,
            summary_model: Some("qwen3.5:9b".to_owned()),
            max_context_tokens: Some(32_000),
            disable_nested_delegate: true,
            upload_parallel_size: 2 << 20,
            upload_parallel_max_threads: 32,
            search_max_results: 12,
            ..Settings::new(vec!["/".into()], "/older/data".into())
        };
        assert_eq!(format!("{got:?}"), format!("{expected:?}"));
    }

    #[test]
    fn a_flag_wins_over_the_older_variable() {
        let older = [("MAX_TOOL_ROUNDS", "7"), ("BASH_EXEC_TIMEOUT", "90"), ("DISABLE_NESTED_DELEGATE", "1")];
        let flags = ["--max-tool-rounds", "3", "--bash-timeout", "1m30s", "--disable-nested-delegate=no"];
        let got = settings(&flags, &older).unwrap();
        assert_eq!(
            (got.max_tool_rounds, got.bash_timeout, got.disable_nested_delegate),
            (3, Duration::from_secs(90), false)
        );
    }

    #[test]
    fn other_machines_need_a_token() {
        let error = settings(&["--listen", "0.0.0.0:7988"], &[]).unwrap_err();
        assert!(error.downcast_ref::<UsageError>().is_some());
        assert!(error.to_string().contains("TROUPE_TOKEN"), "{error}");
        let with_token = settings(&["--listen", "0.0.0.0:7988"], &[("TROUPE_TOKEN", "t")]).unwrap();
        assert_eq!(with_token.token.as_deref(), Some("t"));
        settings(&["--listen", "0.0.0.0:7988", "--insecure-no-token"], &[]).unwrap();
        settings(&["--listen", "[::1]:7988"], &[]).unwrap();
    }

    #[test]
    fn a_namespace_stands_in_the_place_of_folders_and_of_the_token() {
        let line = |line: &[&str]| Line::try_parse_from(["serve"].iter().chain(line)).map(|line| line.serve);
        let serve = line(&["--namespace", "team-a", "--listen", "0.0.0.0:7988"]).unwrap();
        let got = serve.settings(&|_| None).unwrap();
        assert_eq!((got.namespace.as_deref(), got.directories), (Some("team-a"), Vec::new()));
        assert!(line(&["/", "--namespace", "team-a"]).unwrap_err().to_string().contains("cannot be used with"));
        let serve = line(&["-n", "team-a"]).unwrap();
        let error = serve.settings(&|name| (name == "TROUPE_DATABASE_URL").then(|| "postgres://x".to_owned()));
        assert!(error.unwrap_err().to_string().contains("SQLite only"));
    }

    #[test]
    fn a_token_file_wins_and_must_hold_something() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "secret\n").unwrap();
        let line = ["--token-file", file.to_str().unwrap()];
        let got = settings(&line, &[("TROUPE_TOKEN", "other")]).unwrap();
        assert_eq!(got.token.as_deref(), Some("secret"));
        std::fs::write(&file, " \n").unwrap();
        assert!(settings(&line, &[]).unwrap_err().to_string().contains("is empty"));
    }

    #[test]
    fn an_address_may_be_a_port_alone() {
        assert_eq!(address("8080").unwrap().to_string(), "127.0.0.1:8080");
        assert_eq!(address("localhost:80").unwrap().to_string(), "127.0.0.1:80");
        assert_eq!(address("[::]:80").unwrap().to_string(), "[::]:80");
        assert_eq!(address("10.0.0.1").unwrap_err(), "the port is missing; write 10.0.0.1:7988");
        assert!(address("somewhere").is_err());
    }

    #[test]
    fn a_folder_that_is_not_there_is_named_with_a_remedy() {
        let line = Line::try_parse_from(["serve", "/nowhere/at/all"]).unwrap();
        let error = line.serve.settings(&|_| None).unwrap_err();
        assert_eq!(error.to_string(), "there is no folder /nowhere/at/all; make it, or name another one");
    }

    #[test]
    fn without_a_folder_the_variable_names_some() {
        let line = || Line::try_parse_from(["serve"]).unwrap().serve;
        let got = line().settings(&|name| (name == "TROUPE_DIRS").then(|| "/:/usr".to_owned())).unwrap();
        assert_eq!(got.directories, [PathBuf::from("/"), PathBuf::from("/usr")]);
        assert!(line().settings(&|_| None).unwrap_err().downcast_ref::<UsageError>().is_some());
    }
}
