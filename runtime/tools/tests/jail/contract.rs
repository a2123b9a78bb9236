//! Real processes in the jail, wherever it runs them: what they may not do, and that nothing of them stays.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use troupe_tools::jail::{End, JailError, JailSettings, Job, Launcher, Limits, Outcome, OutputForm, Resource, Sandbox};

use crate::{jail, mark};

/// Longer than any of these commands takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Place {
    folder: TempDir,
    pub(crate) settings: JailSettings,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["workspace", "data", "private"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("data/secrets.yaml"), "hidden").unwrap();
        let settings = JailSettings {
            launcher: Launcher { program: env!("CARGO_BIN_EXE_troupe-jail").into(), arguments: Vec::new() },
            private: folder.path().join("private"),
            protected: vec![folder.path().join("data")],
            ..JailSettings::default()
        };
        Self { folder, settings }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn job(&self, script: &str) -> Job {
        Job {
            command: ["bash", "-c", script].map(str::to_owned).to_vec(),
            files: BTreeMap::new(),
            collect: None,
            output: OutputForm::Plain,
            workspace: Some(self.path("workspace")),
            read_only: false,
            readable: Vec::new(),
            directory: None,
            network: false,
            timeout: PATIENCE,
            max_output: 1 << 20,
        }
    }

    pub(crate) async fn run(&self, job: &Job) -> Outcome {
        let jail = jail(self.settings.clone());
        jail.run(job, &CancellationToken::new()).await.unwrap()
    }

    async fn bash(&self, script: &str) -> Outcome {
        self.run(&self.job(script)).await
    }
}

/// The processes whose environment or command line holds `mark`.
pub(crate) fn processes_with(mark: &str) -> Vec<String> {
    let holds = |path: PathBuf| fs::read(path).is_ok_and(|text| String::from_utf8_lossy(&text).contains(mark));
    let own = std::process::id().to_string();
    let pids = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
    pids.filter(|pid| *pid != own && pid.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(|pid| {
            let process = Path::new("/proc").join(pid);
            let zombie = fs::read_to_string(process.join("stat")).is_ok_and(|stat| stat.contains(") Z "));
            !zombie && (holds(process.join("cmdline")) || holds(process.join("environ")))
        })
        .collect()
}

#[tokio::test]
async fn a_command_tells_its_output_and_its_exit_code() {
    let outcome = Place::new().bash("echo out; echo err >&2; exit 3").await;
    assert_eq!((outcome.end, outcome.output.as_str()), (End::Exited(3), "out\nerr\n"));
}

#[tokio::test]
async fn a_command_writes_in_its_workspace_and_its_private_folder_only() {
    let place = Place::new();
    fs::write(place.path("outside.txt"), "before").unwrap();
    let script = format!(
        "echo in > here.txt && echo tmp > $TMPDIR/a && echo home > ~/b && echo ok
         for target in {0}/outside.txt {0}/new.txt /tmp/troupe-jail-new /usr/troupe-jail-new /dev/shm/troupe-jail-new; do
           (echo bad > $target) 2>/dev/null && echo wrote $target
         done
         ln -s {0}/outside.txt link; (echo bad > link) 2>/dev/null && echo wrote link
         ln {0}/outside.txt hard 2>/dev/null && echo linked
         mv {0}/outside.txt stolen 2>/dev/null && echo moved
         truncate -s 0 {0}/outside.txt 2>/dev/null && echo truncated
         true",
        place.folder.path().display()
    );
    let outcome = place.bash(&script).await;
    assert_eq!((outcome.end, outcome.output.as_str()), (End::Exited(0), "ok\n"));
    assert_eq!(fs::read_to_string(place.path("workspace/here.txt")).unwrap(), "in\n");
    assert_eq!(fs::read_to_string(place.path("outside.txt")).unwrap(), "before");
    assert_eq!(fs::read_dir(place.path("private")).unwrap().count(), 0, "the private folder is removed");
}

#[tokio::test]
async fn a_command_reads_neither_the_data_directory_nor_other_processes() {
    let place = Place::new();
    let script = format!(
        "cat {}/secrets.yaml; ls /root /home /etc/shadow /proc/1; cat /proc/$PPID/environ /etc/shadow; true",
        place.path("data").display()
    );
    let outcome = place.bash(&script).await;
    let refusals = outcome.output.matches("Permission denied").count();
    assert!(refusals >= 5 && !outcome.output.contains("hidden"), "{}", outcome.output);
}

#[tokio::test]
async fn a_workspace_that_contains_the_data_directory_is_refused() {
    let place = Place::new();
    let job = Job { workspace: Some(place.folder.path().to_owned()), ..place.job("true") };
    let jail = jail(place.settings.clone());
    let error = jail.run(&job, &CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, JailError::Protected { .. }), "{error}");
}

#[tokio::test]
async fn a_read_only_workspace_changes_nothing() {
    let place = Place::new();
    fs::write(place.path("workspace/a.txt"), "kept").unwrap();
    let script = "cat a.txt; echo x > a.txt; echo x > b.txt; rm a.txt; chmod 600 a.txt; touch a.txt; mkdir c; truncate -s 0 a.txt; true";
    let outcome = place.run(&Job { read_only: true, ..place.job(script) }).await;
    assert!(outcome.output.starts_with("kept"), "{}", outcome.output);
    assert_eq!(fs::read_to_string(place.path("workspace/a.txt")).unwrap(), "kept");
    assert_eq!(fs::read_dir(place.path("workspace")).unwrap().count(), 1);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(place.path("workspace/a.txt")).unwrap().permissions());
    assert_ne!(mode & 0o777, 0o600);
}

const SOCKETS: &str = r#"
import socket, errno
def attempt(name, make):
    try:
        make()
        print(name, "ok")
    except OSError as error:
        print(name, errno.errorcode[error.errno])
attempt("pair", socket.socketpair)
attempt("inet", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
attempt("inet6", lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
attempt("unix", lambda: socket.socket(socket.AF_UNIX))
attempt("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
attempt("audit", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9))
attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
"#;

#[tokio::test]
async fn without_network_there_are_no_sockets_but_pairs() {
    let place = Place::new();
    let files = BTreeMap::from([("sockets.py".to_owned(), SOCKETS.to_owned())]);
    let command = ["python3", "{private}/sockets.py"].map(str::to_owned).to_vec();
    let job = Job { command, files, ..place.job("") };
    let refused = "pair ok\ninet EPERM\ninet6 EPERM\nunix EPERM\nnetlink EPERM\naudit EPERM\npacket EPERM\n";
    assert_eq!(place.run(&job).await.output, refused);
    let allowed = "pair ok\ninet ok\ninet6 ok\nunix EPERM\nnetlink ok\naudit EPERM\npacket EPERM\n";
    assert_eq!(place.run(&Job { network: true, ..job }).await.output, allowed);
}

const CALLS: &str = r#"
import ctypes, errno, os, platform
libc = ctypes.CDLL(None, use_errno=True)
x86 = platform.machine() == "x86_64"
calls = {
    "unshare": ((272, 0x10000000) if x86 else (97, 0x10000000)),
    "ptrace": ((101, 0, 0, 0, 0) if x86 else (117, 0, 0, 0, 0)),
    "mount": ((165, 0, 0, 0, 0, 0) if x86 else (40, 0, 0, 0, 0, 0)),
    "bpf": ((321, 0, 0, 0) if x86 else (280, 0, 0, 0)),
    "keyctl": ((250, 0, 0) if x86 else (219, 0, 0)),
    "io_uring_setup": (425, 1, 0),
    "open_by_handle_at": ((304, 0, 0, 0) if x86 else (265, 0, 0, 0)),
    "clone3": (435, 0, 0),
    "kill everyone": ((62, -1, 0) if x86 else (129, -1, 0)),
    "kill the supervisor": ((62, os.getppid(), 0) if x86 else (129, os.getppid(), 0)),
}
for name, arguments in calls.items():
    result = libc.syscall(*[ctypes.c_long(argument) for argument in arguments])
    print(name, errno.errorcode[ctypes.get_errno()] if result == -1 else "ok")
print("no new privileges", libc.prctl(39, 0, 0, 0, 0))
"#;

#[tokio::test]
async fn the_kernels_side_doors_are_closed() {
    let place = Place::new();
    let files = BTreeMap::from([("calls.py".to_owned(), CALLS.to_owned())]);
    let command = ["python3", "{private}/calls.py"].map(str::to_owned).to_vec();
    let outcome = place.run(&Job { command, files, ..place.job("") }).await;
    let expected = "unshare EPERM\nptrace EPERM\nmount EPERM\nbpf EPERM\nkeyctl EPERM\nio_uring_setup EPERM\n\
                    open_by_handle_at EPERM\nclone3 ENOSYS\nkill everyone EPERM\nkill the supervisor EPERM\n\
                    no new privileges 1\n";
    assert_eq!(outcome.output, expected);
}

#[tokio::test]
async fn the_environment_holds_five_variables_and_nothing_of_ours() {
    let outcome = Place::new().bash("env | cut -d= -f1 | grep -vE '^(PWD|SHLVL|_)$' | sort | tr '\\n' ' '").await;
    assert_eq!(outcome.output, "HOME LANG PATH TERM TMPDIR ");
}

#[tokio::test]
async fn a_time_out_ends_the_command_and_everything_that_detached_from_it() {
    let place = Place::new();
    let mark = &mark("31.4159265");
    let script = format!(
        "setsid sleep {mark} & (sleep {mark} &) ; nohup setsid bash -c 'sleep {mark} & sleep {mark}' & echo up; sleep {mark}"
    );
    let job = Job { timeout: Duration::from_secs(2), ..place.job(&script) };
    let outcome = place.run(&job).await;
    assert_eq!((outcome.end, outcome.output.as_str()), (End::TimedOut, "up\n"));
    assert_eq!(processes_with(mark), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_command_leaves_running_ends_with_it() {
    let mark = &mark("27.1828182");
    let outcome = Place::new().bash(&format!("setsid sleep {mark} >/dev/null 2>&1 & disown; echo gone")).await;
    assert_eq!((outcome.end, outcome.output.as_str()), (End::Exited(0), "gone\n"));
    assert_eq!(processes_with(mark), Vec::<String>::new());
}

#[tokio::test]
async fn cancelling_ends_the_command() {
    let place = Place::new();
    let mark = &mark("16.1803398");
    let cancel = CancellationToken::new();
    let started = place.path("workspace/started");
    let job = place.job(&format!("touch started; setsid sleep {mark} & sleep {mark}"));
    let jail = jail(place.settings.clone());
    let (outcome, ()) = tokio::join!(jail.run(&job, &cancel), async {
        while !started.exists() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    });
    assert_eq!(outcome.unwrap().end, End::Cancelled);
    assert_eq!(processes_with(mark), Vec::<String>::new());
}

/// A crowd that is bounded in itself: a true fork bomb would take a machine whose root has no process limit.
#[tokio::test]
async fn a_crowd_of_processes_is_bounded_and_ended() {
    let place = Place::new();
    let settings = JailSettings { limits: Limits { processes: 32, ..Limits::default() }, ..place.settings.clone() };
    let mark = &mark("61.4142");
    let job = place.job(&format!("i=0; while [ $i -lt 120 ]; do sleep {mark} & i=$((i+1)); done; wait"));
    let outcome = jail(settings).run(&job, &CancellationToken::new()).await.unwrap();
    // Root has no process limit and is stopped by the watch; others run into the limit first.
    let root = rustix::process::geteuid().is_root();
    assert!(!root || outcome.end == End::Exceeded(Resource::Processes), "{:?}", outcome.end);
    assert_eq!(processes_with(mark), Vec::<String>::new());
}

/// Doubles seven times, so that it ends by itself if nothing else ends it: 255 processes that sleep.
const DOUBLING: &str = r"
import os, sys, time
def double(left):
    for _ in range(2 if left else 0):
        if os.fork() == 0:
            os.setsid()
            return double(left - 1)
try:
    double(7)
except OSError:
    pass
time.sleep(40)
";

#[tokio::test]
async fn processes_that_double_and_detach_from_their_groups_are_ended() {
    let place = Place::new();
    let settings = JailSettings { limits: Limits { processes: 64, ..Limits::default() }, ..place.settings.clone() };
    let mark = &mark("24.4948974");
    let files = BTreeMap::from([("double.py".to_owned(), DOUBLING.to_owned())]);
    let command = ["python3", "{private}/double.py", mark.as_str()].map(str::to_owned).to_vec();
    let job = Job { command, files, timeout: Duration::from_secs(20), ..place.job("") };
    let outcome = jail(settings).run(&job, &CancellationToken::new()).await.unwrap();
    let root = rustix::process::geteuid().is_root();
    assert!(!root || outcome.end == End::Exceeded(Resource::Processes), "{:?}", outcome.end);
    assert_eq!(processes_with(mark), Vec::<String>::new());
}

#[tokio::test]
async fn memory_is_bounded_in_each_process_and_in_all() {
    let place = Place::new();
    let settings = JailSettings { limits: Limits { memory: 256 << 20, ..Limits::default() }, ..place.settings.clone() };
    let jail = jail(settings);
    let job = place.job("python3 -c 'x = bytearray(1 << 30)' 2>&1 | tail -1");
    let outcome = jail.run(&job, &CancellationToken::new()).await.unwrap();
    assert_eq!(outcome.output.trim(), "MemoryError");
    let many = "for i in 1 2 3 4; do python3 -c 'import time; x = bytearray(b\"1\") * (150 << 20); time.sleep(50)' & done; wait";
    let outcome = jail.run(&place.job(many), &CancellationToken::new()).await.unwrap();
    assert_eq!(outcome.end, End::Exceeded(Resource::Memory));
}

#[tokio::test]
async fn output_beyond_the_limit_is_cut_and_said_to_be() {
    let place = Place::new();
    let job = Job { max_output: 1000, ..place.job("yes | head -c 3000000") };
    let outcome = place.run(&job).await;
    assert_eq!((outcome.end, outcome.output.len(), outcome.cut), (End::Exited(0), 1000, true));
}

#[tokio::test]
async fn a_file_is_brought_back_unless_it_is_too_large() {
    let place = Place::new();
    let job = Job { collect: Some("out".to_owned()), max_output: 10, ..place.job("printf 12345 > ~/out") };
    assert_eq!(place.run(&job).await.collected.as_deref(), Some(b"12345".as_slice()));
    let large = Job { command: place.job("printf 12345678901 > ~/out").command, ..job.clone() };
    assert_eq!(place.run(&large).await.collected, None);
    let link = Job { command: place.job("ln -s /etc/passwd ~/out").command, ..job };
    assert_eq!(place.run(&link).await.collected, None, "links are not followed outside the jail");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error_that_names_it() {
    let place = Place::new();
    let job = Job { command: vec!["no-such-program".to_owned()], ..place.job("") };
    let jail = jail(place.settings.clone());
    let error = jail.run(&job, &CancellationToken::new()).await.unwrap_err().to_string();
    assert!(error.contains("no-such-program"), "{error}");
}

#[tokio::test]
async fn without_the_sandbox_commands_are_still_ended_as_a_group() {
    let place = Place::new();
    let settings = JailSettings { sandbox: Sandbox::None, ..place.settings.clone() };
    let mark = &mark("17.3205080");
    let script = format!(
        "echo x > {}/outside.txt; env | wc -l; setsid sleep {mark} & sleep {mark}",
        place.folder.path().display()
    );
    let job = Job { timeout: Duration::from_secs(2), ..place.job(&script) };
    let outcome = jail(settings).run(&job, &CancellationToken::new()).await.unwrap();
    assert_eq!(outcome.end, End::TimedOut);
    assert!(place.path("outside.txt").exists());
    assert_eq!(processes_with(mark), Vec::<String>::new());
}

#[tokio::test]
async fn the_death_of_the_parent_ends_the_command() {
    // The parent's death closes the socket; so does dropping the future, which is how it is seen from here.
    let place = Place::new();
    let mark = &mark("22.3606797");
    let job = place.job(&format!("touch started; sleep {mark}"));
    let jail = jail(place.settings.clone());
    let cancel = CancellationToken::new();
    let run = jail.run(&job, &cancel);
    tokio::select! {
        _ = run => panic!("it ended by itself"),
        () = async {
            while !place.path("workspace/started").exists() {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    while !processes_with(mark).is_empty() {
        tokio::task::yield_now().await;
    }
}
