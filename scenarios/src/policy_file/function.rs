//! The functions that call LSM hooks. A BPF LSM policy can be attached to them as well: by fentry to watch, and by
//! fmod_ret to refuse, on kernels that were not booted with BPF LSM.

/// The beginning of the sections of LSM programs.
const LSM: &str = "SEC(\"lsm/";

/// Hooks whose functions do not have their names.
const OTHERS: &[(&str, &str)] = &[
    ("bprm_check_security", "security_bprm_check"),
    ("bprm_creds_for_exec", "security_bprm_creds_for_exec"),
    ("cred_prepare", "security_prepare_creds"),
    ("userns_create", "security_create_user_ns"),
];

/// The function that calls the LSM hook `hook`.
pub(crate) fn function(hook: &str) -> String {
    let other = OTHERS.iter().find(|(known, _)| *known == hook);
    other.map_or_else(|| format!("security_{hook}"), |(_, function)| (*function).into())
}

/// The source of a BPF LSM policy with its programs on functions in place of hooks: `kind` is `fentry` or `fmod_ret`.
pub(crate) fn on_functions(source: &str, kind: &str) -> String {
    let mut parts = source.split(LSM);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (hook, rest) = part.split_once('"').unwrap_or((part, ""));
        text += &format!("SEC(\"{kind}/{}\"{rest}", function(hook));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_move_to_the_functions_of_their_hooks() {
        let source = "a\nSEC(\"lsm/userns_create\")\nb SEC(\"lsm/file_open\")";
        let moved = on_functions(source, "fentry");
        assert_eq!(moved, "a\nSEC(\"fentry/security_create_user_ns\")\nb SEC(\"fentry/security_file_open\")");
    }
}
