//! `mremap` that makes the mapping of a library's text longer, so that its data is executable too.

use std::io;

use super::memory::{PAGE, run};
use super::text;
use crate::scenario::Way;
use crate::scene::Scene;

pub(super) const WAY: Way =
    Way::ordinary("mremap", "mremap of a library's text, to take in its data", run_it);

fn run_it(scene: &Scene) -> io::Result<()> {
    let page = text::mapped(scene, 0)?;
    let place = scene.window(|| {
        // SAFETY: the page was mapped here.
        let place = unsafe { libc::mremap(page.cast(), PAGE, text::DATA + PAGE, libc::MREMAP_MAYMOVE) };
        if place == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(place) }
    })?;
    // SAFETY: the second page of two.
    run(scene, unsafe { place.cast::<u8>().add(text::DATA) });
    Ok(())
}
