//! What the name of a program's section says, as libbpf documents it: by which kind of place
//! the program is attached, and to which one. Programs at one event by different kinds are
//! alternatives, of which the program that usually loads the object takes one.

use std::fmt;

use libbpf_rs::{ProgramAttachType, ProgramType};

use crate::arch::SYSCALL_FUNCTION_PREFIX;
use crate::custom::tuning::AttachTarget;

/// A kind of place, in the order in which a loader prefers them: those with types of BTF
/// first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    TpBtf,
    RawTp,
    Tp,
    Fentry,
    Fexit,
    FmodRet,
    KprobeMulti,
    KretprobeMulti,
    Ksyscall,
    Kretsyscall,
    Kprobe,
    Kretprobe,
    Lsm,
    /// Both sides of a function, by one program.
    Session,
    /// Any other; only the program that usually loads it can attach it.
    Other,
}

/// What a section's name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    /// The kind of place.
    pub(super) kind: Kind,
    /// The place: a function, a hook, `GROUP/NAME`; `None` if the section names none.
    pub(super) place: Option<String>,
}

/// Something that happens in the kernel and to which programs can be attached by several
/// kinds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Tracepoint(String),
    Entry(String),
    Exit(String),
}

impl Event {
    /// The tracepoint or function: both sides of a function belong together.
    pub(super) fn name(&self) -> &str {
        match self {
            Event::Tracepoint(name) | Event::Entry(name) | Event::Exit(name) => name,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Tracepoint(name) => f.write_str(name),
            Event::Entry(name) => write!(f, "the entry of {name}"),
            Event::Exit(name) => write!(f, "the exit of {name}"),
        }
    }
}

impl Kind {
    /// The kind at the beginning of a section, `fentry.s` or `kprobe.multi`.
    fn of(text: &str) -> Kind {
        match text {
            "tp_btf" => Kind::TpBtf,
            "raw_tp" | "raw_tracepoint" | "raw_tp.w" | "raw_tracepoint.w" => Kind::RawTp,
            "tp" | "tracepoint" => Kind::Tp,
            "fentry" | "fentry.s" => Kind::Fentry,
            "fexit" | "fexit.s" => Kind::Fexit,
            "fmod_ret" | "fmod_ret.s" => Kind::FmodRet,
            "kprobe.multi" => Kind::KprobeMulti,
            "kretprobe.multi" => Kind::KretprobeMulti,
            "ksyscall" => Kind::Ksyscall,
            "kretsyscall" => Kind::Kretsyscall,
            "kprobe" => Kind::Kprobe,
            "kretprobe" => Kind::Kretprobe,
            "lsm" | "lsm.s" => Kind::Lsm,
            "kprobe.session" | "fsession" | "fsession.s" => Kind::Session,
            _ => Kind::Other,
        }
    }

    /// The kinds that belong together at one function, or the kind itself: a loader that takes
    /// a program of one takes those of the others, because they share maps.
    pub(super) fn family(self) -> Kind {
        match self {
            Kind::Fexit => Kind::Fentry,
            Kind::KretprobeMulti => Kind::KprobeMulti,
            Kind::Kretsyscall => Kind::Ksyscall,
            Kind::Kretprobe => Kind::Kprobe,
            other => other,
        }
    }

    /// What its places are called.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Kind::TpBtf | Kind::RawTp | Kind::Tp => "tracepoint",
            Kind::Lsm => "security hook",
            Kind::Ksyscall | Kind::Kretsyscall => "system call",
            _ => "function",
        }
    }

    /// Whether the program calls a function of the kernel directly and not by a breakpoint.
    pub(super) fn traces_function(self) -> bool {
        matches!(self, Kind::Fentry | Kind::Fexit | Kind::FmodRet)
    }

    /// Whether the loader has to know the place before it loads the program.
    pub(super) fn loads_with_place(self) -> bool {
        self.traces_function() || matches!(self, Kind::TpBtf | Kind::Lsm)
    }

    /// How a program of this kind is attached, where its type does not say it.
    pub(super) fn attach_type(self) -> Option<ProgramAttachType> {
        match self {
            Kind::TpBtf => Some(ProgramAttachType::TraceRawTp),
            Kind::Fentry => Some(ProgramAttachType::TraceFentry),
            Kind::Fexit => Some(ProgramAttachType::TraceFexit),
            Kind::FmodRet => Some(ProgramAttachType::ModifyReturn),
            Kind::Lsm => Some(ProgramAttachType::LsmMac),
            _ => None,
        }
    }

    /// The type of the programs of this kind.
    pub(super) fn program_type(self) -> ProgramType {
        match self {
            Kind::TpBtf | Kind::Fentry | Kind::Fexit | Kind::FmodRet => ProgramType::Tracing,
            Kind::RawTp => ProgramType::RawTracepoint,
            Kind::Tp => ProgramType::Tracepoint,
            Kind::Lsm => ProgramType::Lsm,
            Kind::Other => ProgramType::Unspec,
            _ => ProgramType::Kprobe,
        }
    }
}

impl Section {
    /// Reads a section's name.
    pub(super) fn parse(section: &str) -> Section {
        let section = section.trim_start_matches('?');
        let (kind, place) = match section.split_once('/') {
            Some((kind, place)) => (kind, Some(place.to_string()).filter(|place| !place.is_empty())),
            None => (section, None),
        };
        Section { kind: Kind::of(kind), place }
    }

    /// The section that says what the user says.
    pub(super) fn of_target(target: &AttachTarget) -> Section {
        Section { kind: Kind::of(target.kind), place: Some(target.place.clone()) }
    }

    /// The function to which the program is attached; `None` if it is another place, or several.
    pub(super) fn function(&self) -> Option<String> {
        let place = self.place.as_deref()?;
        match self.kind {
            Kind::Fentry | Kind::Fexit | Kind::FmodRet => Some(place.into()),
            Kind::Kprobe | Kind::Kretprobe => Some(place.split('+').next().unwrap_or_default().into()),
            Kind::KprobeMulti | Kind::KretprobeMulti => {
                (!place.contains(['*', '?'])).then(|| place.to_string())
            }
            Kind::Ksyscall | Kind::Kretsyscall => Some(format!("{SYSCALL_FUNCTION_PREFIX}{place}")),
            _ => None,
        }
    }

    /// The event at which the program runs; `None` if no other kind has it.
    pub(super) fn event(&self) -> Option<Event> {
        let place = self.place.as_deref()?;
        match self.kind {
            Kind::TpBtf | Kind::RawTp => Some(Event::Tracepoint(place.into())),
            Kind::Tp => Some(Event::Tracepoint(place.rsplit('/').next().unwrap_or_default().into())),
            // A probe in the middle of a function is at no event.
            Kind::Kprobe if place.contains('+') => None,
            Kind::Fentry | Kind::KprobeMulti | Kind::Ksyscall | Kind::Kprobe => {
                self.function().map(Event::Entry)
            }
            Kind::Fexit | Kind::KretprobeMulti | Kind::Kretsyscall | Kind::Kretprobe => {
                self.function().map(Event::Exit)
            }
            Kind::FmodRet | Kind::Lsm | Kind::Session | Kind::Other => None,
        }
    }
}

/// How sections begin that are never for a function or a tracepoint, whatever follows.
const OF_SUBSYSTEMS: [&str; 7] =
    ["socket", "classifier", "xdp", "cgroup", "sk_", "sockops", "flow_dissector"];
const OF_A_SUBSYSTEM: &str =
    "it is for a network device, a socket, a cgroup or a subsystem, which the program that loads it chooses";

/// Why hookbench cannot attach a program with this section; `None` when it can. `name` is the
/// program's and `kind` its type.
pub(super) fn loader_only(name: &str, section: &str, parsed: &Section, kind: ProgramType) -> Option<String> {
    let prefix = section.trim_start_matches('?').split(['/', '.', '+']).next().unwrap_or_default();
    let why = match (parsed.kind, prefix, kind) {
        (Kind::Other, "uprobe" | "uretprobe" | "usdt", _) => {
            "it is for programs in user space, and the guest has none".into()
        }
        (Kind::Other, "iter", _) => "it runs when a program reads it, not by itself".into(),
        (Kind::Other, "syscall", _) => "it runs when a program asks for it, not by itself".into(),
        (Kind::Other, "freplace", _) => "it replaces a function of another BPF program".into(),
        (Kind::Other, "struct_ops", _) => "it is a part of a subsystem, which its loader registers".into(),
        (Kind::Other, "lsm_cgroup", _) => "the program that loads it chooses which cgroup it is for".into(),
        (Kind::Other, _, ProgramType::PerfEvent) => {
            "the program that loads it chooses how often it runs".into()
        }
        (Kind::Other, "perf_event", _) => "the program that loads it chooses how often it runs".into(),
        (Kind::Other, "tc" | "tcx" | "action", _) => OF_A_SUBSYSTEM.into(),
        (Kind::Other, prefix, ProgramType::Unspec)
            if OF_SUBSYSTEMS.iter().any(|of| prefix.starts_with(of)) =>
        {
            OF_A_SUBSYSTEM.into()
        }
        (Kind::Other, _, ProgramType::Unspec) => {
            format!(
                "libbpf does not know this section; {name}@kprobe=FUNCTION, or another kind, says what it is for"
            )
        }
        (Kind::Other, ..) => OF_A_SUBSYSTEM.into(),
        (_, _, _) if parsed.place.is_none() => {
            let place = if parsed.kind == Kind::Tp { "GROUP/NAME" } else { "PLACE" };
            format!(
                "it names no place, which the program that loads it chooses; {name}@{prefix}={place} names one"
            )
        }
        _ => return None,
    };
    Some(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_names_a_kind_and_a_place() {
        for (section, kind, place) in [
            ("kprobe/do_unlinkat", Kind::Kprobe, Some("do_unlinkat")),
            ("?kretprobe/x", Kind::Kretprobe, Some("x")),
            ("fentry.s/x", Kind::Fentry, Some("x")),
            ("tp/syscalls/sys_enter_openat", Kind::Tp, Some("syscalls/sys_enter_openat")),
            ("raw_tracepoint.w/x", Kind::RawTp, Some("x")),
            ("raw_tp", Kind::RawTp, None),
            ("raw_tp/", Kind::RawTp, None),
            ("lsm.s/file_open", Kind::Lsm, Some("file_open")),
            ("kprobe.session/x", Kind::Session, Some("x")),
            ("uprobe/x:y", Kind::Other, Some("x:y")),
            ("xdp", Kind::Other, None),
        ] {
            let place = place.map(String::from);
            assert_eq!(Section::parse(section), Section { kind, place }, "{section}");
        }
    }

    #[test]
    fn different_kinds_name_one_event() {
        let event = |section: &str| Section::parse(section).event();
        for group in [
            &["tp_btf/sched_process_exec", "?raw_tp/sched_process_exec", "tp/sched/sched_process_exec"][..],
            &[
                "fentry/__x64_sys_openat",
                "kprobe/__x64_sys_openat",
                "ksyscall/openat",
                "fentry.s/__x64_sys_openat",
            ],
            &["fexit/vfs_read", "kretprobe/vfs_read", "kretprobe.multi/vfs_read"],
        ] {
            assert!(event(group[0]).is_some());
            assert!(group.iter().all(|section| event(section) == event(group[0])), "{group:?}");
        }
        assert_ne!(event("fentry/vfs_read"), event("fexit/vfs_read"));
        for none in
            ["kprobe/vfs_read+0x10", "kprobe.multi/vfs_*", "lsm/file_open", "fmod_ret/x", "kprobe", "xdp"]
        {
            assert_eq!(event(none), None, "{none}");
        }
    }

    #[test]
    fn what_only_its_loader_can_attach_has_a_reason() {
        let reason = |section: &str, kind| {
            loader_only("prog", section, &Section::parse(section), kind).unwrap_or_default()
        };
        for (section, kind) in [
            ("kprobe/do_unlinkat", ProgramType::Kprobe),
            ("ksyscall/unlink", ProgramType::Kprobe),
            ("fentry.s/x", ProgramType::Tracing),
            ("tp_btf/sched_switch", ProgramType::Tracing),
            ("lsm.s/bprm_check_security", ProgramType::Lsm),
            ("tp/syscalls/sys_enter_openat", ProgramType::Tracepoint),
        ] {
            assert_eq!(reason(section, kind), "", "{section}");
        }
        for (section, kind, part) in [
            ("uprobe/libc.so.6:malloc", ProgramType::Kprobe, "user space"),
            ("uprobe.multi.s/x:y", ProgramType::Kprobe, "user space"),
            ("xdp", ProgramType::Xdp, "network device"),
            ("xdp.frags/devmap", ProgramType::Xdp, "network device"),
            ("perf_event", ProgramType::PerfEvent, "how often"),
            ("lsm_cgroup/socket_create", ProgramType::Lsm, "which cgroup"),
            ("iter/task", ProgramType::Tracing, "reads it"),
            ("iter.s/task", ProgramType::Tracing, "reads it"),
            ("syscall", ProgramType::Syscall, "asks for it"),
            ("freplace/x", ProgramType::Ext, "another BPF program"),
            ("struct_ops/init", ProgramType::StructOps, "subsystem"),
            ("socket1", ProgramType::Unspec, "a socket"),
            ("tc/ingress/x", ProgramType::Unspec, "network device"),
            ("perf_event/x", ProgramType::Unspec, "how often"),
            ("tcp_probe", ProgramType::Unspec, "prog@kprobe=FUNCTION"),
            ("nonsense", ProgramType::Unspec, "prog@kprobe=FUNCTION"),
            ("raw_tp", ProgramType::RawTracepoint, "prog@raw_tp=PLACE"),
            ("tracepoint", ProgramType::Tracepoint, "prog@tracepoint=GROUP/NAME"),
            ("fentry.s", ProgramType::Tracing, "prog@fentry=PLACE"),
        ] {
            assert!(reason(section, kind).contains(part), "{section}: {}", reason(section, kind));
        }
    }
}
