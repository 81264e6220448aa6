//! The table of known kernels, `kernels.toml`, as types. Getting one is not
//! done here.

use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// A known kernel: where its package is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelRow {
    /// What users call it, such as `6.1`.
    pub name: String,
    /// Whether it is taken when no kernel is named.
    #[serde(default)]
    pub default: bool,
    /// Debian suites that have it.
    pub suites: Vec<String>,
    /// The package of its image; `*` stands for what changes with each update.
    pub package: String,
    /// Packages to be unpacked beside it; `*` is what it was in `package`.
    #[serde(default)]
    pub with: Vec<String>,
    /// Packages that modules for it are built against, in the same way.
    #[serde(default)]
    pub headers: Vec<String>,
    /// The toolchain that builds them.
    #[serde(default)]
    pub toolchain: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    kernel: Vec<KernelRow>,
}

/// All rows, in the table's order.
///
/// # Errors
/// When the table in the program is damaged.
pub fn rows() -> Result<&'static [KernelRow]> {
    static ROWS: OnceLock<Result<Vec<KernelRow>, toml::de::Error>> = OnceLock::new();
    match ROWS.get_or_init(|| parse(include_str!("../kernels.toml"))) {
        Ok(rows) => Ok(rows),
        Err(error) => Err(error.clone()).context("failed to read the table vm/kernels.toml"),
    }
}

/// The row called `name`.
///
/// # Errors
/// When there is none; the error lists those that are.
pub fn find(name: &str) -> Result<&'static KernelRow> {
    let rows = rows()?;
    let Some(row) = rows.iter().find(|row| row.name == name) else {
        let known: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        bail!("no kernel {name:?}; known are {}, or give the path of a bzImage or vmlinux", known.join(", "));
    };
    Ok(row)
}

/// The row to be taken when none is named.
///
/// # Errors
/// When the table in the program is damaged.
pub fn default() -> Result<&'static KernelRow> {
    rows()?.iter().find(|row| row.default).context("no kernel in vm/kernels.toml is the default")
}

fn parse(table: &str) -> Result<Vec<KernelRow>, toml::de::Error> {
    Ok(toml::from_str::<Table>(table)?.kernel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::KernelVersion;
    use std::collections::HashSet;

    #[test]
    fn every_row_can_be_looked_for() {
        let rows = rows().unwrap();
        for row in rows {
            assert_eq!(find(&row.name).unwrap(), row);
            assert!(row.name.parse::<KernelVersion>().is_ok(), "{}", row.name);
            assert!(!row.suites.is_empty(), "{}", row.name);
            for package in row.with.iter().chain([&row.package]) {
                assert_eq!(package.matches('*').count(), 1, "{package}");
                assert!(package.ends_with("-amd64"), "{package}");
            }
        }
        for package in rows.iter().flat_map(|row| &row.headers) {
            assert!(package.matches('*').count() <= 1, "{package}");
        }
        let names: HashSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names.len(), rows.len());
        assert_eq!(rows.iter().filter(|row| row.default).count(), 1);
        assert_eq!(default().unwrap().name, "6.1");
        let versions: Vec<KernelVersion> = rows.iter().map(|row| row.name.parse().unwrap()).collect();
        assert!(versions.is_sorted(), "{versions:?}");
    }

    #[test]
    fn an_unknown_kernel_lists_the_known_ones() {
        let error = find("2.4").unwrap_err().to_string();
        assert!(error.contains("\"2.4\"") && error.contains("6.1, 6.12"), "{error}");
    }

    #[test]
    fn a_misspelt_field_is_an_error() {
        let row = "[[kernel]]\nname = \"1\"\nsuites = []\npackage = \"*\"\n";
        assert!(parse(row).is_ok());
        assert!(parse(&format!("{row}pakage = 1\n")).is_err());
    }
}
