//! `ptrace(PTRACE_ATTACH)`, as debuggers do.

use super::{WORD, address, ptrace, victim, wait_for_stop};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("attach", "ptrace: ATTACH, POKEDATA, DETACH", |scene| {
    scene.window(|| {
        ptrace(libc::PTRACE_ATTACH, victim(), 0, 0)?;
        wait_for_stop(victim())?;
        ptrace(libc::PTRACE_POKEDATA, victim(), address(), WORD)?;
        ptrace(libc::PTRACE_DETACH, victim(), 0, 0)
    })
});
