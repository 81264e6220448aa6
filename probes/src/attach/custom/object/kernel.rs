//! What the kernel says about the places to which programs are attached. hookbench asks only
//! if an object does not load or attach as it is: otherwise attaching would cost more.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::section::{Kind, Section};
use crate::attach::tracefs;

/// The places in the kernel that some programs need. What cannot be read counts as there: then
/// the kernel itself refuses what it lacks.
pub(super) struct KernelPlaces {
    /// The names of its symbols, and whether one is a module's.
    symbols: Option<BTreeMap<String, bool>>,
    /// The functions that tracers can be attached to.
    traceable: Option<BTreeSet<String>>,
}

impl KernelPlaces {
    /// Asks the kernel about the places of these programs. It has a hundred thousand others.
    pub(super) fn read<'a>(sections: impl Iterator<Item = &'a Section>) -> KernelPlaces {
        let wanted: BTreeSet<String> = sections.filter_map(symbol).collect();
        let mut symbols = BTreeMap::new();
        let has_symbols = each_line(Path::new("/proc/kallsyms"), |line| {
            let mut words = line.split_whitespace().skip(2);
            if let Some(name) = words.next().filter(|name| wanted.contains(*name)) {
                *symbols.entry(name.to_string()).or_default() |= words.next().is_some();
            }
        });
        let (mut traceable, mut any) = (BTreeSet::new(), false);
        let has_functions = each_line(&tracefs::path("available_filter_functions"), |line| {
            any = true;
            let name = line.split_whitespace().next().unwrap_or_default();
            if wanted.contains(name) {
                traceable.insert(name.to_string());
            }
        });
        KernelPlaces {
            symbols: has_symbols.then_some(symbols),
            traceable: (has_functions && any).then_some(traceable),
        }
    }

    /// Why a program with this section cannot be attached; `None` if the kernel seems to have
    /// its place.
    pub(super) fn refusal(&self, section: &Section) -> Option<String> {
        let place = section.place.as_deref()?;
        let lacks = || Some(format!("this kernel has no {} {place}", section.kind.noun()));
        match section.kind {
            Kind::Tp => match place.split_once('/') {
                Some(_) if !tracefs::path("events").join(place).exists() => lacks(),
                _ => None,
            },
            Kind::RawTp | Kind::TpBtf | Kind::Lsm if !self.has_symbol(section) => lacks(),
            Kind::Ksyscall | Kind::Kretsyscall if !self.has_symbol(section) => lacks(),
            Kind::RawTp | Kind::TpBtf | Kind::Lsm | Kind::Ksyscall | Kind::Kretsyscall => None,
            Kind::Session | Kind::Other => None,
            _ => {
                let function = section.function()?;
                if !self.has_symbol(section) {
                    return Some(format!("this kernel has no function {function}"));
                }
                self.function_refusal(section.kind, &function)
            }
        }
    }

    /// Why a program of this kind cannot be attached to a function that the kernel has.
    fn function_refusal(&self, kind: Kind, function: &str) -> Option<String> {
        let traces = kind.traces_function() || matches!(kind, Kind::KprobeMulti | Kind::KretprobeMulti);
        if traces && self.traceable.as_ref().is_some_and(|functions| !functions.contains(function)) {
            let file = "it is not in available_filter_functions";
            return Some(format!("{function} cannot be traced in this kernel: {file}"));
        }
        let is_module = self.symbols.as_ref().is_none_or(|symbols| symbols.get(function) == Some(&true));
        // Modules have BTF of their own, which libbpf reads when it loads a program.
        (kind.traces_function() && !is_module && !has_type(function))
            .then(|| format!("{function} cannot be traced in this kernel: its BTF does not describe it"))
    }

    fn has_symbol(&self, section: &Section) -> bool {
        let Some(name) = symbol(section) else { return true };
        self.symbols.as_ref().is_none_or(|symbols| symbols.contains_key(&name))
    }
}

/// The symbol that a kernel with the section's place has.
fn symbol(section: &Section) -> Option<String> {
    let place = section.place.as_deref()?;
    match section.kind {
        Kind::RawTp | Kind::TpBtf => Some(format!("__tracepoint_{place}")),
        Kind::Lsm => Some(format!("bpf_lsm_{place}")),
        _ => section.function(),
    }
}

/// Calls `look` with each line of a file. Returns whether the file could be read.
fn each_line(path: &Path, mut look: impl FnMut(&str)) -> bool {
    let Ok(file) = fs::File::open(path) else { return false };
    let (mut lines, mut line) = (BufReader::new(file), String::new());
    loop {
        line.clear();
        match lines.read_line(&mut line) {
            Ok(0) => return true,
            Ok(_) => look(&line),
            Err(_) => return false,
        }
    }
}

/// Whether the kernel's BTF describes the function.
fn has_type(function: &str) -> bool {
    let Ok(name) = CString::new(function) else { return false };
    // SAFETY: the name ends in NUL and outlives the call.
    let found =
        unsafe { libbpf_sys::libbpf_find_vmlinux_btf_id(name.as_ptr(), libbpf_sys::BPF_TRACE_FENTRY) };
    found > 0
}

/// The tracepoint that a section names without its group: `GROUP/NAME`, or why it is unclear.
///
/// # Errors
/// The reason, when no group or several groups have it.
pub(super) fn whole_tracepoint(program: &str, event: &str) -> Result<String, String> {
    groups_of(&tracefs::path("events"), event).and_then(|groups| match groups.as_slice() {
        [group] => Ok(format!("{group}/{event}")),
        [] => Err(format!("this kernel has no tracepoint {event}")),
        several => Err(format!(
            "the groups {} have a tracepoint {event}; {program}@tp={}/{event} chooses one",
            several.join(", "),
            several[0]
        )),
    })
}

/// The groups that have the event.
fn groups_of(events: &Path, event: &str) -> Result<Vec<String>, String> {
    let entries =
        fs::read_dir(events).map_err(|error| format!("failed to list {}: {error}", events.display()))?;
    let mut groups: Vec<String> = entries
        .flatten()
        .filter(|group| group.path().join(event).join("id").exists())
        .map(|group| group.file_name().to_string_lossy().into_owned())
        .collect();
    groups.sort();
    Ok(groups)
}

/// Whether the kernel runs BPF programs at its security hooks. When it does not, they load
/// and attach without an error.
pub(super) fn bpf_lsm_is_active() -> bool {
    let active = fs::read_to_string(Path::new("/sys/kernel/security/lsm")).unwrap_or_default();
    active.trim().split(',').any(|module| module == "bpf")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<String> {
        let symbols = ["vfs_create", "blk_done", "bpf_lsm_file_open", "__x64_sys_unlink", "__tracepoint_x"];
        let kernel = KernelPlaces {
            symbols: Some(symbols.map(|name| (name.to_string(), false)).into()),
            traceable: Some(["vfs_create".to_string()].into()),
        };
        kernel.refusal(&Section::parse(text))
    }

    #[test]
    fn a_place_that_the_kernel_has_is_not_refused() {
        for there in [
            "kprobe/vfs_create",
            "kretprobe/vfs_create",
            "kprobe/blk_done+8",
            "lsm/file_open",
            "lsm.s/file_open",
        ] {
            assert_eq!(refusal(there), None, "{there}");
        }
        for there in
            ["ksyscall/unlink", "tp_btf/x", "kprobe", "kprobe.multi/vfs_*", "kprobe.multi/vfs_create"]
        {
            assert_eq!(refusal(there), None, "{there}");
        }
    }

    #[test]
    fn a_place_that_the_kernel_lacks_is_named() {
        for (text, place) in [
            ("?fentry/vfs_delete", "function vfs_delete"),
            ("lsm/nothing", "security hook nothing"),
            ("ksyscall/x", "system call x"),
            ("raw_tp/y", "tracepoint y"),
        ] {
            let why = refusal(text).unwrap();
            assert_eq!(why, format!("this kernel has no {place}"));
        }
        for text in ["fentry/blk_done", "fexit.s/blk_done", "fmod_ret/blk_done", "kprobe.multi/blk_done"] {
            let why = refusal(text).unwrap();
            assert!(
                why.contains("blk_done cannot be traced") && why.contains("available_filter_functions"),
                "{why}"
            );
        }
    }

    #[test]
    fn the_groups_of_a_tracepoint_are_found() {
        let folder = tempfile::tempdir().unwrap();
        for event in ["a/x", "b/x", "b/y"] {
            fs::create_dir_all(folder.path().join(event)).unwrap();
            fs::write(folder.path().join(event).join("id"), "1").unwrap();
        }
        assert_eq!(groups_of(folder.path(), "x").unwrap(), ["a", "b"]);
        assert_eq!(groups_of(folder.path(), "y").unwrap(), ["b"]);
        assert_eq!(groups_of(folder.path(), "z").unwrap(), [""; 0]);
    }
}
