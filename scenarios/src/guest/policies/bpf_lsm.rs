//! BPF programs on LSM hooks: the object `SCENARIO/bpf-lsm`. A hook that the kernel lacks is left out.

use anyhow::Result;
use libbpf_rs::btf::Btf;
use libbpf_rs::btf::types::Func;

use super::Attach;
use super::bpf::{Programs, Settings, open, set_variable};
use crate::exchange::Record;
use crate::policy::Grade;
use crate::subject::Subject;

/// The beginning of the names of programs that only a complete policy has.
const RELATED: &str = "related_";

pub(super) fn attach(subject: &Subject) -> Result<Attach> {
    let scenario = subject.scenario;
    let Some(mut open) = open(&format!("{}/bpf-lsm", scenario.policy))? else {
        return Ok(Attach::Unsupported(format!("there is no BPF LSM policy for {}", scenario.name)));
    };
    let kernel = Btf::from_vmlinux()?;
    let (mut lacks, mut left) = (Vec::new(), 0);
    for mut program in open.progs_mut() {
        let section = program.section().to_string_lossy().into_owned();
        let hook = section.trim_start_matches("lsm.s/").trim_start_matches("lsm/");
        let is_wanted =
            subject.grade == Grade::Complete || !program.name().to_string_lossy().starts_with(RELATED);
        let exists = kernel.type_by_name::<Func<'_>>(&format!("bpf_lsm_{hook}")).is_some();
        if is_wanted && !exists {
            lacks.push(hook.to_owned());
        }
        program.set_autoload(is_wanted && exists);
        left += u32::from(is_wanted && exists);
    }
    if left == 0 {
        return Ok(Attach::Unsupported(format!("this kernel has no LSM hook {}", lacks.join(", "))));
    }
    let settings = Settings::of(subject);
    set_variable(&mut open, "policy", &settings.bytes())?;
    let describe = move |raw: &super::bpf::Raw| Record {
        what: raw.what.clone(),
        object: raw.said(settings),
        text: String::new(),
    };
    let programs = Programs::attach(open, lacks, describe)?;
    programs.allow(&(scenario.allowed)())?;
    Ok(Attach::Attached(Box::new(programs)))
}
