//! Where the files of policies are in hookbench's sources.

use super::{policy_file, source};
use crate::policy::PolicyName;
use crate::scenario::Scenario;

/// The folder of the files of all policies, in hookbench's sources.
const POLICIES: &str = "probes/policies";

/// The path of the file of the policy called `name` for `scenario`, in hookbench's sources; `None` if that policy has no
/// file, or if its file is only generated.
pub fn policy_path(scenario: &'static Scenario, name: PolicyName) -> Option<String> {
    let file = policy_file(scenario, name)?.name;
    match name.policy.mechanism {
        // These are made from the source of bpf-lsm.
        "fentry" | "fmod-ret" => None,
        "tracepoint" if source(&format!("{}/sys-enter", scenario.policy), &file).is_none() => {
            Some(format!("{POLICIES}/{file}"))
        }
        _ => Some(format!("{POLICIES}/{}/{file}", scenario.policy)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::SCENARIOS;

    #[test]
    fn the_file_is_at_its_path() {
        let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let mut any = 0;
        for (scenario, name) in
            SCENARIOS.iter().flat_map(|one| PolicyName::all().map(move |name| (*one, name)))
        {
            let Some(path) = policy_path(scenario, name) else { continue };
            let text = std::fs::read_to_string(workspace.join(&path)).unwrap_or_default();
            let file = policy_file(scenario, name).unwrap();
            assert_eq!(text, file.text, "{path}");
            any += 1;
        }
        assert!(any > 100, "{any}");
    }
}
