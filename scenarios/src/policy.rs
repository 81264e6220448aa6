//! Policies: by which mechanism a scenario is watched or stopped, and how thoroughly. What a policy says is in its
//! files, `probes/policies/SCENARIO/…`; how it is attached is in `guest/policies`.

use std::fmt;
use std::str::FromStr;

use crate::modules;
use crate::scenario::Need;

/// A row of the table of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The mechanism: `bpf-lsm`.
    pub mechanism: &'static str,
    /// What it does about a way that it sees.
    pub action: Action,
    /// The grades that there are.
    pub grades: &'static [Grade],
    /// The monitor of hookbench whose requirements and boot line it has.
    pub boots_as: &'static str,
    /// One line for a reader.
    pub about: &'static str,
}

/// What a policy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing: it writes a record.
    Watch,
    /// The kernel refuses the operation.
    Deny,
    /// The caller is killed.
    Kill,
}

/// How thorough a policy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// What documentation names: the usual system calls, or the one LSM hook of the behaviour.
    Textbook,
    /// Every call that can do it, 32-bit callers and io_uring included; or all related LSM hooks.
    Complete,
}

const BOTH: &[Grade] = &[Grade::Textbook, Grade::Complete];

/// All policies, in the order of reports. `none` comes first: it says which ways work at all.
pub const POLICIES: &[Policy] = &[
    Policy {
        mechanism: "none",
        action: Action::Watch,
        grades: &[Grade::Textbook],
        boots_as: "none",
        about: "nothing watches",
    },
    Policy {
        mechanism: "tracepoint",
        action: Action::Watch,
        grades: BOTH,
        boots_as: "raw-tracepoint+ringbuf",
        about: "a BPF program at the entry of system calls writes a record, by number",
    },
    Policy {
        mechanism: "bpf-lsm",
        action: Action::Watch,
        grades: BOTH,
        boots_as: "bpf-lsm+ringbuf",
        about: "BPF programs on LSM hooks write a record",
    },
    Policy {
        mechanism: "bpf-lsm",
        action: Action::Deny,
        grades: BOTH,
        boots_as: "bpf-lsm+ringbuf",
        about: "BPF programs on LSM hooks refuse",
    },
    Policy {
        mechanism: "bpf-lsm",
        action: Action::Kill,
        grades: BOTH,
        boots_as: "bpf-lsm+ringbuf",
        about: "BPF programs on LSM hooks kill the caller with bpf_send_signal",
    },
    Policy {
        mechanism: "tracepoint",
        action: Action::Kill,
        grades: BOTH,
        boots_as: "raw-tracepoint+ringbuf",
        about: "a BPF program at the entry of system calls kills the caller",
    },
    Policy {
        mechanism: "audit",
        action: Action::Watch,
        grades: BOTH,
        boots_as: "audit+reader",
        about: "audit rules, whose records a daemon reads",
    },
    Policy {
        mechanism: "audit",
        action: Action::Kill,
        grades: BOTH,
        boots_as: "audit+reader",
        about: "audit rules, and a daemon that kills the process that a record names",
    },
    Policy {
        mechanism: "kprobe",
        action: Action::Watch,
        grades: BOTH,
        boots_as: "ftrace+kprobe-event",
        about: "kprobe events of tracefs at the functions of system calls, without BPF",
    },
    Policy {
        mechanism: "fentry",
        action: Action::Watch,
        grades: BOTH,
        boots_as: "fentry+ringbuf",
        about: "the BPF programs of bpf-lsm write a record where the kernel calls the hooks (security_*)",
    },
    Policy {
        mechanism: "fmod-ret",
        action: Action::Deny,
        grades: BOTH,
        boots_as: "fentry+ringbuf",
        about: "the BPF programs of bpf-lsm refuse where the kernel calls the hooks (security_*)",
    },
    Policy {
        mechanism: "seccomp",
        action: Action::Deny,
        grades: BOTH,
        boots_as: "seccomp+errno",
        about: "a seccomp filter that the process puts on itself refuses calls",
    },
    Policy {
        mechanism: "landlock",
        action: Action::Deny,
        grades: &[Grade::Textbook],
        boots_as: "landlock+fs",
        about: "a Landlock sandbox that the process puts itself into",
    },
    Policy {
        mechanism: "apparmor",
        action: Action::Deny,
        grades: BOTH,
        boots_as: "apparmor+idle",
        about: "an AppArmor profile that the process changes into",
    },
    Policy {
        mechanism: "selinux",
        action: Action::Deny,
        grades: BOTH,
        boots_as: "selinux+idle",
        about: "an SELinux module that refuses something to the domain that the process moves to",
    },
    Policy {
        mechanism: "fanotify",
        action: Action::Deny,
        grades: BOTH,
        boots_as: "fanotify+perm",
        about: "a process that the kernel asks about a file refuses",
    },
    Policy {
        mechanism: "ima",
        action: Action::Watch,
        grades: BOTH,
        boots_as: "none",
        about: "the kernel's integrity measurement (IMA) lists the hash of a file before its first use",
    },
    Policy {
        mechanism: "ima",
        action: Action::Deny,
        grades: BOTH,
        boots_as: "none",
        about: "IMA refuses a file that has no label with its hash",
    },
    Policy {
        mechanism: "livepatch",
        action: Action::Deny,
        grades: &[Grade::Textbook],
        boots_as: "none",
        about: "a replacement of a kernel function (livepatch) refuses",
    },
    Policy {
        mechanism: "sysctl",
        action: Action::Deny,
        grades: BOTH,
        boots_as: "none",
        about: "a setting of the whole system",
    },
];

/// The name of a policy in a grade: `bpf-lsm+deny`, `audit+watch[complete]`. `none` is a name too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyName {
    /// The row.
    pub policy: &'static Policy,
    /// Its grade.
    pub grade: Grade,
}

impl PolicyName {
    /// All of them, in the order of reports.
    pub fn all() -> impl Iterator<Item = PolicyName> {
        POLICIES
            .iter()
            .flat_map(|policy| policy.grades.iter().map(move |&grade| PolicyName { policy, grade }))
    }

    /// Whether nothing watches.
    pub fn is_none(self) -> bool {
        self.policy.mechanism == "none"
    }
}

/// The mechanisms that refuse or confine without a record of it.
const WITHOUT_RECORDS: &[&str] = &["none", "seccomp", "landlock", "livepatch", "sysctl"];

impl Policy {
    /// Whether it keeps records of what it sees.
    pub fn keeps_records(&self) -> bool {
        !WITHOUT_RECORDS.contains(&self.mechanism) && (self.mechanism, self.action) != ("ima", Action::Deny)
    }

    /// What its guests need.
    pub fn needs(&self) -> &'static [Need] {
        match self.mechanism {
            "livepatch" => &[Need::BuiltModule(modules::REFUSE)],
            _ => &[],
        }
    }

    /// Words that its guests' boot line has at the end. The kernel takes the last of several lists of security modules.
    pub fn words(&self) -> &'static [&'static str] {
        match self.mechanism {
            // IMA of 6.1 needs the module `integrity`, which the lean boot line leaves out. Newer kernels ignore the name.
            "ima" => &["lsm=integrity,lockdown,bpf"],
            _ => &[],
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::Watch => "watch",
            Action::Deny => "deny",
            Action::Kill => "kill",
        })
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Policy { mechanism, action, .. } = self.policy;
        match self.grade {
            _ if self.is_none() => f.write_str(mechanism),
            Grade::Textbook => write!(f, "{mechanism}+{action}"),
            Grade::Complete => write!(f, "{mechanism}+{action}[complete]"),
        }
    }
}

/// There is no such policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoPolicy(String);

impl fmt::Display for NoPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = PolicyName::all().map(|name| name.to_string()).collect();
        write!(f, "there is no policy {:?}; the policies are {}", self.0, names.join(", "))
    }
}

impl std::error::Error for NoPolicy {}

impl FromStr for PolicyName {
    type Err = NoPolicy;

    fn from_str(text: &str) -> Result<PolicyName, NoPolicy> {
        PolicyName::all().find(|name| name.to_string() == text).ok_or_else(|| NoPolicy(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for name in PolicyName::all() {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        assert!("bpf-lsm".parse::<PolicyName>().unwrap_err().to_string().contains("bpf-lsm+deny[complete]"));
    }
}
