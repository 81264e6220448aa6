//! BPF objects: load them, attach their programs, read what they counted. The programs are
//! generic; the behaviour and targets are set here, before the load. This file picks the
//! loader; `libbpf` and `aya` know what each hook needs.

use super::{AttachRequest, Attached, Error};
use crate::{BpfHook, Loader};

pub mod access;
mod aya;
mod compiled;
mod copies;
mod layout;
pub(in crate::attach) mod libbpf;
pub mod phases;
pub(in crate::attach) mod runs;

pub use access::may_use;
pub use compiled::CompiledObject;
pub(crate) use compiled::object;
pub(in crate::attach) use layout::PERF_PAGES;

/// Loads the program of `object` for the sink of the request, by the loader that it names,
/// and attaches it to `hook` for the behaviour.
///
/// # Errors
/// When this kernel has no BTF, or a program does not load or attach.
pub fn attach(
    hook: BpfHook,
    object: CompiledObject,
    request: &AttachRequest,
) -> Result<Box<dyn Attached>, Error> {
    // A program can be attached to a place once: each copy is a separate object.
    copies::attach(request, || match request.loader() {
        Loader::Libbpf => Ok(Box::new(libbpf::attach(hook, object, request)?)),
        Loader::Aya => Ok(Box::new(aya::attach(hook, object, request)?)),
    })
}

/// Loads an object and drops it again. The kernel reads its BTF for the first program, and
/// each loader finds out what the kernel can do; later loads pay for neither. A kernel
/// that cannot load the object is left as it is.
pub fn warm() {
    libbpf::warm();
    aya::warm();
}
