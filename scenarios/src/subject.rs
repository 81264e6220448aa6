//! What a policy is about: the calls, the files and the user of a scenario, as its grade knows them. Policies of all
//! mechanisms are made from this, and so are the files that a user takes away.

use crate::policy::{Action, Grade, PolicyName};
use crate::scenario::{Abi, Call, Scenario};
use crate::scene::USER;

/// What a policy is about.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// The scenario.
    pub(crate) scenario: &'static Scenario,
    /// How thorough the policy is.
    pub(crate) grade: Grade,
    /// What the policy does.
    pub(crate) action: Action,
    /// The calls.
    pub(crate) calls: Vec<Call>,
    /// The files: paths, and the accesses in the letters of `auditctl -p`.
    pub(crate) files: Vec<(String, &'static str)>,
    /// The settings of the system: names as the scenario has them, and values; `None` for the value that it has already.
    pub(crate) settings: Vec<(&'static str, Option<&'static str>)>,
    /// The paths of the files that IMA measures.
    pub(crate) measured: Vec<String>,
    /// The device and the inode of the file. Only known in the guest.
    pub(crate) target: Option<(u64, u64)>,
    /// The user that a policy that spares root is about.
    pub(crate) user: u32,
}

impl Subject {
    /// What the policy called `name` is about.
    pub(crate) fn of(scenario: &'static Scenario, name: PolicyName) -> Subject {
        let calls = match name.grade {
            Grade::Textbook => scenario.textbook,
            Grade::Complete => scenario.complete,
        };
        let most = if name.grade == Grade::Textbook { 1 } else { usize::MAX };
        let settings = scenario.settings.iter().take(most);
        Subject {
            scenario,
            grade: name.grade,
            action: name.policy.action,
            calls: calls.to_vec(),
            files: scenario.files.iter().map(|&(path, access)| (path.to_owned(), access)).collect(),
            settings: settings.map(|&(name, value)| (name, Some(value))).collect(),
            measured: scenario
                .measured
                .iter()
                .flat_map(|measured| measured.files)
                .map(ToString::to_string)
                .collect(),
            target: scenario.target(),
            user: USER,
        }
    }

    /// Like this one, but about calls, files and users that do not exist: a policy that attaches and does nothing.
    pub(crate) fn broken(mut self) -> Subject {
        for call in &mut self.calls {
            // Numbers that no call has, and the name of a call that no way makes.
            (call.name, call.number) = match call.abi {
                Abi::Native => ("swapoff", 400),
                Abi::Compat => ("swapoff", 223),
                Abi::Uring => ("nop", 63),
            };
        }
        for path in self.files.iter_mut().map(|(path, _)| path).chain(&mut self.measured) {
            path.push_str(".broken");
        }
        self.settings.iter_mut().for_each(|(_, value)| *value = None);
        self.target = self.target.map(|(device, inode)| (device, inode.wrapping_add(1 << 40)));
        self.user += 1;
        self
    }

    /// Whether the call with this number, of 64-bit callers, is one of the calls.
    pub(crate) fn has_native(&self, number: i64) -> bool {
        self.calls_of(Abi::Native).any(|call| i64::from(call.number) == number)
    }

    /// The calls that a caller of this kind makes.
    pub(crate) fn calls_of(&self, abi: Abi) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(move |call| call.abi == abi)
    }
}
