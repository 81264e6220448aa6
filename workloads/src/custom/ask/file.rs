//! A TOML file that describes system calls: read, checked, and turned into the sequence that a guest makes. Every
//! error names its line. Arguments are in `argument.rs`.

use std::collections::BTreeMap;

use hookbench_model::custom_workload::{Call, Expect, Sequence};
use hookbench_model::{BEHAVIOURS, Behaviour};
use serde::Deserialize;
use syscalls::x86_64::Sysno;
use toml::Spanned;

use super::super::CALLS;
use super::argument::{Known, Raw, RawExpect, RawMemory};
use super::{Wrong, nearest};

/// No file needs more than this.
const MOST_CALLS: usize = 1_000;
const MOST_EVENTS: u32 = 1_000;
const MOST_MEMORY: u64 = 16 << 20;
/// The longest file, in bytes: its sequence goes to a guest with the cell.
const LONGEST: usize = 32 << 10;

/// They return twice, or to another place: two processes would time one call.
const REFUSED: [&str; 5] = ["fork", "vfork", "clone", "clone3", "rt_sigreturn"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// For people.
    #[serde(default, rename = "about")]
    _about: String,
    behaviour: Option<Spanned<String>>,
    events: Option<Spanned<u32>>,
    #[serde(default)]
    memory: BTreeMap<String, RawMemory>,
    #[serde(default)]
    setup: Vec<RawCall>,
    #[serde(default)]
    before: Vec<RawCall>,
    call: Spanned<Vec<RawCall>>,
    #[serde(default)]
    after: Vec<RawCall>,
    #[serde(default)]
    teardown: Vec<RawCall>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCall {
    syscall: Spanned<String>,
    #[serde(default)]
    args: Vec<Spanned<Raw>>,
    result: Option<String>,
    expect: Option<Spanned<RawExpect>>,
}

/// The sequence that `text` describes.
///
/// # Errors
/// When the text is not such a file; the error says why, and in which line.
pub fn sequence(text: &str) -> Result<Sequence, Wrong> {
    if text.len() > LONGEST {
        return Err(Wrong(format!("the file has {} bytes; the limit is {LONGEST}", text.len())));
    }
    let file: File = toml::from_str(text).map_err(|error| Wrong(error.to_string()))?;
    let mut reader = Reader { text, known: Known::default(), behaviours: Vec::new() };
    for (name, memory) in file.memory {
        reader.known.named.insert(name, reader.known.memory.len() as u32);
        reader.known.memory.push(memory.read());
    }
    let start = file.call.span().start;
    let mut sequence = Sequence {
        setup: reader.calls(file.setup, Part::Once)?,
        before: reader.calls(file.before, Part::Each)?,
        call: reader.calls(file.call.into_inner(), Part::Each)?,
        after: reader.calls(file.after, Part::Each)?,
        teardown: reader.calls(file.teardown, Part::Once)?,
        ..Sequence::default()
    };
    if sequence.call.is_empty() {
        return Err(reader.wrong(start, "there is no [[call]], so nothing to time"));
    }
    reader.behaviour(file.behaviour, file.events, &mut sequence)?;
    reader.check_limits(start, &sequence)?;
    sequence.results = reader.known.results.len() as u32;
    sequence.memory = reader.known.memory;
    Ok(sequence)
}

/// Whether calls are made once, or around each operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Once,
    Each,
}

struct Reader<'t> {
    text: &'t str,
    known: Known,
    /// The behaviours of the calls, with the part and the place in the file of each.
    behaviours: Vec<(&'static Behaviour, Part, usize)>,
}

impl Reader<'_> {
    fn wrong(&self, at: usize, what: impl std::fmt::Display) -> Wrong {
        let line = self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        Wrong(format!("line {line}: {what}"))
    }

    fn calls(&mut self, raw: Vec<RawCall>, part: Part) -> Result<Vec<Call>, Wrong> {
        raw.into_iter().map(|raw| self.call(raw, part)).collect()
    }

    fn call(&mut self, raw: RawCall, part: Part) -> Result<Call, Wrong> {
        let at = raw.syscall.span().start;
        let name = raw.syscall.into_inner();
        if REFUSED.contains(&name.as_str()) {
            return Err(self.wrong(at, format!("{name} does not return like other system calls")));
        }
        let Some(known) = Sysno::iter().find(|known| known.name() == name) else {
            let near = nearest(&name, Sysno::iter().map(|known| known.name()));
            return Err(self.wrong(at, format!("no system call {name:?} on x86-64; similar names: {near}")));
        };
        let number = known.id() as u32;
        let found = BEHAVIOURS.iter().find(|row| row.syscalls.iter().any(|call| call.number == number));
        self.behaviours.extend(found.map(|row| (row, part, at)));
        if raw.args.len() > 6 {
            return Err(self.wrong(at, format!("{name} has {} arguments; the limit is 6", raw.args.len())));
        }
        let mut args = Vec::new();
        for arg in raw.args {
            let at = arg.span().start;
            args.push(self.known.read(arg.into_inner()).map_err(|what| self.wrong(at, what))?);
        }
        let expect = match raw.expect {
            None => Expect::AtLeast(0),
            Some(raw) => raw.get_ref().read().map_err(|what| self.wrong(raw.span().start, what))?,
        };
        // A result may be kept again under the same name.
        let result = raw.result.map(|name| {
            let next = self.known.results.len() as u32;
            *self.known.results.entry(name).or_insert(next)
        });
        Ok(Call { name, number, args, result, expect })
    }

    /// Sets the behaviour and the events that a monitor has to see.
    fn behaviour(
        &self,
        named: Option<Spanned<String>>,
        events: Option<Spanned<u32>>,
        sequence: &mut Sequence,
    ) -> Result<(), Wrong> {
        let Some(named) = named else {
            if let Some(events) = events {
                return Err(self.wrong(events.span().start, "events need a behaviour; add behaviour = NAME"));
            }
            // Monitors watch what the worker calls at the end.
            let watched = self.behaviours.iter().find(|(row, ..)| row.name == CALLS.behaviour);
            return match watched {
                None => Ok(()),
                Some((row, _, at)) => {
                    let name = row.name;
                    Err(self.wrong(
                        *at,
                        format!("this call performs the behaviour {name}; add behaviour = {name:?}"),
                    ))
                }
            };
        };
        let at = named.span().start;
        let Some(row) = Behaviour::find(named.get_ref()) else {
            let known: Vec<&str> = BEHAVIOURS.iter().map(|row| row.name).collect();
            return Err(self.wrong(
                at,
                format!("no behaviour {:?}; the behaviours are {}", named.get_ref(), known.join(", ")),
            ));
        };
        let same: Vec<_> = self.behaviours.iter().filter(|(behaviour, ..)| *behaviour == row).collect();
        if let Some((.., at)) = same.iter().find(|(_, part, _)| *part == Part::Once) {
            let what = "this call performs the behaviour but is made once; only calls of each operation can be counted";
            return Err(self.wrong(*at, what));
        }
        if same.is_empty() {
            return Err(
                self.wrong(at, format!("no call of the operation performs the behaviour {}", row.name))
            );
        }
        let number = events.as_ref().map_or(same.len() as u32, |events| *events.get_ref());
        if !(1..=MOST_EVENTS).contains(&number) {
            let at = events.map_or(at, |events| events.span().start);
            return Err(self
                .wrong(at, format!("{number} events for each operation; it has to be 1 to {MOST_EVENTS}")));
        }
        sequence.behaviour = Some(row.name.into());
        sequence.events = number;
        Ok(())
    }

    /// Checks the limits.
    fn check_limits(&self, at: usize, sequence: &Sequence) -> Result<(), Wrong> {
        let Sequence { setup, before, call, after, teardown, .. } = sequence;
        let calls: usize = [setup, before, call, after, teardown].map(Vec::len).iter().sum();
        if calls > MOST_CALLS {
            return Err(self.wrong(at, format!("{calls} calls; the limit is {MOST_CALLS}")));
        }
        let memory: u64 = self.known.memory.iter().map(|memory| u64::from(memory.size)).sum();
        if memory > MOST_MEMORY {
            return Err(self.wrong(at, format!("{memory} bytes of memory; the limit is {MOST_MEMORY}")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::custom_workload::Argument;
    use proptest::prelude::*;

    const EXAMPLE: &str = include_str!("../../../../docs/examples/open-read-close.toml");

    #[test]
    fn the_example_is_read() {
        let sequence = sequence(EXAMPLE).unwrap();
        let names: Vec<&str> = sequence.call.iter().map(|call| call.name.as_str()).collect();
        assert_eq!(names, ["openat", "read", "close"]);
        // Result 0 is that of the file's creation.
        assert_eq!(sequence.call[0].result, Some(1));
        assert_eq!(sequence.call[1].args[0], Argument::Result(1));
        assert_eq!(sequence.behaviour, None);
    }

    fn error_of(text: &str) -> String {
        sequence(text).unwrap_err().to_string()
    }

    #[test]
    fn an_error_names_its_line() {
        let call = "[[call]]\nsyscall = \"getppid\"\n";
        for (text, part) in [
            ("", "missing field `call`"),
            ("call = []", "line 1: there is no [[call]]"),
            (
                "[[call]]\nsyscall = \"opennat\"",
                "line 2: no system call \"opennat\" on x86-64; similar names: openat",
            ),
            ("[[call]]\nsyscall = \"vfork\"", "line 2: vfork does not return"),
            (
                "[[call]]\nsyscall = \"read\"\nargs = [\n\"$fd\"]",
                "line 4: no earlier call has the result \"fd\"",
            ),
            ("[[call]]\nsyscall = \"read\"\nargs = [{ size = 3 }]", "an argument is a number"),
            ("[[call]]\nsyscall = \"read\"\nexpect = \"EWHAT\"", "line 3: \"EWHAT\" is not"),
            ("[[call]]\nsyscall = \"read\"\nargs = [1,2,3,4,5,6,7]", "line 2: read has 7 arguments"),
            ("[[call]]\nsyscall = \"read\"\nspeed = 3", "unknown field `speed`"),
            (
                "[[call]]\nsyscall = \"mprotect\"",
                "line 2: this call performs the behaviour mprotect; add behaviour",
            ),
            (
                &format!("behaviour = \"exec\"\n{call}"),
                "line 1: no call of the operation performs the behaviour exec",
            ),
            (
                &format!("behaviour = \"flying\"\n{call}"),
                "line 1: no behaviour \"flying\"; the behaviours are exec",
            ),
            (&format!("events = 3\n{call}"), "line 1: events need a behaviour"),
            (&format!("memory = {{ a = 99999999 }}\n{call}"), "99999999 bytes of memory"),
        ] {
            assert!(error_of(text).contains(part), "{text}: {}", error_of(text));
        }
    }

    #[test]
    fn events_are_as_many_as_there_are_calls_of_the_behaviour() {
        let one = "[[call]]\nsyscall = \"mprotect\"\n";
        let before = "[[before]]\nsyscall = \"pkey_mprotect\"\n";
        let unshare = "[[after]]\nsyscall = \"unshare\"\n";
        let read = |text: String| sequence(&format!("behaviour = \"mprotect\"\n{text}"));
        assert_eq!(read(one.into()).unwrap().events, 1);
        let both = read(format!("{before}{one}{unshare}")).unwrap();
        assert_eq!(both.events, 2);
        assert_eq!(read(format!("events = 7\n{one}")).unwrap().events, 7);
        assert!(read(format!("[[setup]]\nsyscall = \"mprotect\"\n{one}")).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(.*|(\\[\\[call\\]\\]\nsyscall = \"[a-z]{0,6}\"\n){0,3})") {
            let _ = sequence(&text);
        }
    }
}
