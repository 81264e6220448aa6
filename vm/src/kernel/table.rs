//! The table of known kernels, `kernels.toml`, as types. `fetch` gets a kernel.

use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::arch::KERNEL_FILES;

/// A known kernel, and where to find its packages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelRow {
    /// Its name for users, for example `6.1`.
    pub name: String,
    /// Whether hookbench uses it when the user names no kernel.
    #[serde(default)]
    pub default: bool,
    /// Whether only its own name selects it: no plan and no glob does.
    #[serde(default)]
    pub only_named: bool,
    /// The Debian suites that have it.
    pub suites: Vec<String>,
    /// The package of its image. `*` stands for the part that changes with each update.
    pub package: String,
    /// Packages to unpack with it. `*` stands for the same text as in `package`.
    #[serde(default)]
    pub with: Vec<String>,
    /// The package of the kernel's own modules, likewise; empty if the image's package has them.
    #[serde(default)]
    pub modules: String,
    /// Modules that scenarios need of this kernel alone, in addition to those that they need of all kernels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_modules: Vec<String>,
    /// Packages of headers for building modules, likewise.
    #[serde(default)]
    pub headers: Vec<String>,
    /// The toolchain that builds them.
    #[serde(default)]
    pub toolchain: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KernelTable {
    kernel: Vec<KernelRow>,
}

/// Returns all rows, in the table's order.
///
/// # Errors
/// When the table in the program is damaged.
pub fn rows() -> Result<&'static [KernelRow]> {
    static ROWS: OnceLock<Result<Vec<KernelRow>, toml::de::Error>> = OnceLock::new();
    match ROWS.get_or_init(|| parse(include_str!("../../kernels.toml"))) {
        Ok(rows) => Ok(rows),
        Err(error) => Err(error.clone()).context("failed to read the table vm/kernels.toml"),
    }
}

/// Returns the row called `name`.
///
/// # Errors
/// When there is none. The error lists the known kernels.
pub fn find(name: &str) -> Result<&'static KernelRow> {
    let rows = rows()?;
    let Some(row) = rows.iter().find(|row| row.name == name) else {
        let known: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        bail!(
            "no kernel {name:?}; known kernels are {}; or pass the path of {KERNEL_FILES}",
            known.join(", ")
        );
    };
    Ok(row)
}

/// Returns the row to use when the user names no kernel.
///
/// # Errors
/// When the table in the program is damaged.
pub fn default() -> Result<&'static KernelRow> {
    rows()?.iter().find(|row| row.default).context("the table vm/kernels.toml has no default kernel")
}

fn parse(table: &str) -> Result<Vec<KernelRow>, toml::de::Error> {
    Ok(toml::from_str::<KernelTable>(table)?.kernel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::KernelVersion;
    use std::collections::HashSet;

    #[test]
    fn every_row_is_complete_and_found_by_its_name() {
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
        for package in rows.iter().flat_map(|row| row.headers.iter().chain([&row.modules])) {
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
        assert!(error.contains("\"2.4\"") && error.contains("6.1, 6.1"), "{error}");
    }

    #[test]
    fn a_misspelt_field_is_an_error() {
        let row = "[[kernel]]\nname = \"1\"\nsuites = []\npackage = \"*\"\n";
        assert!(parse(row).is_ok());
        assert!(parse(&format!("{row}pakage = 1\n")).is_err());
    }
}
