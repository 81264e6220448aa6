//! Several monitors that are alike, each attached where the others are: what one
//! program costs beside others.

use anyhow::bail;
use hookbench_model::Behaviour;

use super::{Attached, Error, Request, Seen};
use crate::info::PROGRAMS;

/// Monitors that are alike.
struct Copies(Vec<Box<dyn Attached>>);

/// Attaches as many as the parameter [`PROGRAMS`] asks for; one by itself is what
/// `attach` makes of it.
pub(super) fn attach(
    request: &Request,
    attach: impl Fn() -> Result<Box<dyn Attached>, Error>,
) -> Result<Box<dyn Attached>, Error> {
    match request.number(PROGRAMS, 1) {
        1 => attach(),
        count => Ok(Box::new(Copies((0..count).map(|_| attach()).collect::<Result<_, Error>>()?))),
    }
}

impl Attached for Copies {
    fn seen(&mut self, behaviour: &Behaviour) -> anyhow::Result<Seen> {
        let all =
            self.0.iter_mut().map(|copy| copy.seen(behaviour)).collect::<anyhow::Result<Vec<Seen>>>()?;
        match all.split_first() {
            Some((first, others)) if others.iter().all(|other| other == first) => Ok(*first),
            _ => bail!("programs at one place did not all see the same: {all:?}"),
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
        fn seen(&mut self, _: &Behaviour) -> anyhow::Result<Seen> {
            Ok(Seen { seen: self.0, ..Seen::default() })
        }

        fn detach(&mut self) -> anyhow::Result<()> {
            Ok(())
        }
    }

    fn seen(all: &[u64]) -> anyhow::Result<Seen> {
        let all = all.iter().map(|saw| Box::new(Saw(*saw)) as Box<dyn Attached>);
        Copies(all.collect()).seen(&hookbench_model::BEHAVIOURS[0])
    }

    #[test]
    fn all_have_to_see_the_same() {
        assert_eq!(seen(&[3, 3]).unwrap().seen, 3);
        assert!(seen(&[3, 2]).is_err());
        assert!(seen(&[]).is_err());
    }
}
