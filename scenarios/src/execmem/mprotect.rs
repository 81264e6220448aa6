//! `mprotect` of a page that was written before.

use super::memory::{TEXT, filled, protect, run};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("mprotect", "mprotect of written memory to PROT_EXEC", |scene| {
    let page = filled()?;
    scene.window(|| protect(page, TEXT))?;
    run(scene, page);
    Ok(())
});
