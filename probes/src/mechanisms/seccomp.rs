//! `seccomp`: a filter that the worker puts on itself, in front of every system call it
//! makes. The filter allows all, logs, refuses, or asks a supervisor.

use hookbench_model::DenyScope;
use hookbench_model::param::{ParamInfo, Values};

use crate::mechanism::mechanism;
use crate::{MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Seccomp, INFO, guest::attach);

const REQUIRES: Requires = Requires::config(&["CONFIG_SECCOMP_FILTER"]);

const PARAMS: &[ParamInfo] = &[ParamInfo {
    name: COMPARISONS,
    values: Values::Range(0, 300),
    usual: &["0"],
    about: "comparisons with numbers that no system call has, before those with the watched calls",
}];

/// The parameter for comparisons in addition to those that the filter needs.
const COMPARISONS: &str = "comparisons";

static INFO: MechanismInfo = MechanismInfo::new(
    "seccomp",
    &[
        SinkInfo::new(
            "allow",
            Watches::Nothing,
            REQUIRES,
            "a filter that allows all system calls, by their numbers alone",
        )
        .of_a_process()
        .selecting()
        .with(PARAMS),
        SinkInfo::new(
            "allow-args",
            Watches::Nothing,
            REQUIRES,
            "a filter that allows all, and reads an argument of the watched system calls",
        )
        .of_a_process()
        .selecting()
        .with(PARAMS),
        SinkInfo::new(
            "log",
            Watches::Syscalls,
            Requires::config(&["CONFIG_SECCOMP_FILTER", "CONFIG_AUDIT"]),
            "a filter that logs, and hookbench's reader on audit's netlink socket",
        )
        .of_a_process(),
        SinkInfo::new("errno", Watches::Nothing, REQUIRES, "a filter that refuses")
            .of_a_process()
            .denying(DenyScope::Everyone),
        SinkInfo::new(
            "notify",
            Watches::Syscalls,
            REQUIRES,
            "a filter that asks a supervisor, which allows the call",
        )
        .of_a_process(),
    ],
    "a filter that a process puts on its own system calls, in classic BPF",
)
.refusing();

#[cfg(feature = "attach")]
mod guest {
    use std::os::fd::{FromRawFd, OwnedFd};

    use anyhow::{Context, Result, anyhow, bail};
    use hookbench_model::Behaviour;

    use super::COMPARISONS;
    use crate::attach::audit_link::{
        AuditLink, BACKLOG_LIMIT, OpenError, SECCOMP_RECORD, Setting, kauditd_pid,
    };
    use crate::attach::reader::{Reader, SharedCounts};
    use crate::attach::seccomp_filter::{Filter, has_filter, install, is_refused};
    use crate::attach::supervisor::Supervisor;
    use crate::attach::{AttachRequest, Attached, Error, EventCounts};
    use crate::kernel_text::syscall_in;

    pub(super) fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
        let (action, follow_up) = match request.sink {
            "allow" | "allow-args" => (libc::SECCOMP_RET_ALLOW, FollowUp::Silent),
            "errno" => (libc::SECCOMP_RET_ERRNO | libc::EPERM as u32, FollowUp::Refusing),
            "log" => (libc::SECCOMP_RET_LOG, start_reader(request)?),
            "notify" => (
                libc::SECCOMP_RET_USER_NOTIF,
                FollowUp::Asking(Supervisor::start(request.readers, request.behaviour)?),
            ),
            other => return Err(anyhow!("seccomp has no sink {other}").into()),
        };
        let filter = Filter {
            numbers: request.behaviour.syscalls.iter().map(|syscall| syscall.number).collect(),
            action,
            reads_argument: request.sink == "allow-args",
            padding: request.number(COMPARISONS, 0) as u32,
        };
        Ok(Box::new(Filtering { filter: Some(filter), follow_up }))
    }

    /// A filter, and what happens to the system calls it catches.
    struct Filtering {
        /// The filter that the worker puts on itself.
        filter: Option<Filter>,
        follow_up: FollowUp,
    }

    enum FollowUp {
        Silent,
        Refusing,
        Logging {
            reader: Reader,
            link: AuditLink,
            /// Records that audit had lost before.
            lost: u32,
        },
        Asking(Supervisor),
    }

    /// Starts a reader of audit records. Audit stays off: it carries the records anyway,
    /// and does not look at the system calls themselves.
    fn start_reader(request: &AttachRequest) -> Result<FollowUp, Error> {
        let link = match AuditLink::open() {
            Ok(link) => link,
            Err(OpenError::Off) => {
                return Err(Error::Unsupported("audit is off, and seccomp logs through it".into()));
            }
            Err(OpenError::Failed(error)) => return Err(error.into()),
        };
        link.set(Setting::BacklogLimit(BACKLOG_LIMIT))?;
        request.readers.apply_to(kauditd_pid()?)?;
        let reader = Reader::start(request.readers, |counts| read_records(counts, request.behaviour))?;
        let lost = link.status()?.lost;
        Ok(FollowUp::Logging { reader, link, lost })
    }

    /// Becomes the receiver of all records and counts those that filters logged.
    fn read_records(counts: &SharedCounts, behaviour: &Behaviour) -> Result<()> {
        let link = AuditLink::open_or_fail()?;
        link.set(Setting::Receiver(std::process::id()))?;
        counts.ready();
        loop {
            let Some((SECCOMP_RECORD, record)) = link.receive(None)? else { continue };
            let number = syscall_in(&String::from_utf8_lossy(&record));
            match number.is_some_and(|number| behaviour.has_syscall(number)) {
                true => counts.event(),
                false => counts.wrong(),
            }
        }
    }

    impl Attached for Filtering {
        fn seen(&mut self) -> Result<EventCounts> {
            match &self.follow_up {
                FollowUp::Silent | FollowUp::Refusing => Ok(EventCounts::default()),
                FollowUp::Logging { reader, link, lost } => {
                    let seen = reader.counted()?.read;
                    let lost = link.status()?.lost.saturating_sub(*lost);
                    Ok(EventCounts { seen, lost: lost.into() })
                }
                FollowUp::Asking(supervisor) => Ok(supervisor.counted()?.into()),
            }
        }

        fn enter(&mut self) -> Result<()> {
            let Some(filter) = &self.filter else { return Ok(()) };
            let asks = matches!(self.follow_up, FollowUp::Asking(_));
            let flags = if asks { libc::SECCOMP_FILTER_FLAG_NEW_LISTENER } else { 0 };
            let made = install(&filter.program()?, flags).context("failed to install a seccomp filter")?;
            if let FollowUp::Asking(supervisor) = &self.follow_up {
                // SAFETY: the kernel has just made this descriptor, and nothing else owns it.
                supervisor.hand_over(unsafe { OwnedFd::from_raw_fd(made as i32) })?;
            }
            if !has_filter() {
                bail!("the kernel accepted a seccomp filter, but the process has none");
            }
            // A count shows that a filter was asked. A refusal must be tried, because not
            // every workload is refused something.
            if let FollowUp::Refusing = self.follow_up
                && let Some(number) = filter.numbers.iter().find(|number| !is_refused(**number))
            {
                bail!("the filter does not refuse system call {number}");
            }
            Ok(())
        }

        fn detach(&mut self) -> Result<()> {
            // A process cannot remove a filter; one that is not installed yet stays off.
            self.filter = None;
            Ok(())
        }
    }
}
