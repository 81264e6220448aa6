//! The objects that `build.rs` compiled, embedded.

use crate::attach::AttachRequest;

/// The compiled objects of a source in bpf/, by its name without `.bpf.c`.
macro_rules! object {
    ($name:literal) => {
        $crate::attach::bpf::CompiledObject {
            // Aligned, because aya's parser needs it.
            plain: ::aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/", $name, ".bpf.o")),
            with_ld_preload: ::aya::include_bytes_aligned!(concat!(
                env!("OUT_DIR"),
                "/",
                $name,
                ".ld_preload.bpf.o"
            )),
        }
    };
}
pub(crate) use object;

/// One source, compiled with and without the value of LD_PRELOAD in its records.
#[derive(Debug, Clone, Copy)]
pub struct CompiledObject {
    /// Its records have no value.
    pub plain: &'static [u8],
    /// Each record carries the value.
    pub with_ld_preload: &'static [u8],
}

impl CompiledObject {
    /// The object whose records carry what the request needs.
    pub(super) fn for_request(self, request: &AttachRequest) -> &'static [u8] {
        if request.ld_preload.is_some() { self.with_ld_preload } else { self.plain }
    }
}
