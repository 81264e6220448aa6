//! BPF programs on LSM hooks: the object `SCENARIO/bpf-lsm`; or the same programs on the functions that call these
//! hooks. A hook that the kernel lacks is left out, and so is a function that has not the arguments of its hook.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use libbpf_rs::btf::types::{Func, FuncProto};
use libbpf_rs::btf::{Btf, ReferencesType};
use libbpf_rs::{OpenProgramMut, ProgramAttachType, ProgramType};

use super::Attach;
use super::bpf::{Programs, Raw, Settings, open, set_variable};
use crate::exchange::Record;
use crate::policy::Grade;
use crate::policy_file::function::function;
use crate::subject::Subject;

/// The kernel's BTF.
const BTF: &str = "/sys/kernel/btf/vmlinux";

/// The beginning of the names of programs that only a complete policy has.
const RELATED: &str = "related_";

/// Where the programs are attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// To the hooks.
    Hooks,
    /// To the functions that call the hooks, at their entry.
    Functions,
    /// To the same functions, so that they return what the program returns if that is an error.
    Results,
}

/// Attaches the programs of the policy of `subject`.
///
/// # Errors
/// When the kernel refuses one.
pub(super) fn attach(subject: &Subject, on: On) -> Result<Attach> {
    let scenario = subject.scenario;
    let Some(mut open) = open(&format!("{}/bpf-lsm", scenario.policy))? else {
        return Ok(Attach::Unsupported(format!("there is no BPF LSM policy for {}", scenario.name)));
    };
    let hooks = hooks().context("failed to read the hooks of the kernel")?;
    // libbpf reads the types of the kernel by itself.
    let kernel = if on == On::Hooks { None } else { Some(Btf::from_vmlinux()?) };
    let (mut lacks, mut left) = (Vec::new(), 0);
    for mut program in open.progs_mut() {
        let section = program.section().to_string_lossy().into_owned();
        let hook = section.trim_start_matches("lsm/");
        let is_wanted =
            subject.grade == Grade::Complete || !program.name().to_string_lossy().starts_with(RELATED);
        let why_not = match &kernel {
            _ if !hooks.contains(hook) => Some(hook.to_owned()),
            Some(kernel) => place(kernel, &mut program, hook, on)?,
            None => None,
        };
        program.set_autoload(is_wanted && why_not.is_none());
        left += u32::from(is_wanted && why_not.is_none());
        lacks.extend(why_not.filter(|_| is_wanted));
    }
    if left == 0 {
        return Ok(Attach::Unsupported(format!("this kernel has no LSM hook {}", lacks.join(", "))));
    }
    let settings = Settings::of(subject);
    set_variable(&mut open, "policy", &settings.bytes())?;
    let describe = move |raw: &Raw| Record {
        what: raw.what.clone(),
        object: raw.said(settings),
        text: raw.path.clone(),
    };
    let programs = Programs::attach(open, lacks, describe)?;
    programs.allow(&(scenario.allowed)())?;
    Ok(Attach::Attached(Box::new(programs)))
}

/// The names of the kernel's LSM hooks, from the strings of its BTF (Documentation/bpf/btf.rst). Its types, which take
/// long to read, are not needed for that.
fn hooks() -> Result<BTreeSet<String>> {
    let btf = fs::read(BTF)?;
    let field = |at: usize| -> Option<usize> {
        Some(u32::from_ne_bytes(btf.get(at..at + 4)?.try_into().ok()?) as usize)
    };
    // struct btf_header: magic, version, flags, hdr_len, type_off, type_len, str_off, str_len.
    let strings = || btf.get(field(4)? + field(16)?..)?.get(..field(20)?);
    let strings = strings().context("it is not BTF")?.split(|&byte| byte == 0);
    let names = strings.filter_map(|name| name.strip_prefix(b"bpf_lsm_"));
    Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
}

/// Has `program` attach to the function that calls `hook`. Returns what the kernel lacks for that.
///
/// # Errors
/// When libbpf refuses.
fn place(kernel: &Btf<'_>, program: &mut OpenProgramMut<'_>, hook: &str, on: On) -> Result<Option<String>> {
    let its_hook = kernel.type_by_name::<Func<'_>>(&format!("bpf_lsm_{hook}"));
    let Some(its_hook) = its_hook else { return Ok(Some(hook.into())) };
    let attach_type = match on {
        On::Hooks => return Ok(None),
        On::Functions => ProgramAttachType::TraceFentry,
        On::Results => ProgramAttachType::ModifyReturn,
    };
    let name = function(hook);
    let Some(function) = kernel.type_by_name::<Func<'_>>(&name) else { return Ok(Some(name)) };
    if !parameters(kernel, function).starts_with(&parameters(kernel, its_hook)) {
        return Ok(Some(format!("{hook}: {name} has other arguments")));
    }
    program.set_prog_type(ProgramType::Tracing);
    program.set_attach_type(attach_type);
    program.set_attach_target(0, Some(name))?;
    Ok(None)
}

/// The types of the parameters of a function, by their numbers.
fn parameters(kernel: &Btf<'_>, function: Func<'_>) -> Vec<u32> {
    let prototype = kernel.type_by_id::<FuncProto<'_>>(function.referenced_type_id());
    let types = prototype.iter().flat_map(|prototype| prototype.iter());
    types.map(|parameter| parameter.ty.into()).collect()
}
