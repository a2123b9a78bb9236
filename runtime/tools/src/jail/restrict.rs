//! The process that restricts itself and becomes the command.
//!
//! Order matters: what needs rights comes first (terminal, directory, limits), then Landlock, then capabilities, and the
//! system call filter last, since it takes away what the others are made of.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use rustix::thread::CapabilitySet;

use super::policy::Policy;
use super::{filter, tree};

/// The newest rights that are asked for; older kernels enforce what they know of them.
const NEWEST: ABI = ABI::V6;

/// Device files that programs expect and that hold nothing.
const DEVICES: [&str; 6] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"];

/// Becomes the command; comes back only when that fails, having said why on the socket.
pub(super) fn main() -> ExitCode {
    // As the standard input is replaced, this copy stays; `exec` closes it, which tells the supervisor "started".
    if let Ok(mut socket) = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3).map(UnixStream::from) {
        let failure = become_command(&mut socket);
        // The supervisor may be gone, and there is nobody else to tell.
        let _ = socket.write_all(failure.as_bytes());
    }
    ExitCode::FAILURE
}

/// Only ever returns why it failed.
fn become_command(socket: &mut UnixStream) -> String {
    let policy = match read(socket) {
        Ok(policy) => policy,
        Err(error) => return format!("cannot read the policy: {error}"),
    };
    if let Err((what, error)) = confine(&policy) {
        return format!("cannot {what}: {error}");
    }
    let Some((program, arguments)) = policy.command.split_first() else { return "there is no command".to_owned() };
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(policy.environment.iter().map(|(name, value)| (name, value)));
    let error = command.exec();
    format!("cannot run {program:?}: {error}")
}

fn read(socket: &mut UnixStream) -> io::Result<Policy> {
    let mut text = Vec::new();
    socket.read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

type Step = Result<(), (&'static str, String)>;

fn confine(policy: &Policy) -> Step {
    fn step<T, E: std::fmt::Display>(what: &'static str, result: Result<T, E>) -> Step {
        result.map(drop).map_err(|error| (what, error.to_string()))
    }
    // The supervisor's only thread started this process, so its end is the supervisor's end.
    step("tie the command to its supervisor", rustix::process::set_parent_process_death_signal(Some(Signal::KILL)))?;
    step("leave the session", rustix::process::setsid())?;
    step("open the standard input", standard_input(policy.terminal))?;
    step("enter the working directory", std::env::set_current_dir(&policy.directory))?;
    // Below everything else on the machine: the service answers while a command computes.
    step("lower the priority", rustix::process::nice(10))?;
    step("forbid new privileges", rustix::thread::set_no_new_privs(true))?;
    step("set the limits", limit(policy))?;
    if policy.confined {
        step("restrict files", landlock(policy))?;
        step("drop capabilities", drop_capabilities())?;
        step("restrict system calls", filter(policy))?;
    }
    Ok(())
}

fn filter(policy: &Policy) -> Result<(), Box<dyn std::error::Error>> {
    let supervisor = rustix::process::getppid().map(rustix::process::Pid::as_raw_pid);
    filter::apply(&filter::Filter {
        network: policy.network,
        frozen: policy.frozen,
        truncation: landlock_enforces(ABI::V3),
        untouchable: &[supervisor.unwrap_or(policy.service), policy.service],
    })
}

/// The terminal, which the output is, or nothing.
fn standard_input(terminal: bool) -> io::Result<()> {
    if terminal {
        rustix::process::ioctl_tiocsctty(io::stdout())?;
        rustix::stdio::dup2_stdin(io::stdout())?;
    } else {
        rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    }
    Ok(())
}

fn limit(policy: &Policy) -> io::Result<()> {
    let limits = policy.limits;
    // The kernel counts all processes of the user; the supervisor counts the command's own.
    let processes = tree::tasks_of_this_user().saturating_add(policy.unseen).saturating_add(limits.processes);
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Cpu, limits.cpu_seconds),
        (Resource::Data, limits.memory),
        (Resource::Fsize, limits.file_size),
        (Resource::Nofile, limits.files),
        (Resource::Nproc, processes),
    ] {
        // A limit that is lower already stays: raising one needs rights that the service should not have.
        let now = rustix::process::getrlimit(resource);
        let most = now.maximum.map_or(most, |now| now.min(most));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// Whether this kernel enforces every file right of `abi`.
pub(super) fn landlock_enforces(abi: ABI) -> bool {
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    ruleset.handle_access(AccessFs::from_all(abi)).and_then(Ruleset::create).is_ok()
}

fn landlock(policy: &Policy) -> Result<(), Box<dyn std::error::Error>> {
    let all = AccessFs::from_all(NEWEST);
    let mut rules = Ruleset::default()
        .handle_access(all)?
        // No signals to processes outside, the supervisor among them, and no abstract sockets.
        .scope(Scope::Signal | Scope::AbstractUnixSocket)?
        .create()?;
    for path in &policy.read {
        rules = allow(rules, path, AccessFs::from_read(NEWEST))?;
    }
    for path in &policy.write {
        // Device files would reach past the files; everything else of a folder of one's own is allowed.
        rules = allow(rules, path, all & !(AccessFs::MakeBlock | AccessFs::MakeChar))?;
    }
    let device = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    for path in DEVICES {
        rules = allow(rules, path.as_ref(), device)?;
    }
    if policy.terminal {
        // `/dev/stdout` and `/dev/stderr` open the terminal again, by its own name.
        rules = rules.add_rule(PathBeneath::new(io::stdout().as_fd(), device))?;
    }
    let status = rules.restrict_self()?;
    if status.ruleset == RulesetStatus::NotEnforced {
        return Err("the kernel does not enforce it".into());
    }
    Ok(())
}

/// Allows `access` below `path`; what is not there needs no rule.
fn allow(
    rules: RulesetCreated,
    path: &std::path::Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, Box<dyn std::error::Error>> {
    let Ok(opened) = PathFd::new(path) else { return Ok(rules) };
    // A file takes no rights that concern folders; asking for them would be refused.
    let folder = std::fs::metadata(path).is_ok_and(|data| data.is_dir());
    let access = if folder { access } else { access & AccessFs::from_file(NEWEST) };
    Ok(rules.add_rule(PathBeneath::new(opened, access))?)
}

/// Where the service runs as root, its commands keep only what it takes to use the workspace's files.
fn drop_capabilities() -> io::Result<()> {
    let kept = CapabilitySet::CHOWN | CapabilitySet::DAC_OVERRIDE | CapabilitySet::FOWNER;
    let mut sets = rustix::thread::capabilities(None)?;
    sets.effective &= kept;
    sets.permitted &= kept;
    sets.inheritable = CapabilitySet::empty();
    // `exec` gives root what the bounding set holds.
    for capability in (CapabilitySet::all() & !kept).iter() {
        if rustix::thread::capability_is_in_bounding_set(capability).unwrap_or(false) {
            // Only who has CAP_SETPCAP may; who has not gains nothing at `exec` either, unless root.
            let _ = rustix::thread::remove_capability_from_bounding_set(capability);
        }
    }
    Ok(rustix::thread::set_capabilities(None, sets)?)
}
