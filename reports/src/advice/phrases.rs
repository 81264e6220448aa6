//! The sentences of the advice. Each is about a cell and names it.

use hookbench_analysis::advice::{
    Answer, Candidate, Cost, CostOf, Covered, Everywhere, File, Goal, Pair, Question,
};

use crate::text::{count, grouped, signed, unsigned_if_positive};

/// How a format shows the texts in a sentence.
pub(super) struct Style {
    /// A name: of a cell, a way, a file.
    pub(super) code: fn(&str) -> String,
    /// Foreign text in a sentence.
    pub(super) plain: fn(&str) -> String,
}

impl Style {
    /// What was asked.
    pub(super) fn question(&self, question: &Question) -> String {
        let verb = |verb: &str, has: fn(&Goal) -> bool| {
            let names: Vec<&str> =
                question.goals.iter().filter(|goal| has(goal)).map(|goal| &*goal.scenario).collect();
            (!names.is_empty()).then(|| format!("{verb} {}", self.list(&names)))
        };
        let verbs = [verb("watch", |goal| goal.watch), verb("deny", |goal| goal.deny)];
        let verbs: Vec<String> = verbs.into_iter().flatten().collect();
        let cost = question.max_cost.as_ref().map_or_else(String::new, |most| {
            format!(", for at most {}", (self.plain)(&most.to_string().replace('%', " %")))
        });
        let kernels = self.list(&question.kernels);
        format!("The question: {}; on {kernels}{cost}.", verbs.join("; "))
    }

    /// `deny userns on 6.1`
    pub(super) fn goal(&self, answer: &Answer) -> String {
        let Answer { kernel, goal, .. } = answer;
        format!("{} {} on {}", goal.verbs(), (self.code)(&goal.scenario), (self.code)(kernel))
    }

    /// The answer in a sentence or two.
    pub(super) fn outcome(&self, answer: &Answer) -> String {
        let all = answer.qualifying.len() + answer.others.len();
        if answer.works.is_empty() {
            return "No way works there, so there is nothing to do.".into();
        }
        match (&answer.qualifying[..], &answer.pairs[..]) {
            ([first, ..], _) => {
                let verb = if answer.qualifying.len() == 1 { "qualifies" } else { "qualify" };
                let number = grouped(answer.qualifying.len() as u64);
                format!("{number} of {} {verb}. Start with {}.", policies(all), (self.code)(&first.cell))
            }
            ([], [pair, ..]) => {
                let [one, other] = pair.cells.each_ref().map(|cell| (self.code)(cell));
                format!("No policy qualifies alone. {one} and {other} do together.")
            }
            ([], []) => format!("None of {} qualifies.{}", policies(all), self.nearest(answer)),
        }
    }

    fn nearest(&self, answer: &Answer) -> String {
        let is_near = |candidate: &&Candidate| answer.nearest.contains(&candidate.policy);
        let sentence = |candidate: &Candidate| {
            let but = candidate.reasons.iter().find_map(|reason| self.but(reason, candidate));
            let is_second = answer.nearest.len() > 1 && !candidate.breaks();
            let gentle = if is_second { " and stops no allowed neighbour" } else { "" };
            let but = but.map_or_else(String::new, |but| format!(", but {but}"));
            format!(" {} {}{gentle}{but}.", (self.code)(&candidate.cell), coverage(candidate))
        };
        let near: String = answer.others.iter().filter(is_near).map(sentence).collect();
        if near.is_empty() { near } else { format!(" The nearest:{near}") }
    }

    /// Of which mechanism a policy qualifies in each answer.
    pub(super) fn everywhere(&self, everywhere: &[Everywhere]) -> String {
        let Some(first) = everywhere.first() else {
            return "There is no mechanism that qualifies in all of them.".into();
        };
        let names: Vec<&str> = everywhere.iter().map(|one| &*one.mechanism).collect();
        let verb = if names.len() == 1 { "qualifies" } else { "qualify" };
        format!("{} {verb} in all of them: {}.", self.list(&names), self.list(&first.cells))
    }

    /// What holds for all policies.
    pub(super) fn facts(&self, answer: &Answer) -> String {
        let mut facts = Vec::new();
        if !answer.works.is_empty() {
            let verb = if answer.works.len() == 1 { "works" } else { "work" };
            facts.push(format!("{} {verb} there.", count(answer.works.len(), "way")));
        }
        if !answer.unknown.is_empty() {
            facts.push(format!("The runs do not say whether {} does.", self.list(&answer.unknown)));
        }
        for (verb, ways) in [("sees", &answer.nobody_sees), ("stops", &answer.nobody_stops)] {
            if !ways.is_empty() {
                facts.push(format!("No policy {verb} {}.", self.list(ways)));
            }
        }
        facts.join(" ")
    }

    /// A policy that qualifies, in a few lines.
    pub(super) fn qualifying(&self, candidate: &Candidate) -> Vec<String> {
        let mut first = format!("{} {}.", (self.code)(&candidate.cell), coverage(candidate));
        if candidate.kills {
            first += " It kills the caller.";
        }
        for note in self.notes(candidate) {
            first += &format!(" {note}");
        }
        let cost = match &candidate.cost {
            Some(cost) => {
                let rest = cost.side_effects.map(|number| format!("; side effects {}", signed(number)));
                format!("Cost: {}{}.", self.hook(cost), rest.unwrap_or_default())
            }
            None => "Cost: not measured.".into(),
        };
        let file = candidate.file.as_ref().map(|file| self.file(file));
        [Some(first), Some(cost), file].into_iter().flatten().collect()
    }

    /// What a reader has to know about a policy that qualifies.
    fn notes(&self, candidate: &Candidate) -> Vec<String> {
        let mut notes = Vec::new();
        let seen = candidate.sees.as_ref().map_or(0, |sees| sees.ways.len());
        match candidate.unnamed.len() {
            0 => {}
            unnamed if unnamed == seen => notes.push("Its records name no object.".into()),
            _ => notes.push(format!("Its records of {} name no object.", self.list(&candidate.unnamed))),
        }
        if !candidate.false_alarms.is_empty() {
            notes.push(format!("It records allowed neighbours: {}.", self.list(&candidate.false_alarms)));
        }
        if !candidate.lacks.is_empty() {
            notes.push(format!("It lacks {} on this kernel.", self.list(&candidate.lacks)));
        }
        notes
    }

    fn file(&self, file: &File) -> String {
        let lines = count(file.lines, "line");
        match &file.path {
            Some(path) => format!("File: {}, {lines}.", (self.code)(path)),
            None => format!("File: {}, {lines}, generated.", (self.code)(&file.name)),
        }
    }

    /// A cost with its cell, without side effects.
    pub(super) fn hook(&self, cost: &Cost) -> String {
        let of = match cost.of {
            CostOf::Monitor => "monitor ",
            CostOf::Policy => "neighbour ",
        };
        format!("{} ({of}{})", hook(cost), self.list(&cost.cells))
    }

    /// Two policies.
    pub(super) fn pair(&self, pair: &Pair) -> String {
        let [one, other] = pair.cells.each_ref().map(|cell| (self.code)(cell));
        let cost =
            pair.cost.as_ref().map_or_else(String::new, |cost| format!(": together {}", self.hook(cost)));
        format!("{one} and {other}{cost}")
    }

    /// What heads the pairs.
    pub(super) fn together(&self, goal: &Goal) -> &'static str {
        match goal.watch && goal.deny {
            true => {
                "Two policies reach the goal together. hookbench tried each alone, and one that refuses a call early \
                 can keep the other from seeing it:"
            }
            false => "Two policies reach the goal together. hookbench tried each alone:",
        }
    }

    pub(super) fn list<S: AsRef<str>>(&self, names: &[S]) -> String {
        names.iter().map(|name| (self.code)(name.as_ref())).collect::<Vec<_>>().join(", ")
    }
}

/// `25 policies`
fn policies(number: usize) -> String {
    match number {
        1 => "1 policy".into(),
        _ => format!("{} policies", grouped(number as u64)),
    }
}

/// `sees 8 of 10 ways and stops all 10 ways`; empty if the policy was not judged.
pub(super) fn coverage(candidate: &Candidate) -> String {
    let part = |verb: &str, covered: &Covered| {
        let Covered { ways, of } = covered;
        match (ways.len() == *of, of) {
            (true, 1) => format!("{verb} the only way"),
            (true, 2) => format!("{verb} both ways"),
            (true, of) => format!("{verb} all {}", count(*of, "way")),
            (false, of) => format!("{verb} {} of {}", grouped(ways.len() as u64), count(*of, "way")),
        }
    };
    match (&candidate.sees, &candidate.stops) {
        (Some(sees), Some(stops)) if sees == stops => part("sees and stops", sees),
        (Some(sees), Some(stops)) => format!("{} and {}", part("sees", sees), part("stops", stops)),
        (Some(sees), None) => part("sees", sees),
        (None, Some(stops)) => part("stops", stops),
        (None, None) => String::new(),
    }
}

/// `hook 360 instructions, 1.4 % of the operation's 25,397`
fn hook(cost: &Cost) -> String {
    let least = if cost.at_least { "at least " } else { "" };
    let share = cost.percent.map_or_else(String::new, |percent| {
        let number = match percent {
            // Not a rounded zero.
            small if small > 0.0 && small < 0.05 => "less than 0.1".into(),
            percent => format!("{percent:.1}"),
        };
        format!(", {number} % of the operation's {}", grouped(cost.operation))
    });
    format!("hook {least}{} instructions{share}", unsigned_if_positive(cost.instructions))
}
