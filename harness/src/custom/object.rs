//! Custom BPF objects: what hookbench reads from one before a guest boots, so that a file
//! which no guest can load is refused at once.

use anyhow::{Context, Result};
use hookbench_probes::custom::{FOLDER, Held, OBJECT, ObjectFacts};
use hookbench_vm::bpf_object;
use hookbench_vm::image::{Content, GuestFile};

/// How long attaching a program may take, in seconds of the guest's time: the kernel waits for
/// a grace period after some, and an object may need several attempts.
const SECONDS_A_PROGRAM: u64 = 1;

/// What the guest has to know of the object `bytes`, and how many seconds of the guest's time
/// attaching it may take.
///
/// # Errors
/// When they are not a BPF object; the error says what they are instead.
pub(super) fn read(bytes: &[u8]) -> Result<(ObjectFacts, u64)> {
    let object = bpf_object::read(bytes)?;
    let held = object.held.into_iter().map(|held| Held {
        program: held.name,
        called_by: held.called_by,
        begins: held.begins,
    });
    let seconds = object.programs.len() as u64 * SECONDS_A_PROGRAM;
    Ok((ObjectFacts { held: held.collect() }, seconds))
}

/// The file of a guest that holds `facts`; `None` if there is nothing to say.
///
/// # Errors
/// When they cannot be rendered.
pub(super) fn file(facts: &ObjectFacts) -> Result<Option<GuestFile>> {
    if *facts == ObjectFacts::default() {
        return Ok(None);
    }
    let json = serde_json::to_vec(facts).context("failed to describe the object")?;
    Ok(Some(GuestFile { path: format!("{FOLDER}/{OBJECT}"), mode: 0o600, content: Content::File(json) }))
}
