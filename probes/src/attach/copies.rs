//! Several monitors that are alike, each attached where the others are: what one
//! program costs beside others.

use anyhow::{Result, bail};
use hookbench_results::Behaviour;

use super::{Attached, Seen};

/// Monitors that are alike, at least one.
pub(super) struct Copies<A>(pub(super) Vec<A>);

impl<A: Attached> Attached for Copies<A> {
    fn seen(&mut self, behaviour: &Behaviour) -> Result<Seen> {
        let all = self.0.iter_mut().map(|copy| copy.seen(behaviour)).collect::<Result<Vec<Seen>>>()?;
        match all.split_first() {
            Some((first, others)) if others.iter().all(|other| other == first) => Ok(*first),
            _ => bail!("programs at one place did not all see the same: {all:?}"),
        }
    }

    fn detach(&mut self) -> Result<()> {
        self.0.iter_mut().try_for_each(Attached::detach)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Saw(u64);

    impl Attached for Saw {
        fn seen(&mut self, _: &Behaviour) -> Result<Seen> {
            Ok(Seen { seen: self.0, ..Seen::default() })
        }

        fn detach(&mut self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn all_have_to_see_the_same() {
        let behaviour = &hookbench_results::BEHAVIOURS[0];
        assert_eq!(Copies(vec![Saw(3), Saw(3)]).seen(behaviour).unwrap().seen, 3);
        assert!(Copies(vec![Saw(3), Saw(2)]).seen(behaviour).is_err());
        assert!(Copies(Vec::<Saw>::new()).seen(behaviour).is_err());
    }
}
