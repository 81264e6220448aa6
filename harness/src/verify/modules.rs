//! Whether the active security modules of a guest are those that its boot line asks for. A kernel ignores a name in
//! `lsm=` that it does not know, and says nothing.

use hookbench_model::protocol::AgentMessage;
use hookbench_model::{Failure, FailureKind};
use hookbench_vm::guest::Answer;
use hookbench_vm::kernel::Kernel;

/// Security modules, with the option of the kernel's build that includes each.
const MODULES: [(&str, &str); 9] = [
    ("apparmor", "CONFIG_SECURITY_APPARMOR"),
    ("bpf", "CONFIG_BPF_LSM"),
    ("ipe", "CONFIG_SECURITY_IPE"),
    ("landlock", "CONFIG_SECURITY_LANDLOCK"),
    ("lockdown", "CONFIG_SECURITY_LOCKDOWN_LSM"),
    ("selinux", "CONFIG_SECURITY_SELINUX"),
    ("smack", "CONFIG_SECURITY_SMACK"),
    ("tomoyo", "CONFIG_SECURITY_TOMOYO"),
    ("yama", "CONFIG_SECURITY_YAMA"),
];

/// Those that exclude each other: only the first one named is active.
const EXCLUSIVE: [&str; 3] = ["apparmor", "selinux", "smack"];

/// Those that a kernel may make active whatever the boot line says.
const UNASKED: [&str; 4] = ["capability", "lockdown", "ima", "evm"];

/// What hookbench knows of a kernel's security modules.
struct Known<'a> {
    /// Whether the kernel was built with an option; `None` if that is unknown.
    is_built_with: &'a dyn Fn(&str) -> Option<bool>,
    /// Whether the kernel is Debian's, which has all of [`MODULES`] that it names.
    is_debian: bool,
}

/// The active security modules that the agent reported; empty if its kernel does not list them.
pub(crate) fn active(answer: &Answer) -> &str {
    match &answer.ready {
        Some(AgentMessage::Ready { lsm, .. }) => lsm,
        _ => "",
    }
}

/// The failure of a guest with `kernel` whose active security modules are not those that `boot_line` asks for.
pub(crate) fn wrong(kernel: &Kernel, boot_line: &str, answer: &Answer) -> Option<Failure> {
    let known = Known {
        // A configuration that cannot be read is unknown.
        is_built_with: &|option| kernel.config_has(option, 'y').ok().flatten(),
        is_debian: !kernel.package.is_empty(),
    };
    let why = what_is_wrong(&known, boot_line, active(answer))?;
    let message = format!("the guest did not boot as its boot line says: {why}");
    Some(Failure { kind: FailureKind::WrongBoot, message, console: answer.console.clone() })
}

fn what_is_wrong(known: &Known<'_>, boot_line: &str, active: &str) -> Option<String> {
    let active_ones: Vec<&str> = active.split(',').filter(|module| !module.is_empty()).collect();
    let is_active = |module: &str| active_ones.contains(&module);
    let Some(asked) = boot_line.split(' ').rev().find_map(|word| word.strip_prefix("lsm=")) else {
        let has_none = active_ones.iter().all(|module| UNASKED.contains(module));
        return (known.is_debian && has_none).then(|| {
            format!("the kernel's own security modules should be active, and the active ones are {active:?}")
        });
    };
    let asked_ones: Vec<&str> = asked.split(',').collect();
    let is_due = |module: &str| {
        let (_, option) = MODULES.iter().find(|(name, _)| *name == module)?;
        (known.is_built_with)(option).or(Some(known.is_debian))
    };
    let is_excluded =
        |module: &str| EXCLUSIVE.contains(&module) && EXCLUSIVE.iter().any(|one| is_active(one));
    let mut missing = asked_ones
        .iter()
        .filter(|module| !is_active(module) && !is_excluded(module) && is_due(module) == Some(true));
    let mut unasked =
        active_ones.iter().filter(|module| !asked_ones.contains(module) && !UNASKED.contains(module));
    let what = match (missing.next(), unasked.next()) {
        (Some(module), _) => format!("{module} is not active"),
        (None, Some(module)) => format!("{module} is active"),
        (None, None) => return None,
    };
    Some(format!("it asks for the security modules {asked:?}, the active ones are {active:?}, so {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBIAN: Known<'static> = Known { is_built_with: &|_| None, is_debian: true };
    const FOREIGN: Known<'static> = Known { is_built_with: &|_| None, is_debian: false };
    const WITHOUT_LANDLOCK: Known<'static> =
        Known { is_built_with: &|option| Some(option != "CONFIG_SECURITY_LANDLOCK"), is_debian: true };

    fn why(known: &Known<'_>, boot_line: &str, active: &str) -> String {
        what_is_wrong(known, boot_line, active).unwrap_or_default()
    }

    #[test]
    fn lists_of_real_kernels_are_right() {
        let own = "landlock,lockdown,yama,integrity,apparmor,selinux,smack,tomoyo,bpf,ipe,ima,evm";
        for (known, line, active) in [
            (&DEBIAN, "quiet lsm=lockdown,bpf", "lockdown,capability,bpf"),
            (&DEBIAN, "quiet lsm=lockdown,bpf", "lockdown,capability,bpf,ima,evm"),
            (&DEBIAN, "quiet lsm=selinux,lockdown,bpf audit=0", "lockdown,capability,selinux,bpf"),
            (&DEBIAN, "quiet lsm=", "lockdown,capability"),
            (&DEBIAN, "quiet", "lockdown,capability,landlock,yama,apparmor,tomoyo,bpf,ipe,ima,evm"),
            (
                &WITHOUT_LANDLOCK,
                &format!("quiet lsm={own}"),
                "lockdown,capability,yama,apparmor,tomoyo,bpf,ipe,ima,evm",
            ),
            // A user's kernel may have no security modules at all.
            (&FOREIGN, "quiet lsm=lockdown,bpf", ""),
            (&FOREIGN, "quiet", ""),
        ] {
            assert_eq!(why(known, line, active), "", "{line} {active}");
        }
    }

    #[test]
    fn a_list_that_differs_is_named_with_what_the_boot_line_asks_for() {
        let missing = why(&DEBIAN, "quiet lsm=lockdown,bpf", "lockdown,capability");
        assert!(
            missing.contains(r#""lockdown,bpf", the active ones are "lockdown,capability""#),
            "{missing}"
        );
        assert!(missing.ends_with("bpf is not active"), "{missing}");
        let more = why(&DEBIAN, "lsm=lockdown,bpf", "lockdown,capability,yama,bpf");
        assert!(more.ends_with("yama is active"), "{more}");
        assert!(why(&FOREIGN, "lsm=bpf", "capability,yama").ends_with("yama is active"));
        let landlock = "quiet lsm=landlock,bpf";
        assert!(why(&DEBIAN, landlock, "capability,bpf").ends_with("landlock is not active"));
        assert_eq!(why(&WITHOUT_LANDLOCK, landlock, "capability,bpf"), "");
        assert!(why(&DEBIAN, "lsm=selinux,bpf", "capability,bpf").ends_with("selinux is not active"));
        // A kernel without a configuration at the mirror, which once booted without security modules.
        for empty in ["", "capability", "lockdown,capability,ima,evm"] {
            assert!(why(&DEBIAN, "quiet", empty).contains("the kernel's own security modules"), "{empty}");
        }
    }
}
