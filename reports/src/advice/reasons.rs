//! The sentences about policies that do not qualify.

use hookbench_analysis::advice::{Answer, Candidate, Reason};

use super::phrases::{Style, coverage};

impl Style {
    /// The policies that do not qualify. Those with the same reasons share a line.
    pub(super) fn others(&self, answer: &Answer) -> Vec<String> {
        let mut lines: Vec<(String, Vec<String>)> = Vec::new();
        for candidate in &answer.others {
            let (why, cell) = (self.why(candidate), (self.code)(&candidate.cell));
            match lines.iter_mut().find(|(known, _)| *known == why) {
                Some((_, cells)) => cells.push(cell),
                None => lines.push((why, vec![cell])),
            }
        }
        lines.into_iter().map(|(why, cells)| format!("{}: {why}.", cells.join(", "))).collect()
    }

    /// Why a policy does not qualify, and what it costs.
    fn why(&self, candidate: &Candidate) -> String {
        let coverage = coverage(candidate);
        let mut parts: Vec<String> = Vec::new();
        parts.extend((!coverage.is_empty()).then_some(coverage));
        let passed = candidate.reasons.iter().find_map(|reason| self.passed(reason, candidate));
        let is_told = |reason: &&Reason| passed.is_none() || !is_plain_miss(reason);
        parts.extend(candidate.reasons.iter().filter(is_told).map(|reason| self.reason(reason, candidate)));
        parts.extend(passed);
        let is_judged = candidate.sees.is_some() || candidate.stops.is_some();
        let names_cost = |reason: &Reason| matches!(reason, Reason::TooExpensive | Reason::CostUnknown);
        if let Some(cost) = candidate.cost.as_ref().filter(|_| is_judged)
            && !candidate.reasons.iter().any(names_cost)
        {
            parts.push(self.hook(cost));
        }
        parts.join("; ")
    }

    /// The ways that pass unseen and not stopped, if these are the same.
    fn passed(&self, reason: &Reason, candidate: &Candidate) -> Option<String> {
        let Reason::NotStopped { ways: passed, .. } = reason else { return None };
        let is_same = |reason: &Reason| match reason {
            Reason::NotSeen { ways, .. } => is_plain_miss(reason) && ways == passed,
            _ => false,
        };
        let both = is_plain_miss(reason) && candidate.reasons.iter().any(is_same);
        both.then(|| format!("neither sees nor stops {}", self.list(passed)))
    }

    pub(super) fn reason(&self, reason: &Reason, candidate: &Candidate) -> String {
        let cost = candidate.cost.as_ref().map(|cost| self.hook(cost));
        match reason {
            Reason::Unsupported(why) => format!("unsupported: {}", (self.plain)(why)),
            Reason::Failed(why) => format!("failed: {}", (self.plain)(why)),
            Reason::NoVerdict => "no verdict, because its cell under none is missing or failed".into(),
            Reason::Stops => "stops what it sees".into(),
            Reason::OnlyWatches => "only watches".into(),
            Reason::NoRecords => "keeps no records".into(),
            Reason::NotSeen { verdict, ways } => self.not_seen(verdict, ways),
            Reason::NotStopped { verdict, ways } => match &**verdict {
                "not stopped" => format!("does not stop {}", self.list(ways)),
                "killed after" => format!("kills {} too late, after the effect", self.list(ways)),
                other => format!("{}: {}", (self.plain)(other), self.list(ways)),
            },
            Reason::Unjudged { ways } => format!("no verdict on {}", self.list(ways)),
            Reason::Breaks { ways } => {
                let noun = if ways.len() == 1 { "neighbour" } else { "neighbours" };
                format!("stops the allowed {noun} {}", self.list(ways))
            }
            Reason::TooExpensive => format!("costs too much: {}", cost.unwrap_or_default()),
            Reason::CostUnknown => cost.map_or_else(
                || "its cost is not measured".into(),
                |cost| format!("only a part of its cost is measured: {cost}"),
            ),
        }
    }

    fn not_seen(&self, verdict: &str, ways: &[String]) -> String {
        let list = self.list(ways);
        match verdict {
            "missed" => format!("does not see {list}"),
            "blank" => format!("its records of {list} lack the object"),
            "wrong object" => format!("its records of {list} name another object"),
            "wrong name" => format!("its records of {list} name another call"),
            other => format!("{}: {list}", (self.plain)(other)),
        }
    }

    /// Why a policy does not qualify, apart from the ways that it misses.
    pub(super) fn but(&self, reason: &Reason, candidate: &Candidate) -> Option<String> {
        let text = || self.reason(reason, candidate);
        match reason {
            Reason::CostUnknown => Some(text()),
            Reason::Breaks { .. } | Reason::OnlyWatches | Reason::NoRecords | Reason::TooExpensive => {
                Some(format!("it {}", text()))
            }
            _ => None,
        }
    }
}

/// Whether the reason is about ways that the policy does not see, or does not stop, and no more.
fn is_plain_miss(reason: &Reason) -> bool {
    match reason {
        Reason::NotSeen { verdict, .. } => verdict == "missed",
        Reason::NotStopped { verdict, .. } => verdict == "not stopped",
        _ => false,
    }
}
