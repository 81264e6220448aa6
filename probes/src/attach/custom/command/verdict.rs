//! The verdict on a command after the operations: what shows that it was at work, or why its
//! number is not a plain one. Pure functions of what was seen.

use hookbench_model::Caveat;

use super::proof::{Saw, Sign, Signs};
use super::reaction::Reaction;

/// What the processes of a command did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Activity {
    /// Their CPU time in nanoseconds.
    pub(super) cpu_time: u64,
    /// How many bytes they wrote.
    pub(super) written: u64,
}

/// All that is known about a command.
pub(super) struct Findings<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// The signs before the first operation.
    pub(super) began: &'a Signs,
    /// The signs after the last timed one.
    pub(super) ended: &'a Signs,
    /// How often its BPF programs ran in operations that were made for that.
    pub(super) runs: u64,
    /// What it did with and without trial operations.
    pub(super) reaction: Reaction,
    /// What it did from before the first operation to after the last.
    pub(super) activity: Activity,
}

/// What to say of a command's number.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// What shows that it was at work.
    pub(super) note: Option<String>,
    /// Why the number is not a plain one.
    pub(super) caveats: Vec<Caveat>,
}

impl Findings<'_> {
    /// The verdict.
    pub(super) fn judge(&self) -> Verdict {
        let name = self.name;
        let shown: Vec<String> = self.early().filter_map(|(kind, sign)| self.shown(kind, sign)).collect();
        let proof = if !shown.is_empty() {
            Some(shown.join("; "))
        } else if self.reacts() {
            Some("it does more when operations are made; nothing else shows it".into())
        } else if self.works_by_itself() {
            Some(
                "it did something during the operations, as it does without them; nothing else shows it"
                    .into(),
            )
        } else {
            None
        };
        let note = proof.as_ref().map(|proof| format!("{name} was at work: {proof}"));
        let partial: Vec<Caveat> = self.changes().into_iter().map(Caveat::Partial).collect();
        let caveats = match (proof, partial) {
            (Some(_), partial) => partial,
            // What began late or ended early was at work for some operations at best.
            (None, partial) if !partial.is_empty() => {
                partial.iter().map(|caveat| Caveat::Unproven(caveat.reason().into())).collect()
            }
            (None, _) => vec![Caveat::Unproven(self.doubt())],
        };
        Verdict { note, caveats }
    }

    /// What began to watch late, or ended early. Marks come and go as their files do.
    fn changes(&self) -> Vec<String> {
        let name = self.name;
        let is_steady = |sign: &Sign| sign.saw != Saw::Wakes;
        let late = self.ended.iter().filter(|(kind, sign)| {
            let began = self.began.get(*kind);
            is_steady(sign) && began.is_none_or(|began| sign.parts > began.parts)
        });
        let gone = self.began.iter().filter(|(kind, sign)| {
            is_steady(sign) && self.ended.get(*kind).is_none_or(|ended| sign.parts > ended.parts)
        });
        let (late, gone) = (texts(late), texts(gone));
        let late = (!late.is_empty())
            .then(|| format!("{name} watched with this only after the first operation: {late}"));
        let gone = (!gone.is_empty())
            .then(|| format!("{name} watched with this only before the last operation: {gone}"));
        late.into_iter().chain(gone).collect()
    }

    /// Why nothing shows that it was at work.
    fn doubt(&self) -> String {
        let deaf: Vec<String> = self.early().map(|(_, sign)| deaf(sign)).collect();
        if deaf.is_empty() {
            return self.nothing();
        }
        format!("nothing shows that {} saw the operations: {}", self.name, deaf.join("; "))
    }

    /// The signs that were there from before the first operation to after the last.
    fn early(&self) -> impl Iterator<Item = (&&'static str, &Sign)> {
        self.ended.iter().filter(|(kind, _)| self.began.contains_key(*kind))
    }

    fn reacts(&self) -> bool {
        self.reaction.to_operations && self.activity != Activity::default()
    }

    /// Whether it works steadily, by a timer of its own, and asks the kernel for nothing.
    fn works_by_itself(&self) -> bool {
        let has_signs = !self.began.is_empty() || !self.ended.is_empty();
        self.reaction.by_itself && self.activity != Activity::default() && !has_signs
    }

    /// What `sign` shows, if it shows that the operations were watched.
    fn shown(&self, kind: &str, sign: &Sign) -> Option<String> {
        let text = &sign.text;
        match sign.saw {
            Saw::Uncounted => Some(text.clone()),
            Saw::Count(now) => match self.began.get(kind)?.saw {
                Saw::Count(then) if then == now => None,
                _ => Some(format!("{text}, and the counts changed")),
            },
            Saw::Wakes => self.reacts().then(|| format!("{text}, and it reacts to operations")),
            Saw::Runs => (self.runs > 0).then(|| format!("{text}, and the operations run them")),
            Saw::Nothing(_) => None,
        }
    }

    /// What hookbench looked for.
    fn nothing(&self) -> String {
        let name = self.name;
        let did = match self.activity {
            Activity { cpu_time: 0, written: 0 } => {
                "neither its output nor its CPU time changed from the first to the last operation"
            }
            _ => "what it did during the operations it did neither for them nor steadily",
        };
        format!(
            "nothing shows that {name} was at work: it loaded no BPF program, kernel module or policy, \
             switched on no tracing, perf event or audit, set no mark and traced no operation, and {did}"
        )
    }
}

fn texts<'a>(signs: impl Iterator<Item = (&'a &'static str, &'a Sign)>) -> String {
    signs.map(|(_, sign)| sign.text.as_str()).collect::<Vec<_>>().join("; ")
}

/// Why a sign shows nothing.
fn deaf(Sign { text, saw, .. }: &Sign) -> String {
    match saw {
        Saw::Nothing(why) => format!("{text}, {why}"),
        Saw::Count(_) => format!("{text}, but the counts did not change"),
        Saw::Runs => format!("{text}, but the operations run none"),
        Saw::Wakes => format!("{text}, but it does no more with operations than without"),
        Saw::Uncounted => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(of: &[(&'static str, Saw)]) -> Signs {
        let sign = |kind: &str, saw| Sign { text: kind.to_uppercase(), saw, parts: None };
        of.iter().map(|(kind, saw)| (*kind, sign(kind, *saw))).collect()
    }

    fn judge(began: &Signs, ended: &Signs, runs: u64, reacts: bool, cpu_time: u64) -> Verdict {
        let activity = Activity { cpu_time, written: 0 };
        let reaction = Reaction { to_operations: reacts, by_itself: false };
        Findings { name: "tool", began, ended, runs, reaction, activity }.judge()
    }

    fn note(verdict: Verdict) -> String {
        assert_eq!(verdict.caveats, []);
        verdict.note.unwrap()
    }

    fn unproven(verdict: Verdict) -> String {
        match (verdict.note, verdict.caveats.as_slice()) {
            (None, [Caveat::Unproven(why)]) => why.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_counted_shows_it_and_what_counted_nothing_does_not() {
        let (then, now) = (signs(&[("perf", Saw::Count(3))]), signs(&[("perf", Saw::Count(4))]));
        let shown = note(judge(&then, &now, 0, false, 0));
        assert_eq!(shown, "tool was at work: PERF, and the counts changed");
        assert!(unproven(judge(&then, &then, 0, false, 9)).ends_with("PERF, but the counts did not change"));
        let armed = signs(&[("audit", Saw::Uncounted)]);
        assert_eq!(note(judge(&armed, &armed, 0, false, 0)), "tool was at work: AUDIT");
        let both = signs(&[("audit", Saw::Uncounted), ("perf", Saw::Count(3))]);
        assert_eq!(note(judge(&both, &both, 0, false, 0)), "tool was at work: AUDIT");
    }

    #[test]
    fn a_loaded_program_has_to_run() {
        let loaded = signs(&[("programs", Saw::Runs)]);
        assert!(note(judge(&loaded, &loaded, 7, false, 0)).ends_with("the operations run them"));
        assert!(unproven(judge(&loaded, &loaded, 0, false, 9)).ends_with("the operations run none"));
    }

    #[test]
    fn a_mark_has_to_wake_it() {
        let marks = signs(&[("marks", Saw::Wakes)]);
        assert!(note(judge(&marks, &marks, 0, true, 9)).contains("MARKS, and it reacts"));
        assert!(unproven(judge(&marks, &marks, 0, false, 9)).contains("no more with operations"));
        let none = Signs::new();
        assert!(unproven(judge(&none, &marks, 0, false, 9)).contains("nothing shows that tool was at work"));
    }

    #[test]
    fn what_began_late_or_ended_early_was_not_at_work_for_all_operations() {
        let (none, traced) = (Signs::new(), signs(&[("ptrace", Saw::Uncounted)]));
        let late = "tool watched with this only after the first operation: PTRACE";
        assert_eq!(unproven(judge(&none, &traced, 0, false, 0)), late);
        let gone = "tool watched with this only before the last operation: PTRACE";
        assert_eq!(unproven(judge(&traced, &none, 0, false, 0)), gone);
        let both = signs(&[("ptrace", Saw::Uncounted), ("perf", Saw::Uncounted)]);
        let verdict = judge(&traced, &both, 0, false, 0);
        assert_eq!(verdict.note.as_deref(), Some("tool was at work: PTRACE"));
        assert_eq!(verdict.caveats, [Caveat::Partial(late.replace("PTRACE", "PERF"))]);
    }

    #[test]
    fn more_parts_than_before_the_operations_are_late() {
        let loaded = |parts| {
            let sign = Sign { text: format!("{parts} programs"), saw: Saw::Runs, parts: Some(parts) };
            Signs::from([("programs", sign)])
        };
        let verdict = judge(&loaded(2), &loaded(3), 9, false, 0);
        let late = "tool watched with this only after the first operation: 3 programs";
        assert_eq!(verdict.caveats, [Caveat::Partial(late.into())]);
        let gone = judge(&loaded(3), &loaded(2), 9, false, 0);
        assert!(gone.caveats[0].reason().ends_with("only before the last operation: 3 programs"));
        assert_eq!(judge(&loaded(2), &loaded(2), 9, false, 0).caveats, []);
    }

    #[test]
    fn work_by_a_timer_shows_it_if_it_goes_on_during_the_operations() {
        let judge = |signs: &Signs, cpu_time| {
            let activity = Activity { cpu_time, written: 0 };
            let reaction = Reaction { to_operations: false, by_itself: true };
            Findings { name: "tool", began: signs, ended: signs, runs: 0, reaction, activity }.judge()
        };
        assert!(note(judge(&Signs::new(), 9)).contains("as it does without them"));
        assert!(unproven(judge(&Signs::new(), 0)).contains("neither its output nor its CPU time"));
        // It has loaded programs, and they did not run.
        assert!(unproven(judge(&signs(&[("programs", Saw::Runs)]), 9)).ends_with("the operations run none"));
    }

    #[test]
    fn activity_alone_shows_it_only_if_it_is_no_accident() {
        let none = Signs::new();
        assert!(note(judge(&none, &none, 0, true, 9)).contains("nothing else shows it"));
        assert!(unproven(judge(&none, &none, 0, true, 0)).contains("neither its output nor its CPU time"));
        assert!(unproven(judge(&none, &none, 0, false, 9)).contains("neither for them nor steadily"));
    }
}
