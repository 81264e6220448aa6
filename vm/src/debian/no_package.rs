//! The error about a package that the mirror does not have. Callers branch on it: a cell
//! that needs the package is unsupported.

/// The mirror has no such package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no package {pattern} in {suites} of the configured mirror{} (nearest: {}); \
     check apt's sources, or try a newer hookbench: Debian may have replaced the package",
    self.missing_suites(), self.near.join(", ")
)]
pub struct NoPackage {
    /// The name that hookbench looked for; `*` stands for any text.
    pub pattern: String,
    /// The suites that hookbench searched.
    pub(super) suites: String,
    /// Suites without a site in apt's sources.
    pub(super) missing: Vec<String>,
    /// The nearest names.
    pub(super) near: Vec<String>,
    /// The neighbouring series that have such packages.
    pub(super) neighbours: Vec<String>,
}

impl NoPackage {
    fn missing_suites(&self) -> String {
        match self.missing.as_slice() {
            [] => String::new(),
            missing => format!("; apt's sources have no site for {}", missing.join(", ")),
        }
    }

    /// Returns why a cell that needs the package cannot be measured: the package, the
    /// suites, and what is nearest to it.
    #[must_use]
    pub fn reason(&self) -> String {
        let NoPackage { pattern, suites, .. } = self;
        let nearest = match self.neighbours.as_slice() {
            [] => self.near.join(", "),
            series => series.join(" and "),
        };
        format!(
            "the mirror has no package {pattern} in {suites}{}; nearest to it are {nearest}",
            self.missing_suites()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_names_neighbouring_series_or_else_the_nearest_names() {
        let mut error = NoPackage {
            pattern: "linux-image-6.2.*".into(),
            suites: "bookworm".into(),
            missing: Vec::new(),
            near: vec!["linux-image-6.1.0-56".into()],
            neighbours: vec!["6.1".into(), "6.12".into()],
        };
        let expected =
            "the mirror has no package linux-image-6.2.* in bookworm; nearest to it are 6.1 and 6.12";
        assert_eq!(error.reason(), expected);
        error.neighbours.clear();
        error.missing.push("sid".into());
        let reason = error.reason();
        assert!(reason.contains("no site for sid"), "{reason}");
        assert!(reason.ends_with("linux-image-6.1.0-56"), "{reason}");
    }
}
