//! The kernels that `--kernel` selects.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Result, bail};
use hookbench_plan::select;
use hookbench_vm::{kernels, pair};

/// The names of all kernels in the kernel table.
///
/// # Errors
/// When the table cannot be read.
pub(super) fn known_kernels() -> Result<Vec<String>> {
    Ok(kernels::rows()?.iter().map(|row| row.name.clone()).collect())
}

/// The names of the kernels that plans and globs select.
///
/// # Errors
/// When the table cannot be read.
pub(super) fn planned_kernels() -> Result<Vec<String>> {
    let rows = kernels::rows()?.iter().filter(|row| !row.only_named);
    Ok(rows.map(|row| row.name.clone()).collect())
}

/// The kernels that names, globs and paths select, each once; without any, the default one.
///
/// # Errors
/// When one of them selects nothing; the error lists the known kernels.
pub(in crate::cmd) fn select_kernels(patterns: &[String]) -> Result<Vec<String>> {
    if patterns.is_empty() {
        return Ok(vec![kernels::default()?.name.clone()]);
    }
    let (known, planned) = (known_kernels()?, planned_kernels()?);
    let mut chosen = Vec::new();
    for name in patterns {
        let path = Path::new(name);
        if path.is_file() || known.contains(name) {
            chosen.push(name.clone());
        } else if name.contains('/') {
            let what = if path.exists() { "it is not a file" } else { "there is no such file" };
            bail!("no kernel {name:?}: {what}; known kernels: {}", known.join(", "));
        } else {
            let pattern = if name == "all" { "*" } else { name };
            // A glob must not select kernels that exist only after `hookbench kernel build`.
            let built = || pair::HALVES.map(|half| half.name.to_string()).to_vec();
            let among = if name.starts_with(pair::NAME) { &built() } else { &planned };
            chosen.extend(select("kernel", &[pattern.to_string()], among)?);
        }
    }
    let mut seen = HashSet::new();
    chosen.retain(|name| seen.insert(name.clone()));
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(patterns: &str) -> Result<Vec<String>> {
        let patterns = patterns.split(',').filter(|pattern| !pattern.is_empty());
        select_kernels(&patterns.map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn kernels_are_selected_by_name_glob_and_path() {
        assert_eq!(selected("").unwrap(), ["6.1"]);
        assert_eq!(selected("6.12,6.1,6.12").unwrap(), ["6.12", "6.1"]);
        assert_eq!(selected("6.1?").unwrap(), ["6.12", "6.16", "6.17", "6.18", "6.19"]);
        assert_eq!(selected("6.1-generic").unwrap(), ["6.1-generic"]);
        assert_eq!(selected("6.1*").unwrap(), ["6.1", "6.12", "6.16", "6.17", "6.18", "6.19"]);
        assert_eq!(selected("Cargo.toml").unwrap(), ["Cargo.toml"]);
        assert_eq!(selected("audit-pair-*").unwrap(), ["audit-pair-n", "audit-pair-y"]);
        assert_eq!(selected("audit-pair-y,6.1").unwrap(), ["audit-pair-y", "6.1"]);
        let wrong = selected("audit-pair-m").unwrap_err().to_string();
        assert!(wrong.contains("audit-pair-n, audit-pair-y"), "{wrong}");
        assert!(selected("./src").unwrap_err().to_string().contains("it is not a file"));
        for wrong in ["4.4", "./nowhere", "src", "./src"] {
            assert!(selected(wrong).unwrap_err().to_string().contains("6.1, 6.1"), "{wrong}");
        }
    }

    #[test]
    fn all_selects_every_kernel_that_plans_have() {
        let rows = planned_kernels().unwrap();
        assert_eq!(selected("all").unwrap(), rows);
        assert_eq!(selected("6.1,all").unwrap().len(), rows.len());
    }
}
