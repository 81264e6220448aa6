//! `audit`: the kernel's audit subsystem: off, idle, with exit rules, and with a reader of
//! its records, which is either hookbench's own or Debian's auditd.

use hookbench_model::param::{ParamInfo, Values};

use crate::mechanism::mechanism;
use crate::{MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Audit, INFO, guest::attach);

const REQUIRES: Requires = Requires::config(&["CONFIG_AUDIT", "CONFIG_AUDITSYSCALL"]);

/// Rules in addition to those that hookbench needs. The kernel goes through all rules in
/// order, up to the first that matches.
const PARAMS: &[ParamInfo] = &[
    ParamInfo {
        name: MATCHING,
        values: Values::Range(0, 200),
        usual: &["0"],
        about: "rules on the same system calls before hookbench's, which match too",
    },
    ParamInfo {
        name: UNMATCHED,
        values: Values::Range(0, 200),
        usual: &["0"],
        about: "rules on the same system calls before hookbench's, which check the pid and do not match",
    },
];
const MATCHING: &str = "matching";
const UNMATCHED: &str = "unmatched";

static INFO: MechanismInfo = MechanismInfo::new(
    "audit",
    &[
        SinkInfo::new(
            "off",
            Watches::Nothing,
            Requires { boot: &["audit=0"], ..REQUIRES },
            "off until the next boot: audit=0 in the boot line",
        ),
        SinkInfo::new("idle", Watches::Nothing, REQUIRES, "on, without a rule"),
        SinkInfo::new("rules", Watches::Syscalls, REQUIRES, "exit rules, without a reader of the records")
            .with(PARAMS),
        SinkInfo::new(
            "reader",
            Watches::Syscalls,
            REQUIRES,
            "exit rules, and hookbench's reader on the netlink socket",
        ),
        SinkInfo::new(
            "auditd",
            Watches::Syscalls,
            REQUIRES,
            "exit rules, and Debian's auditd writing its log",
        ),
    ],
    "the audit subsystem: rules on system calls",
)
.staying(AUDIT_STAYS);

/// Why audit cannot be detached.
pub(crate) const AUDIT_STAYS: &str = "once audit was on, the kernel prepares a record at each system call of a new process until the next boot";

#[cfg(feature = "attach")]
mod guest {
    use std::fs;
    use std::process::{Child, Command};
    use std::time::{Duration, Instant};

    use anyhow::{Context, Result, anyhow, bail};
    use hookbench_model::Behaviour;

    use super::{MATCHING, UNMATCHED};
    use crate::attach::audit_link::{
        AuditLink, BACKLOG_LIMIT, OpenError, SYSCALL_RECORD, Setting, kauditd_pid,
    };
    use crate::attach::ledger;
    use crate::attach::reader::{Reader, SharedCounts};
    use crate::attach::{AttachRequest, Attached, Blind, Error, EventCounts, ReaderPriority};
    use crate::kernel_text::{AuditStatus, syscall_in};
    use crate::undo::{RulePid, Undo};

    const AUDITD: &str = "/usr/sbin/auditd";
    const LOG: &str = "/var/log/audit/audit.log";
    const PATIENCE: Duration = Duration::from_secs(20);

    pub(super) fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
        let link = match AuditLink::open() {
            Err(OpenError::Off) if request.sink == "off" => return Ok(Box::new(Blind)),
            Err(OpenError::Off) => {
                return Err(Error::Unsupported("the kernel's audit subsystem is off".into()));
            }
            Err(OpenError::Failed(error)) => return Err(error.into()),
            Ok(_) if request.sink == "off" => {
                return Err(anyhow!("the boot line says audit=0, but audit is on").into());
            }
            Ok(link) => link,
        };
        if ledger::is_open() {
            leave_host_intact(&link, request)?;
        }
        link.set(Setting::BacklogLimit(BACKLOG_LIMIT))?;
        link.set(Setting::Enabled(1))?;
        if link.status()?.enabled != 1 {
            return Err(anyhow!("the kernel accepted to switch audit on, but it is still off").into());
        }
        if request.sink == "idle" {
            return Ok(Box::new(Blind));
        }
        if request.readers == ReaderPriority::Above {
            ledger::intend(|| Undo::Kauditd)?;
        }
        request.readers.apply_to(kauditd_pid()?)?;
        let behaviour = request.behaviour;
        let counter = match request.sink {
            "rules" => EventCounter::Serials { begin: 0, own: 0, requests: 0 },
            "reader" => EventCounter::Reader(Reader::start(request.readers, |counts| {
                read_records(counts, behaviour)
            })?),
            "auditd" => EventCounter::Auditd(start_auditd(&link, request.readers)?),
            other => return Err(anyhow!("audit has no sink {other}").into()),
        };
        let lost = link.status()?.lost;
        let mut rules = Rules { link, behaviour, counter, lost, rules: Vec::new() };
        let extra = [(UNMATCHED, RulePid::Is as fn(u32) -> RulePid), (MATCHING, RulePid::IsNot)];
        for (name, pid) in extra {
            rules.add_extra(request.number(name, 0), pid)?;
        }
        rules.add()?;
        Ok(Box::new(rules))
    }

    /// On a host: refuses to touch an audit subsystem that is in use, and else notes in
    /// the ledger how it was set.
    fn leave_host_intact(link: &AuditLink, request: &AttachRequest) -> Result<(), Error> {
        let refuse = |why: &str| Err(Error::Unsupported(why.into()));
        let AuditStatus { enabled, pid, limit, .. } = link.status()?;
        if enabled > 1 {
            return refuse("audit's configuration is locked until the next boot (auditctl -e 2)");
        }
        if request.sink == "auditd" {
            return refuse("auditd would write to this machine's own log, so it runs in a guest only");
        }
        if pid != 0 && request.sink == "reader" {
            return refuse(&format!("process {pid} already reads this machine's audit records"));
        }
        Ok(ledger::intend(|| Undo::Audit { enabled, backlog_limit: limit })?)
    }

    /// No process of a guest has this number, nor one of the thousands after it.
    const FIRST_UNUSED_PID: u32 = 1_000_000;

    /// Exit rules, and what counts the events they make.
    struct Rules {
        link: AuditLink,
        behaviour: &'static Behaviour,
        counter: EventCounter,
        /// Records that audit had lost before.
        lost: u32,
        rules: Vec<(Vec<u32>, RulePid)>,
    }

    enum EventCounter {
        /// The serial numbers of events before and after; there is no reader.
        Serials {
            begin: u64,
            /// Events that a request for a serial number makes by itself.
            own: u64,
            /// How many requests were made since `begin`.
            requests: u64,
        },
        Reader(Reader),
        Auditd(Child),
    }

    impl Rules {
        /// Adds `count` rules, each about a process that does not exist.
        fn add_extra(&mut self, count: usize, pid: fn(u32) -> RulePid) -> Result<()> {
            (FIRST_UNUSED_PID..).take(count).try_for_each(|unused| self.add_one(pid(unused)))
        }

        /// Adds a rule on the system calls of the behaviour.
        fn add_one(&mut self, pid: RulePid) -> Result<()> {
            let numbers: Vec<u32> = self.behaviour.syscalls.iter().map(|syscall| syscall.number).collect();
            self.link.add_rule(&numbers, pid)?;
            self.rules.push((numbers, pid));
            Ok(())
        }

        fn add(&mut self) -> Result<()> {
            self.add_one(RulePid::Any)?;
            if let EventCounter::Serials { begin, own, .. } = &mut self.counter {
                // A listener that joins or leaves makes events too. Two marks with
                // nothing between them count those.
                let first = self.link.serial("first")?;
                *begin = self.link.serial("begin")?;
                *own = *begin - first;
            }
            Ok(())
        }
    }

    impl Attached for Rules {
        fn seen(&mut self) -> Result<EventCounts> {
            let seen = match &mut self.counter {
                EventCounter::Serials { begin, own, requests } => {
                    let end = self.link.serial("end")?;
                    *requests += 1;
                    end.saturating_sub(*begin + *own * *requests)
                }
                EventCounter::Reader(reader) => reader.counted()?.read,
                EventCounter::Auditd(_) => count_in_log(self.behaviour)?,
            };
            let lost = self.link.status()?.lost.saturating_sub(self.lost);
            Ok(EventCounts { seen, lost: lost.into() })
        }

        fn detach(&mut self) -> Result<()> {
            while let Some((numbers, pid)) = self.rules.pop() {
                self.link.delete_rule(&numbers, pid)?;
            }
            Ok(())
        }
    }

    impl Drop for Rules {
        fn drop(&mut self) {
            // An error cannot be reported here; a guest ends with its cell.
            let _ = self.detach();
            if let EventCounter::Auditd(auditd) = &mut self.counter {
                let _ = auditd.kill();
                let _ = auditd.wait();
            }
        }
    }

    /// hookbench's reader: becomes the receiver of all records and counts events.
    fn read_records(counts: &SharedCounts, behaviour: &Behaviour) -> Result<()> {
        let link = AuditLink::open_or_fail()?;
        link.set(Setting::Receiver(std::process::id()))?;
        counts.ready();
        loop {
            let Some((SYSCALL_RECORD, record)) = link.receive(None)? else { continue };
            let number = syscall_in(&String::from_utf8_lossy(&record));
            if number.is_some_and(|number| behaviour.has_syscall(number)) {
                counts.event();
            }
        }
    }

    fn start_auditd(link: &AuditLink, readers: ReaderPriority) -> Result<Child> {
        let mut auditd = Command::new(AUDITD)
            .arg("-n")
            .spawn()
            .with_context(|| format!("failed to start {AUDITD} in the guest"))?;
        let begin = Instant::now();
        while link.status()?.pid != auditd.id() {
            if let Some(status) = auditd.try_wait()? {
                bail!("auditd ended right after its start ({status}); its error is on the console");
            }
            if begin.elapsed() > PATIENCE {
                bail!("auditd did not register for audit records within {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // Its start is over once it has opened its log and is idle.
        std::thread::sleep(Duration::from_millis(500));
        for task in fs::read_dir(format!("/proc/{}/task", auditd.id()))? {
            readers.apply_to(task?.file_name().to_string_lossy().parse()?)?;
        }
        Ok(auditd)
    }

    /// How many events of `behaviour` auditd's log holds.
    fn count_in_log(behaviour: &Behaviour) -> Result<u64> {
        let log = fs::read(LOG).with_context(|| format!("failed to read {LOG}"))?;
        let records = log.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"type=SYSCALL "));
        let numbers = records.filter_map(|record| syscall_in(&String::from_utf8_lossy(record)));
        Ok(numbers.filter(|number| behaviour.has_syscall(*number)).count() as u64)
    }
}
