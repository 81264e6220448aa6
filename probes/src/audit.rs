//! `audit`: the kernel's audit subsystem, off, idle, with exit rules, and with
//! two readers of its records: one of ours and Debian's auditd.

use hookbench_model::param::{ParamInfo, Values};

use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Audit;

const REQUIRES: Requires = Requires::config(&["CONFIG_AUDIT", "CONFIG_AUDITSYSCALL"]);

/// Rules beside those that are needed; the kernel goes through them in order, to the
/// first that matches.
const PARAMS: &[ParamInfo] = &[
    ParamInfo {
        name: MATCHING,
        values: Values::Range(0, 200),
        usual: &["0"],
        about: "rules on the same system calls before ours, which match too",
    },
    ParamInfo {
        name: UNMATCHED,
        values: Values::Range(0, 200),
        usual: &["0"],
        about: "rules on the same system calls before ours, which look at the pid and do not match",
    },
];
const MATCHING: &str = "matching";
const UNMATCHED: &str = "unmatched";

static INFO: MechanismInfo = MechanismInfo {
    name: "audit",
    sinks: &[
        SinkInfo::new(
            "off",
            Watches::Nothing,
            Requires { boot: &["audit=0"], ..REQUIRES },
            "off for good: audit=0 in the boot line",
        ),
        SinkInfo::new("idle", Watches::Nothing, REQUIRES, "on, without a rule"),
        SinkInfo::new("rules", Watches::Syscalls, REQUIRES, "exit rules, and nobody who reads the records")
            .with(PARAMS),
        SinkInfo::new(
            "reader",
            Watches::Syscalls,
            REQUIRES,
            "exit rules, and a reader of ours on the netlink socket",
        ),
        SinkInfo::new(
            "auditd",
            Watches::Syscalls,
            REQUIRES,
            "exit rules, and Debian's auditd writing its log",
        ),
    ],
    about: "the audit subsystem: rules on system calls",
};

impl Mechanism for Audit {
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
    use std::fs;
    use std::process::{Child, Command};
    use std::time::{Duration, Instant};

    use anyhow::{Context, Result, anyhow, bail};
    use hookbench_model::Behaviour;

    use super::{MATCHING, UNMATCHED};
    use crate::attach::audit_link::{
        AuditLink, BACKLOG_LIMIT, Closed, Pid, SYSCALL_RECORD, Setting, kauditd,
    };
    use crate::attach::ledger::{self, Undo};
    use crate::attach::reader::{Counts, Reader};
    use crate::attach::{Attached, Blind, Error, Readers, Request, Seen};
    use crate::said::{Status, syscall_in};

    const AUDITD: &str = "/usr/sbin/auditd";
    const LOG: &str = "/var/log/audit/audit.log";
    const PATIENCE: Duration = Duration::from_secs(20);

    pub(super) fn attach(request: &Request) -> Result<Box<dyn Attached>, Error> {
        let link = match AuditLink::open() {
            Err(Closed::Off) if request.sink == "off" => return Ok(Box::new(Blind)),
            Err(Closed::Off) => return Err(Error::Unsupported("the kernel's audit subsystem is off".into())),
            Err(Closed::Error(error)) => return Err(error.into()),
            Ok(_) if request.sink == "off" => return Err(anyhow!("audit is on in spite of audit=0").into()),
            Ok(link) => link,
        };
        if let Some(why) = others(&link, request)? {
            return Err(Error::Unsupported(why));
        }
        link.set(Setting::BacklogLimit(BACKLOG_LIMIT))?;
        link.set(Setting::Enabled(1))?;
        if link.status()?.enabled != 1 {
            return Err(anyhow!("audit was switched on and is still off").into());
        }
        if request.sink == "idle" {
            return Ok(Box::new(Blind));
        }
        if request.readers == Readers::Above {
            ledger::intend(|| Undo::Kauditd)?;
        }
        request.readers.place(kauditd()?)?;
        let way = match request.sink {
            "rules" => Way::Serials { begin: 0, own: 0, end: None },
            "reader" => Way::Reader(Reader::start(request.readers, read)?),
            "auditd" => Way::Auditd(start_auditd(&link, request.readers)?),
            other => return Err(anyhow!("audit has no sink {other}").into()),
        };
        let lost = link.status()?.lost;
        let mut rules = Rules { link, way, lost, rules: Vec::new() };
        let others = [(UNMATCHED, Pid::Is as fn(u32) -> Pid), (MATCHING, Pid::IsNot)];
        for (name, pid) in others {
            rules.add_others(request.behaviours, request.number(name, 0), pid)?;
        }
        rules.add(request.behaviours)?;
        Ok(Box::new(rules))
    }

    /// On a machine of others: why their audit subsystem is left alone. If it is not,
    /// what it was is written down.
    fn others(link: &AuditLink, request: &Request) -> Result<Option<String>> {
        if !ledger::is_open() {
            return Ok(None);
        }
        let Status { enabled, pid, limit, .. } = link.status()?;
        if enabled > 1 {
            return Ok(Some("audit's configuration is locked until the next boot (auditctl -e 2)".into()));
        }
        if request.sink == "auditd" {
            return Ok(Some("auditd would write this machine's own log: only in a guest".into()));
        }
        if pid != 0 && request.sink == "reader" {
            return Ok(Some(format!("process {pid} reads this machine's audit records already")));
        }
        ledger::intend(|| Undo::Audit { enabled, backlog_limit: limit })?;
        Ok(None)
    }

    /// No process of a guest has this number, nor one of the thousands behind it.
    const FIRST_NOBODY: u32 = 1_000_000;

    /// Exit rules, and the way in which what they saw is counted.
    struct Rules {
        link: AuditLink,
        way: Way,
        /// What had been lost before.
        lost: u32,
        rules: Vec<(Vec<u32>, Pid)>,
    }

    enum Way {
        /// Nobody reads: the serial numbers of events before and after.
        Serials {
            begin: u64,
            /// Events that asking for a serial number makes by itself.
            own: u64,
            end: Option<u64>,
        },
        Reader(Reader),
        Auditd(Child),
    }

    impl Rules {
        /// So many rules on all system calls of `behaviours`, each about a process
        /// that there is not.
        fn add_others(&mut self, behaviours: &[&Behaviour], count: usize, pid: fn(u32) -> Pid) -> Result<()> {
            let all = || behaviours.iter().flat_map(|behaviour| behaviour.syscalls);
            for nobody in (FIRST_NOBODY..).take(count) {
                self.add_one(all().map(|syscall| syscall.number).collect(), pid(nobody))?;
            }
            Ok(())
        }

        fn add_one(&mut self, numbers: Vec<u32>, pid: Pid) -> Result<()> {
            self.link.add_rule(&numbers, pid)?;
            self.rules.push((numbers, pid));
            Ok(())
        }

        fn add(&mut self, behaviours: &[&Behaviour]) -> Result<()> {
            for behaviour in behaviours {
                let numbers = behaviour.syscalls.iter().map(|syscall| syscall.number).collect();
                self.add_one(numbers, Pid::Any)?;
            }
            if let Way::Serials { begin, own, .. } = &mut self.way {
                // Joining and leaving the listeners are events too: two marks
                // with nothing between them count those.
                let first = self.link.serial("first")?;
                *begin = self.link.serial("begin")?;
                *own = *begin - first;
            }
            Ok(())
        }
    }

    impl Attached for Rules {
        fn seen(&mut self, behaviour: &Behaviour) -> Result<Seen> {
            let (seen, of_all) = match &mut self.way {
                // The first question is the last: ours would count themselves.
                Way::Serials { begin, own, end } => {
                    let end = match end {
                        Some(end) => *end,
                        None => *end.insert(self.link.serial("end")?),
                    };
                    (end.saturating_sub(*begin + *own), true)
                }
                Way::Reader(reader) => (reader.counted(behaviour.index())?.0, false),
                Way::Auditd(_) => (logged(behaviour)?, false),
            };
            let lost = self.link.status()?.lost.saturating_sub(self.lost);
            Ok(Seen { seen, lost: lost.into(), of_all })
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
            // Nobody is left to tell; a guest ends with its cell.
            let _ = self.detach();
            if let Way::Auditd(auditd) = &mut self.way {
                let _ = auditd.kill();
                let _ = auditd.wait();
            }
        }
    }

    /// Our reader: becomes the receiver of all records and counts events.
    fn read(counts: &Counts) -> Result<()> {
        let link = AuditLink::open().map_err(|error| anyhow!("failed to open audit: {error:?}"))?;
        link.set(Setting::Receiver(std::process::id()))?;
        counts.ready();
        loop {
            let Some((SYSCALL_RECORD, record)) = link.receive(None)? else { continue };
            let number = syscall_in(&String::from_utf8_lossy(&record));
            if let Some(behaviour) = number.and_then(Behaviour::of_syscall) {
                counts.event(behaviour.index());
            }
        }
    }

    fn start_auditd(link: &AuditLink, readers: Readers) -> Result<Child> {
        let mut auditd = Command::new(AUDITD)
            .arg("-n")
            .spawn()
            .with_context(|| format!("failed to start {AUDITD}, which the image has to have"))?;
        let begin = Instant::now();
        while link.status()?.pid != auditd.id() {
            if let Some(status) = auditd.try_wait()? {
                bail!("auditd ended at once: {status}; its error is on the console");
            }
            if begin.elapsed() > PATIENCE {
                bail!("auditd did not take over the records within {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // Its own start is over when its log has been opened and is quiet.
        std::thread::sleep(Duration::from_millis(500));
        for task in fs::read_dir(format!("/proc/{}/task", auditd.id()))? {
            readers.place(task?.file_name().to_string_lossy().parse()?)?;
        }
        Ok(auditd)
    }

    /// How many events of `behaviour` auditd's log holds.
    fn logged(behaviour: &Behaviour) -> Result<u64> {
        let log = fs::read(LOG).with_context(|| format!("failed to read {LOG}"))?;
        let records = log.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"type=SYSCALL "));
        let numbers = records.filter_map(|record| syscall_in(&String::from_utf8_lossy(record)));
        Ok(numbers.filter(|number| Behaviour::of_syscall(*number) == Some(behaviour)).count() as u64)
    }
}
