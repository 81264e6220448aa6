//! The login uid of a cell's worker, its parameter `auid`. Rules of audit often ask for one, and nobody logs in to a
//! guest.

use std::path::Path;

use anyhow::{Context, Result};
use hookbench_model::param::login_uid;
use hookbench_model::protocol::{AttachOrder, CellSpec};
use hookbench_probes::attach::login;

use crate::no_number::NoNumber;

/// Whether this kernel has login uids, if the cells of `order` need one.
///
/// # Errors
/// When it has none.
pub(super) fn check(order: &AttachOrder) -> Result<(), NoNumber> {
    if order.login_uid.is_some() && !Path::new(login::FILE).exists() {
        let why = format!("this kernel has no login uids (no {}), which auid needs", login::FILE);
        return Err(NoNumber::Unsupported(why));
    }
    Ok(())
}

/// Gives this process the login uid of the cell, if it has one.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn enter(spec: &CellSpec) -> Result<()> {
    match login_uid(&spec.params) {
        Some(uid) => {
            login::set(uid).with_context(|| format!("failed to set the worker's login uid to {uid}"))
        }
        None => Ok(()),
    }
}
