//! Custom monitors in the guest, a file for each kind. hookbench does not know which events
//! such a monitor should see; its [`Evidence`] shows that it worked.

use std::path::PathBuf;

use super::AttachRequest;
use crate::custom::payload::FOLDER;

pub(crate) mod command;
pub(crate) mod object;
pub(crate) mod rules;

pub use super::bpf::runs::{LoadedProgram, RunCounting};
pub use super::evidence::{Evidence, Operate};

/// The path in the guest of the monitor's payload file.
fn payload_path(request: &AttachRequest) -> PathBuf {
    PathBuf::from("/").join(FOLDER).join(request.sink)
}
