//! `ftrace`: the kernel's own tracer, which leaves its events in the trace buffer: kprobe
//! events, system call events and the function tracer.

use crate::mechanism::mechanism;
use crate::{MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Ftrace, INFO, guest::attach);

static INFO: MechanismInfo = MechanismInfo::new(
    "ftrace",
    &[
        SinkInfo::new(
            "kprobe-event",
            Watches::Function,
            Requires::config(&["CONFIG_KPROBE_EVENTS"]),
            "a kprobe event of the function, into the trace buffer",
        ),
        SinkInfo::new(
            "syscall-events",
            Watches::Syscalls,
            Requires::config(&["CONFIG_FTRACE_SYSCALLS"]),
            "sys_enter and sys_exit events of each system call, into the trace buffer",
        ),
        SinkInfo::new(
            "function",
            Watches::Function,
            Requires::config(&["CONFIG_FUNCTION_TRACER"]),
            "the function tracer, filtered to the function, into the trace buffer",
        ),
    ],
    "the kernel's tracer, without BPF",
);

#[cfg(feature = "attach")]
mod guest {
    use anyhow::{Result, bail};
    use hookbench_model::Behaviour;

    use crate::attach::ledger;
    use crate::attach::tracefs;
    use crate::attach::{AttachRequest, Attached, Error, EventCounts};
    use crate::undo::Undo;

    /// A tracer that is on.
    struct Tracing {
        sink: Sink,
        behaviour: &'static Behaviour,
        /// Files and what to add to them to switch it off, the last first.
        undo: Vec<(String, String)>,
    }

    #[derive(Clone, Copy)]
    enum Sink {
        KprobeEvent,
        SyscallEvents,
        Function,
    }

    /// Switches the tracer on for a behaviour.
    type SwitchOn = fn(&mut Tracing, &Behaviour) -> Result<()>;

    /// On a host, hookbench traces only if no other program does.
    pub(super) fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
        match tracefs::in_use().filter(|_| ledger::is_open()) {
            Some(why) => Err(Error::Unsupported(why)),
            None => Ok(Box::new(start_tracing(request)?)),
        }
    }

    fn start_tracing(request: &AttachRequest) -> Result<Tracing> {
        let (sink, switch_on): (Sink, SwitchOn) = match request.sink {
            "kprobe-event" => (Sink::KprobeEvent, kprobe_event),
            "syscall-events" => (Sink::SyscallEvents, syscall_events),
            "function" => (Sink::Function, function),
            other => bail!("ftrace has no sink {other}"),
        };
        let mut tracing = Tracing { sink, behaviour: request.behaviour, undo: Vec::new() };
        switch_on(&mut tracing, request.behaviour)?;
        if let Sink::Function = sink {
            tracing.undone_by("current_tracer", "nop")?;
            tracefs::write("current_tracer", "function")?;
        }
        Ok(tracing)
    }

    fn kprobe_event(tracing: &mut Tracing, behaviour: &Behaviour) -> Result<()> {
        let event = format!("hookbench/{}", behaviour.name);
        tracing.undone_by("kprobe_events", &format!("-:{event}\n"))?;
        tracefs::append("kprobe_events", &format!("p:{event} {}\n", behaviour.function))?;
        tracing.enable(&format!("events/{event}/enable"))
    }

    fn syscall_events(tracing: &mut Tracing, behaviour: &Behaviour) -> Result<()> {
        for syscall in behaviour.syscalls {
            tracing.enable(&format!("events/syscalls/sys_enter_{}/enable", syscall.name))?;
            tracing.enable(&format!("events/syscalls/sys_exit_{}/enable", syscall.name))?;
        }
        Ok(())
    }

    fn function(tracing: &mut Tracing, behaviour: &Behaviour) -> Result<()> {
        tracing.undone_by("set_ftrace_filter", &format!("!{}\n", behaviour.function))?;
        tracefs::append("set_ftrace_filter", &format!("{}\n", behaviour.function))
    }

    impl Tracing {
        /// Notes that adding `text` to `file` undoes the next change.
        fn undone_by(&mut self, file: &str, text: &str) -> Result<()> {
            ledger::intend(|| Undo::Add { file: tracefs::path(file), text: text.into() })?;
            self.undo.push((file.into(), text.into()));
            Ok(())
        }

        fn enable(&mut self, file: &str) -> Result<()> {
            self.undone_by(file, "0")?;
            tracefs::write(file, "1")
        }

        /// What a line of the trace contains when it belongs to the behaviour.
        fn marks(&self) -> Vec<String> {
            let behaviour = self.behaviour;
            match self.sink {
                Sink::KprobeEvent => vec![format!(" {}: (", behaviour.name)],
                Sink::SyscallEvents => {
                    behaviour.syscalls.iter().map(|syscall| format!(" sys_{}(", syscall.name)).collect()
                }
                Sink::Function => vec![format!(" {} <-", behaviour.function)],
            }
        }
    }

    impl Attached for Tracing {
        fn seen(&mut self) -> Result<EventCounts> {
            let mut counts = EventCounts { lost: tracefs::lost()?, ..Default::default() };
            for mark in self.marks() {
                counts.seen += tracefs::count(&mark)?;
            }
            Ok(counts)
        }

        fn detach(&mut self) -> Result<()> {
            while let Some((file, text)) = self.undo.pop() {
                tracefs::append(&file, &text)?;
            }
            Ok(())
        }
    }

    impl Drop for Tracing {
        fn drop(&mut self) {
            // An error cannot be reported here; a guest ends with its cell.
            let _ = self.detach();
        }
    }
}
