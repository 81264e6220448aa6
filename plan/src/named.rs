//! The plans that come with hookbench, and plans in files.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::plan::Plan;

/// The plans that come with hookbench, by name.
pub const NAMED: &[(&str, &str)] = &[
    ("quick", include_str!("../plans/quick.toml")),
    ("full", include_str!("../plans/full.toml")),
    ("sweeps", include_str!("../plans/sweeps.toml")),
    ("cpus", include_str!("../plans/cpus.toml")),
    ("operations", include_str!("../plans/operations.toml")),
];

impl Plan {
    /// Opens the plan called `name`, or the plan in the file `name`.
    ///
    /// # Errors
    /// When neither exists, or the file is not a plan.
    pub fn open(name: &str) -> Result<Plan> {
        if let Some((_, text)) = NAMED.iter().find(|(known, _)| *known == name) {
            return toml::from_str(text).with_context(|| format!("failed to read the plan {name}"));
        }
        let path = Path::new(name);
        if !path.exists() {
            let known: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
            bail!("no plan {name:?}: there is no such file; known plans: {}", known.join(", "));
        }
        let text = fs::read_to_string(path).with_context(|| format!("failed to read the plan {name}"))?;
        toml::from_str(&text).with_context(|| format!("failed to parse the plan {name}"))
    }
}
