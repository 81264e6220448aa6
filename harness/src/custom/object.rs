//! Custom BPF objects: what hookbench reads from one before a guest boots, so that a file
//! which no guest can load is refused at once.

use anyhow::{Context, Result};
use hookbench_probes::custom::{FOLDER, Held, OBJECT, ObjectFacts};
use hookbench_vm::bpf_object;
use hookbench_vm::image::{Content, GuestFile};

/// What the guest has to know of the object `bytes`.
///
/// # Errors
/// When they are not a BPF object; the error says what they are instead.
pub(super) fn read(bytes: &[u8]) -> Result<ObjectFacts> {
    let object = bpf_object::read(bytes)?;
    let held = object.held.into_iter().map(|held| Held {
        program: held.name,
        called_by: held.called_by,
        begins: held.begins,
    });
    Ok(ObjectFacts { held: held.collect() })
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
