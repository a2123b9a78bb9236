//! What the sandbox adds to the jail: turns, refusals, starts and stops.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use troupe_tools::budget::Budget;
use troupe_tools::jail::{End, Jail, JailError, JailSettings, Job, OutputForm, RemoteSandbox};

use crate::contract::{PATIENCE, Place};
use crate::{client, jail, mark, serve, service};

async fn error(jail: &Jail, job: &Job) -> String {
    let error = jail.run(job, &CancellationToken::new()).await.unwrap_err();
    format!("{error} {error:?}")
}

#[tokio::test]
async fn a_sandbox_says_whether_commands_can_run() {
    let place = Place::new();
    let jail = jail(place.settings.clone());
    let ready = jail.ready().await;
    assert_eq!(ready.is_ok(), troupe_tools::jail::support().is_ok(), "{ready:?}");
}

#[tokio::test]
async fn the_socket_is_its_users_alone() {
    let place = Place::new();
    let _jail = jail(place.settings.clone());
    let mode = std::fs::metadata(place.path("sandbox.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_command_sees_a_terminal_of_80_columns_and_24_rows() {
    let place = Place::new();
    let job = Job { output: OutputForm::Terminal, ..place.job("stty size; printf '10%%\\r100%%\\n'; exit 7") };
    let outcome = place.run(&job).await;
    assert_eq!((outcome.end, outcome.output.as_str()), (End::Exited(7), "24 80\n100%"));
}

#[tokio::test]
async fn output_larger_than_any_buffer_comes_back_whole() {
    let place = Place::new();
    let job = Job {
        max_output: 8 << 20,
        collect: Some("out".to_owned()),
        ..place.job("head -c 5000000 /dev/zero | tr '\\0' x | tee ~/out")
    };
    let outcome = place.run(&job).await;
    assert_eq!(
        (outcome.output.len(), outcome.cut, outcome.collected.map(|file| file.len())),
        (5_000_000, false, Some(5_000_000))
    );
}

#[tokio::test]
async fn a_command_waits_for_a_sandbox_that_is_starting() {
    let place = Place::new();
    let socket = place.path("sandbox.sock");
    let jail = client(&socket);
    let (job, cancel) = (place.job("echo up"), CancellationToken::new());
    let mut run = std::pin::pin!(jail.run(&job, &cancel));
    assert!(run.as_mut().now_or_never().is_none());
    let settings = service(place.settings.clone());
    serve(settings, &socket);
    assert_eq!(run.await.unwrap().output, "up\n");
}

#[tokio::test]
async fn a_sandbox_that_never_comes_is_an_error_that_names_its_socket() {
    let place = Place::new();
    let remote = RemoteSandbox { socket: place.path("none.sock"), patience: Duration::from_millis(200) };
    let jail = Jail::new(JailSettings { remote: Some(remote), ..JailSettings::default() }, Budget::default());
    let error = error(&jail, &place.job("true")).await;
    assert!(
        error.contains("no sandbox answers at") && error.contains("none.sock") && error.contains("NotFound"),
        "{error}"
    );
}

#[tokio::test]
async fn folders_outside_of_the_workspaces_are_refused() {
    let place = Place::new();
    let socket = place.path("sandbox.sock");
    let settings = service(place.settings.clone());
    serve(troupe_tools::jail::sandbox::SandboxSettings { workspace: place.path("workspace"), ..settings }, &socket);
    let jail = client(&socket);
    let within = jail.run(&place.job("echo in"), &CancellationToken::new()).await.unwrap();
    assert_eq!(within.output, "in\n");
    let outside = Job { readable: vec![place.path("data")], ..place.job("true") };
    let escaping = Job { directory: Some(place.path("workspace/../data")), ..place.job("true") };
    for job in [outside, escaping] {
        let error = error(&jail, &job).await;
        assert!(error.contains("sees the folder") && error.contains("data"), "{error}");
    }
}

#[tokio::test]
async fn names_of_files_that_lead_out_of_the_private_folder_are_refused() {
    let place = Place::new();
    let jail = jail(place.settings.clone());
    for name in ["../out", "/tmp/troupe-sandbox-out", "a/b", ".."] {
        let files = std::collections::BTreeMap::from([(name.to_owned(), "x".to_owned())]);
        let error = error(&jail, &Job { files, ..place.job("true") }).await;
        assert!(error.contains("is no name of a file"), "{error}");
        let error = self::error(&jail, &Job { collect: Some(name.to_owned()), ..place.job("true") }).await;
        assert!(error.contains("is no name of a file"), "{error}");
    }
}

#[tokio::test]
async fn commands_beyond_the_number_at_a_time_wait_for_their_turn() {
    let place = Place::new();
    let socket = place.path("sandbox.sock");
    let settings = service(place.settings.clone());
    serve(troupe_tools::jail::sandbox::SandboxSettings { max_jobs: 1, ..settings }, &socket);
    let jail = client(&socket);
    let cancel = CancellationToken::new();
    // Each sees nobody else at work.
    let job = place.job("mkdir busy && sleep 0.05 && rmdir busy && echo alone");
    let outcomes = futures::future::join_all((0..5).map(|_| jail.run(&job, &cancel))).await;
    let outputs: Vec<String> = outcomes.into_iter().map(|outcome| outcome.unwrap().output).collect();
    assert_eq!(outputs, ["alone\n"; 5]);
    // Who waits may leave, and has run nothing.
    let first = CancellationToken::new();
    let long = place.job("touch started; sleep 60");
    let mut run = std::pin::pin!(jail.run(&long, &first));
    tokio::select! {
        _ = &mut run => panic!("it ended by itself"),
        () = until(|| place.path("workspace/started").exists()) => {}
    }
    let second = CancellationToken::new();
    let never = place.job("touch never");
    let mut waiting = std::pin::pin!(jail.run(&never, &second));
    assert!(waiting.as_mut().now_or_never().is_none());
    second.cancel();
    assert_eq!(waiting.await.unwrap().end, End::Cancelled);
    let impatient = Job { timeout: Duration::from_millis(300), ..place.job("touch never") };
    let error = error(&jail, &impatient).await;
    assert!(error.contains("1 commands run in the sandbox already"), "{error}");
    first.cancel();
    assert_eq!(run.await.unwrap().end, End::Cancelled);
    assert!(!place.path("workspace/never").exists());
}

#[tokio::test]
async fn a_stop_waits_for_a_runtime_that_is_connected_and_ends_what_outlives_the_grace() {
    let place = Place::new();
    let socket = place.path("sandbox.sock");
    let grace = Duration::from_secs(1);
    let settings = troupe_tools::jail::sandbox::SandboxSettings { grace, ..service(place.settings.clone()) };
    let stop = serve(settings, &socket);
    let jail = client(&socket);
    jail.ready().await.unwrap();
    stop.cancel();
    // The runtime's turns go on for a while, and so do their commands.
    let outcome = jail.run(&place.job("echo still"), &CancellationToken::new()).await.unwrap();
    assert_eq!(outcome.output, "still\n");
    let mark = &mark("44.7213595");
    let job = place.job(&format!("setsid sleep {mark} & sleep {mark}"));
    let outcome = jail.run(&Job { timeout: PATIENCE, ..job }, &CancellationToken::new()).await;
    assert!(
        matches!(&outcome, Ok(outcome) if outcome.end == End::Cancelled) || matches!(outcome, Err(JailError::Lost)),
        "{outcome:?}"
    );
    until(|| crate::contract::processes_with(mark).is_empty()).await;
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}
