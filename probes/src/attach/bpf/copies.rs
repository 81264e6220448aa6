//! Several identical monitors at one place: what a program costs when others are attached
//! there too.

use anyhow::bail;

use crate::attach::{AttachRequest, Attached, Error, EventCounts};
use crate::info::PROGRAMS;

/// Identical monitors.
struct Copies(Vec<Box<dyn Attached>>);

/// Calls `attach` as often as the parameter [`PROGRAMS`] says. A single monitor is returned
/// as it is.
pub(super) fn attach(
    request: &AttachRequest,
    attach: impl Fn() -> Result<Box<dyn Attached>, Error>,
) -> Result<Box<dyn Attached>, Error> {
    match request.number(PROGRAMS, 1) {
        1 => attach(),
        count => Ok(Box::new(Copies((0..count).map(|_| attach()).collect::<Result<_, Error>>()?))),
    }
}

impl Attached for Copies {
    fn seen(&mut self) -> anyhow::Result<EventCounts> {
        let all = self.0.iter_mut().map(|copy| copy.seen()).collect::<anyhow::Result<Vec<EventCounts>>>()?;
        match all.split_first() {
            Some((first, others)) if others.iter().all(|other| other == first) => Ok(*first),
            _ => bail!("identical programs at one place saw different events: {all:?}"),
        }
    }

    fn detach(&mut self) -> anyhow::Result<()> {
        self.0.iter_mut().try_for_each(|copy| copy.detach())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Saw(u64);

    impl Attached for Saw {
        fn seen(&mut self) -> anyhow::Result<EventCounts> {
            Ok(EventCounts { seen: self.0, ..EventCounts::default() })
        }

        fn detach(&mut self) -> anyhow::Result<()> {
            Ok(())
        }
    }

    fn seen(all: &[u64]) -> anyhow::Result<EventCounts> {
        let all = all.iter().map(|saw| Box::new(Saw(*saw)) as Box<dyn Attached>);
        Copies(all.collect()).seen()
    }

    #[test]
    fn all_have_to_see_the_same() {
        assert_eq!(seen(&[3, 3]).unwrap().seen, 3);
        assert!(seen(&[3, 2]).is_err());
        assert!(seen(&[]).is_err());
    }
}
