//! `seccomp`: a filter that the worker puts on itself, in front of every system
//! call it makes: letting all pass, logging, refusing, or asking a supervisor.

use hookbench_model::DenyScope;
use hookbench_model::param::{ParamInfo, Values};

use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Seccomp;

const REQUIRES: Requires = Requires::config(&["CONFIG_SECCOMP_FILTER"]);

const PARAMS: &[ParamInfo] = &[ParamInfo {
    name: COMPARISONS,
    values: Values::Range(0, 300),
    usual: &["0"],
    about: "comparisons with numbers of no system call, before those with the watched ones",
}];

/// How many comparisons more than those that are needed.
const COMPARISONS: &str = "comparisons";

static INFO: MechanismInfo = MechanismInfo {
    name: "seccomp",
    sinks: &[
        SinkInfo::new("allow", Watches::Nothing, REQUIRES, "a filter that lets all pass, by number alone")
            .of_a_process()
            .with(PARAMS),
        SinkInfo::new(
            "allow-args",
            Watches::Nothing,
            REQUIRES,
            "a filter that lets all pass, and reads an argument of the watched system calls",
        )
        .of_a_process()
        .with(PARAMS),
        SinkInfo::new(
            "log",
            Watches::Syscalls,
            Requires::config(&["CONFIG_SECCOMP_FILTER", "CONFIG_AUDIT"]),
            "a filter that logs, and a reader of ours on audit's netlink socket",
        )
        .of_a_process(),
        SinkInfo::new("errno", Watches::Nothing, REQUIRES, "a filter that refuses")
            .of_a_process()
            .denying(DenyScope::Everyone),
        SinkInfo::new(
            "notify",
            Watches::Syscalls,
            REQUIRES,
            "a filter that asks a supervisor, which lets the call go on",
        )
        .of_a_process(),
    ],
    about: "a process's own filter of its system calls, in classic BPF",
};

impl Mechanism for Seccomp {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(
        &self,
        request: &crate::attach::Request,
    ) -> Result<Box<dyn crate::attach::Attached>, crate::attach::Error> {
        guest::attach(request)
    }
}

#[cfg(feature = "attach")]
mod guest {
    use std::os::fd::{FromRawFd, OwnedFd};

    use anyhow::{Context, Result, anyhow, bail};
    use hookbench_model::Behaviour;

    use super::COMPARISONS;
    use crate::attach::audit_link::{AuditLink, BACKLOG_LIMIT, Closed, SECCOMP_RECORD, Setting, kauditd};
    use crate::attach::filter::{Filter, install, installed, refused};
    use crate::attach::reader::{Counts, Reader};
    use crate::attach::supervisor::Supervisor;
    use crate::attach::{Attached, Error, Request, Seen};
    use crate::said::syscall_in;

    pub(super) fn attach(request: &Request) -> Result<Box<dyn Attached>, Error> {
        let (action, way) = match request.sink {
            "allow" | "allow-args" => (libc::SECCOMP_RET_ALLOW, Way::Silent),
            "errno" => (libc::SECCOMP_RET_ERRNO | libc::EPERM as u32, Way::Refusing),
            "log" => (libc::SECCOMP_RET_LOG, listen(request)?),
            "notify" => (libc::SECCOMP_RET_USER_NOTIF, Way::Asking(Supervisor::start(request.readers)?)),
            other => return Err(anyhow!("seccomp has no sink {other}").into()),
        };
        let syscalls = request.behaviours.iter().flat_map(|behaviour| behaviour.syscalls);
        let filter = Filter {
            numbers: syscalls.map(|syscall| syscall.number).collect(),
            action,
            reads_argument: request.sink == "allow-args",
            padding: request.number(COMPARISONS, 0) as u32,
        };
        Ok(Box::new(Filtering { filter: Some(filter), way }))
    }

    /// A filter, and how one learns of what it does.
    struct Filtering {
        /// What the worker puts on itself.
        filter: Option<Filter>,
        way: Way,
    }

    enum Way {
        Silent,
        Refusing,
        Logging {
            reader: Reader,
            link: AuditLink,
            /// What audit had lost before.
            lost: u32,
        },
        Asking(Supervisor),
    }

    /// Audit stays off: it carries the records all the same, and has nothing to do
    /// with the system calls themselves.
    fn listen(request: &Request) -> Result<Way, Error> {
        let link = match AuditLink::open() {
            Ok(link) => link,
            Err(Closed::Off) => {
                return Err(Error::Unsupported("audit, which carries what is logged, is off".into()));
            }
            Err(Closed::Error(error)) => return Err(error.into()),
        };
        link.set(Setting::BacklogLimit(BACKLOG_LIMIT))?;
        request.readers.place(kauditd()?)?;
        let reader = Reader::start(request.readers, read)?;
        let lost = link.status()?.lost;
        Ok(Way::Logging { reader, link, lost })
    }

    /// Becomes the receiver of all records and counts what filters logged.
    fn read(counts: &Counts) -> Result<()> {
        let link = AuditLink::open().map_err(|error| anyhow!("failed to open audit: {error:?}"))?;
        link.set(Setting::Receiver(std::process::id()))?;
        counts.ready();
        loop {
            let Some((SECCOMP_RECORD, record)) = link.receive(None)? else { continue };
            let number = syscall_in(&String::from_utf8_lossy(&record));
            match number.and_then(Behaviour::of_syscall) {
                Some(behaviour) => counts.event(behaviour.index()),
                None => counts.wrong(),
            }
        }
    }

    impl Attached for Filtering {
        fn seen(&mut self, behaviour: &Behaviour) -> Result<Seen> {
            let ((seen, lost), before) = match &self.way {
                Way::Silent | Way::Refusing => return Ok(Seen::default()),
                Way::Logging { reader, link, lost } => {
                    ((reader.counted(behaviour.index())?.0, link.status()?.lost.into()), *lost)
                }
                Way::Asking(supervisor) => (supervisor.counted(behaviour.index())?, 0),
            };
            Ok(Seen { seen, lost: lost.saturating_sub(before.into()), of_all: false })
        }

        fn enter(&mut self) -> Result<()> {
            let Some(filter) = &self.filter else { return Ok(()) };
            let asks = matches!(self.way, Way::Asking(_));
            let flags = if asks { libc::SECCOMP_FILTER_FLAG_NEW_LISTENER } else { 0 };
            let made = install(&filter.program()?, flags).context("failed to install a seccomp filter")?;
            if let Way::Asking(supervisor) = &self.way {
                // SAFETY: a new descriptor that nobody else knows.
                supervisor.hand_over(unsafe { OwnedFd::from_raw_fd(made as i32) })?;
            }
            if !installed() {
                bail!("a seccomp filter was installed and is not there");
            }
            // What is counted shows that it was asked; a refusal has to be tried, for
            // not every workload is refused something.
            if let Way::Refusing = self.way
                && let Some(number) = filter.numbers.iter().find(|number| !refused(**number))
            {
                bail!("the filter lets system call {number} pass");
            }
            Ok(())
        }

        fn detach(&mut self) -> Result<()> {
            // A filter stays where it is; one that is on nobody yet is not put on.
            self.filter = None;
            Ok(())
        }
    }
}
