//! The system calls that a jailed command may not make.
//!
//! The list names what is refused, as container runtimes' lists did before they turned around: a command may be any
//! program. What is refused reaches around Landlock (mounts, handles, `io_uring`, other processes' memory), makes new
//! privileges possible (user namespaces, keys, BPF) or touches the machine (clocks, modules, reboot).

use std::collections::BTreeMap;

use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};
use seccompiler::{BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule, TargetArch};

use super::Why;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Refused to every command, whatever the arguments.
const REFUSED: &[i64] = &[
    // Around Landlock: other ways to open, to mount and to reach files.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    // open_tree_attr has this number everywhere.
    467,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_tkill,
    // New privileges and the kernel's larger surfaces.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_personality,
    // The machine.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    // System V and POSIX objects outlive the command and are shared with the whole machine.
    libc::SYS_shmget,
    libc::SYS_msgget,
    libc::SYS_semget,
    libc::SYS_mq_open,
];

/// Refused where only `x86_64` has them.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[i64] = &[
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_uselib,
    libc::SYS_ustat,
    libc::SYS_sysfs,
    libc::SYS__sysctl,
    libc::SYS_kexec_file_load,
];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: &[i64] = &[];

/// Changes of modes, owners, times and attributes: Landlock does not know them.
const FREEZING: &[i64] = &[
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    // fchmodat2, setxattrat, removexattrat and file_setattr have these numbers everywhere.
    452,
    463,
    466,
    469,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
];
#[cfg(target_arch = "x86_64")]
const FREEZING_HERE: &[i64] =
    &[libc::SYS_chmod, libc::SYS_chown, libc::SYS_lchown, libc::SYS_utime, libc::SYS_utimes, libc::SYS_futimesat];
#[cfg(not(target_arch = "x86_64"))]
const FREEZING_HERE: &[i64] = &[];

/// Newer doors to the same rooms, which libraries leave for the older ones when told "not implemented": their arguments
/// are in memory, where a filter cannot look. (clone3; openat2 only where Landlock does not know truncation.)
const NOT_IMPLEMENTED: &[i64] = &[libc::SYS_clone3];

/// The x32 variants of system calls have this bit; they pass the check of the architecture.
#[cfg(target_arch = "x86_64")]
const X32: i64 = 0x4000_0000;

/// Whether this kernel and this processor take filters.
pub(super) fn support() -> std::result::Result<(), Why> {
    target().map_err(|_| Why::UnknownProcessor)?;
    // `prctl(PR_GET_SECCOMP)` answers EINVAL in a kernel that was built without.
    rustix::thread::secure_computing_mode().map(drop).map_err(|_| Why::NoSeccomp)
}

/// What varies between filters.
pub(super) struct Filter<'a> {
    /// Internet sockets are allowed.
    pub(super) network: bool,
    /// No file's mode, owner or times may change.
    pub(super) frozen: bool,
    /// Landlock guards truncation (from Linux 6.2 on).
    pub(super) truncation: bool,
    /// Processes that get no signals: Landlock guards them from Linux 6.12 on only.
    pub(super) untouchable: &'a [i32],
}

/// Restricts this process for good.
pub(super) fn apply(filter: &Filter) -> Result<()> {
    for program in programs(filter)? {
        seccompiler::apply_filter(&program)?;
    }
    Ok(())
}

fn programs(filter: &Filter) -> Result<[BpfProgram; 2]> {
    let mut refused = arguments(filter)?;
    let mut missing = Rules::new();
    for number in REFUSED.iter().chain(REFUSED_HERE) {
        refused.insert(*number, Vec::new());
    }
    if filter.frozen {
        for number in FREEZING.iter().chain(FREEZING_HERE) {
            refused.insert(*number, Vec::new());
        }
    }
    for number in NOT_IMPLEMENTED {
        missing.insert(*number, Vec::new());
    }
    if !filter.truncation {
        refused.insert(libc::SYS_truncate, Vec::new());
        refused.insert(libc::SYS_openat, vec![truncating(2)?]);
        #[cfg(target_arch = "x86_64")]
        refused.insert(libc::SYS_open, vec![truncating(1)?]);
        missing.insert(libc::SYS_openat2, Vec::new());
    }
    Ok([compile(refused, libc::EPERM)?, compile(missing, libc::ENOSYS)?])
}

/// What is refused with some arguments only.
fn arguments(filter: &Filter) -> Result<Rules> {
    let mut rules = Rules::from([
        (libc::SYS_clone, namespaces()?),
        (libc::SYS_ioctl, vec![rule(&[(1, Eq, flag(libc::TIOCSTI))])?, rule(&[(1, Eq, TIOCLINUX)])?]),
        (libc::SYS_socketpair, vec![rule(&[(0, Ne, flag(libc::AF_UNIX))])?]),
        (libc::SYS_socket, sockets(filter.network)?),
        // Limits of other processes: a user may lower those of all their processes.
        (libc::SYS_prlimit64, vec![rule(&[(0, Ne, 0)])?]),
    ]);
    for number in [libc::SYS_kill, libc::SYS_tgkill, libc::SYS_pidfd_open, libc::SYS_rt_sigqueueinfo] {
        // -1 means "everyone whom I may".
        let everyone = std::iter::once(-1);
        let refused = everyone.chain(filter.untouchable.iter().copied());
        rules.insert(
            number,
            refused.map(|pid| rule(&[(0, Eq, u64::from(pid.cast_unsigned()))])).collect::<Result<_>>()?,
        );
    }
    Ok(rules)
}

/// `ioctl` number of the console's multiplexed operations, one of which pastes into a terminal.
const TIOCLINUX: u64 = 0x541c;

/// Sockets that are refused: all, or all but the internet's and the one that tells a resolver the machine's addresses.
fn sockets(network: bool) -> Result<Vec<SeccompRule>> {
    if !network {
        return Ok(Vec::new());
    }
    let (inet, inet6, netlink) = (flag(libc::AF_INET), flag(libc::AF_INET6), flag(libc::AF_NETLINK));
    Ok(vec![
        // Unix sockets among them: the container engine's would be a way out.
        rule(&[(0, Ne, inet), (0, Ne, inet6), (0, Ne, netlink)])?,
        rule(&[(0, Eq, netlink), (2, Ne, flag(libc::NETLINK_ROUTE))])?,
        // Raw sockets need a capability that is dropped; packet sockets are another family.
    ])
}

/// `clone` with any of the flags that make a namespace.
fn namespaces() -> Result<Vec<SeccompRule>> {
    [
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWCGROUP,
    ]
    .into_iter()
    .map(|one| rule(&[(0, MaskedEq(flag(one)), flag(one))]))
    .collect()
}

/// An open for reading that truncates: older Landlock lets it pass.
fn truncating(flags: u8) -> Result<SeccompRule> {
    let mode = flag(libc::O_ACCMODE);
    rule(&[(flags, MaskedEq(flag(libc::O_TRUNC)), flag(libc::O_TRUNC)), (flags, MaskedEq(mode), flag(libc::O_RDONLY))])
}

fn rule(conditions: &[(u8, seccompiler::SeccompCmpOp, u64)]) -> Result<SeccompRule> {
    let conditions = conditions
        .iter()
        .map(|(argument, operator, value)| SeccompCondition::new(*argument, Dword, operator.clone(), *value));
    Ok(SeccompRule::new(conditions.collect::<std::result::Result<_, _>>()?)?)
}

fn flag(value: impl TryInto<u64>) -> u64 {
    value.try_into().unwrap_or(u64::MAX)
}

fn compile(rules: Rules, error: i32) -> Result<BpfProgram> {
    #[cfg(target_arch = "x86_64")]
    let rules = {
        let mut both = rules.clone();
        both.extend(rules.into_iter().map(|(number, rule)| (number | X32, rule)));
        both
    };
    let action = SeccompAction::Errno(u32::try_from(error)?);
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, action, target()?)?.try_into()?)
}

fn target() -> std::result::Result<TargetArch, seccompiler::BackendError> {
    std::env::consts::ARCH.try_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_of_the_filter_compiles() {
        for bits in 0..8_u8 {
            let filter = Filter {
                network: bits & 1 == 1,
                frozen: bits & 2 == 2,
                truncation: bits & 4 == 4,
                untouchable: &[7, 8],
            };
            let programs = programs(&filter).unwrap();
            assert!(programs.iter().all(|program| !program.is_empty()));
        }
    }
}
