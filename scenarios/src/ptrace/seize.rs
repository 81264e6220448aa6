//! `ptrace(PTRACE_SEIZE)`, which stops nothing by itself.

use super::{WORD, address, ptrace, victim, wait_for_stop};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("seize", "ptrace: SEIZE, INTERRUPT, POKEDATA, DETACH", |scene| {
    scene.window(|| {
        ptrace(libc::PTRACE_SEIZE, victim(), 0, 0)?;
        ptrace(libc::PTRACE_INTERRUPT, victim(), 0, 0)?;
        wait_for_stop(victim())?;
        ptrace(libc::PTRACE_POKEDATA, victim(), address(), WORD)?;
        ptrace(libc::PTRACE_DETACH, victim(), 0, 0)
    })
});
