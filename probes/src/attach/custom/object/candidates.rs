//! Reads the programs of an opened object: where each is to be attached, as its section or the
//! user says, and what already speaks against it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use libbpf_rs::{OpenObject, ProgramType};

use super::kernel::{bpf_lsm_is_active, whole_tracepoint};
use super::section::{Kind, Section, loader_only};
use crate::custom::tuning::ObjectTuning;

/// A program of an object, before it is loaded.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Its name.
    pub(super) name: String,
    /// The name of its section.
    pub(super) text: String,
    /// Where it is to be attached.
    pub(super) section: Section,
    /// Whether the user says where it is to be attached.
    pub(super) is_placed: bool,
    /// Why only its usual loader can attach it, if that is so.
    pub(super) loader_only: Option<String>,
    /// Whether the object itself selects it.
    pub(super) by_default: bool,
}

/// The programs of an object.
#[derive(Default)]
pub(super) struct Candidates {
    pub(super) programs: Vec<Candidate>,
    /// Programs that cannot be attached in this guest, with the reasons.
    pub(super) refused: BTreeMap<String, String>,
    /// What hookbench completed.
    pub(super) notes: Vec<String>,
    /// The programs whose place libbpf does not find in their sections.
    pub(super) explicit: BTreeSet<String>,
}

/// Reads the programs of `open`.
///
/// # Errors
/// When the user wants a program at a place for programs of another type.
pub(super) fn read(open: &OpenObject, tuning: &ObjectTuning) -> Result<Candidates> {
    let mut found = Candidates::default();
    for program in open.progs() {
        let name = program.name().to_string_lossy().into_owned();
        let text = program.section().to_string_lossy().into_owned();
        let mut section = Section::parse(&text);
        let target = tuning.targets.get(&name).map(Section::of_target);
        let is_placed = target.is_some();
        if let Some(target) = target {
            check_kind(&name, &text, section.kind, target.kind, program.prog_type())?;
            section = target;
            found.explicit.insert(name.clone());
        }
        let loader_only = loader_only(&name, &text, &section, program.prog_type());
        let by_default = program.autoload();
        let mut candidate = Candidate { name, text, section, is_placed, loader_only, by_default };
        found.complete(&mut candidate);
        found.programs.push(candidate);
    }
    if found.programs.iter().any(|program| program.section.kind == Kind::Lsm) && !bpf_lsm_is_active() {
        for program in found.programs.iter().filter(|program| program.section.kind == Kind::Lsm) {
            let why = "it is for a security hook, and the kernel was booted without bpf in lsm=";
            found.refused.insert(program.name.clone(), why.into());
        }
    }
    Ok(found)
}

impl Candidates {
    /// Finds the group of a tracepoint that the section names without it.
    fn complete(&mut self, candidate: &mut Candidate) {
        let Section { kind: Kind::Tp, place: Some(event) } = &candidate.section else { return };
        if event.contains('/') {
            return;
        }
        match whole_tracepoint(&candidate.name, event) {
            Ok(whole) => {
                self.notes.push(format!(
                    "the section {} of {} names no group; hookbench attached it to {whole}",
                    candidate.text, candidate.name
                ));
                self.explicit.insert(candidate.name.clone());
                candidate.section.place = Some(whole);
            }
            Err(why) => {
                self.refused.insert(candidate.name.clone(), why);
            }
        }
    }
}

/// Fails when a program with the section `text`, of kind `own`, cannot be at a place of the
/// kind `wanted`.
fn check_kind(name: &str, text: &str, own: Kind, wanted: Kind, kind: ProgramType) -> Result<()> {
    let fits = match kind {
        // A loader decides what a program of an unknown section is.
        ProgramType::Unspec => true,
        ProgramType::RawTracepointWritable => wanted == Kind::RawTp,
        ProgramType::Tracing => own == wanted,
        _ => wanted.program_type() == kind && (own != Kind::Other || kind == ProgramType::Kprobe),
    };
    ensure!(
        fits,
        "{name} is a program of the section {text}, which cannot be attached to a place of another type"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_fits_the_places_of_its_type() {
        let fits = |own, wanted, kind| check_kind("x", "s", own, wanted, kind).is_ok();
        assert!(fits(Kind::Kprobe, Kind::Kretsyscall, ProgramType::Kprobe));
        assert!(fits(Kind::Fentry, Kind::Fentry, ProgramType::Tracing));
        assert!(fits(Kind::Other, Kind::Fexit, ProgramType::Unspec));
        assert!(!fits(Kind::Fentry, Kind::Fexit, ProgramType::Tracing));
        assert!(!fits(Kind::Fentry, Kind::Kprobe, ProgramType::Tracing));
        assert!(!fits(Kind::RawTp, Kind::Tp, ProgramType::RawTracepoint));
        assert!(!fits(Kind::Other, Kind::Kprobe, ProgramType::Xdp));
    }
}
