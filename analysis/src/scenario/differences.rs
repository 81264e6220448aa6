//! What differs between the kernels of a run.

use super::Verdicts;
use super::verdict::Verdict;

/// A way whose verdict under some policies differs between kernels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference<'r> {
    /// The scenario.
    pub scenario: &'r str,
    /// The way.
    pub way: &'r str,
    /// The policies with these verdicts.
    pub policies: Vec<&'r str>,
    /// Each verdict in words, with its kernels in the run's order.
    pub verdicts: Vec<(String, Vec<&'r str>)>,
}

/// The words of the verdicts on a way under a policy, with their kernels.
type Words<'r> = Vec<(String, Vec<&'r str>)>;

/// The ways whose verdicts differ between kernels, in the run's order. Whether a way works is compared under `none`
/// only; under a policy, kernels on which it does not work are left out. Policies with the same verdicts share an
/// entry.
pub fn differences<'r>(verdicts: &Verdicts<'r>) -> Vec<Difference<'r>> {
    let mut found: Vec<Difference<'r>> = Vec::new();
    for ((scenario, policy, way), words) in all_words(verdicts) {
        if words.len() < 2 {
            continue;
        }
        let same = found
            .iter_mut()
            .find(|known| (known.scenario, known.way) == (scenario, way) && known.verdicts == words);
        match same {
            Some(known) => known.policies.push(policy),
            None => found.push(Difference { scenario, way, policies: vec![policy], verdicts: words }),
        }
    }
    found
}

/// A scenario, a policy and a way.
type Key<'r> = (&'r str, &'r str, &'r str);

fn all_words<'r>(verdicts: &Verdicts<'r>) -> Vec<(Key<'r>, Words<'r>)> {
    let mut all: Vec<(Key<'r>, Words<'r>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for cell in &verdicts.cells {
        for way in &cell.ways {
            if !cell.cell.is_none() && matches!(way.verdict, Verdict::DoesNotWork { .. }) {
                continue;
            }
            let key = (&*cell.cell.scenario, &*cell.cell.policy, &*way.tries.way);
            let place = *places.entry(key).or_insert_with(|| {
                all.push((key, Vec::new()));
                all.len() - 1
            });
            let words = &mut all[place].1;
            let kernel: &str = &cell.cell.kernel;
            match words.iter_mut().find(|(word, _)| *word == way.words()) {
                Some((_, kernels)) => kernels.push(kernel),
                None => words.push((way.words(), vec![kernel])),
            }
        }
    }
    all
}
