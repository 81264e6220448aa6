//! The table of claims: who says what, and how hookbench tests it.

use super::evidence::Evidence;
use super::outcome::{Outcome, Standing};
use crate::scenario::Coverage;

use hookbench_scenarios::react::Caller;

/// Something that people say.
pub struct Claim {
    /// What is said, in hookbench's words.
    pub says: &'static str,
    /// Who says it.
    pub source: &'static str,
    /// How hookbench tests it.
    pub test: &'static str,
    /// Tests it.
    pub judge: fn(&Evidence<'_>) -> Outcome,
}

const SINGH: &str = "KP Singh, Linux Security Summit 2019 (LWN 798157)";
const REVEST: &str = "Florent Revest, FOSDEM 2020";
const CLOUDFLARE: &str = "Cloudflare, Live-patching security vulnerabilities with eBPF LSM, 2022";

/// The scenarios in which a behaviour can be caused by several system calls.
const BEHAVIOURS: &[&str] = &["userns", "exec", "execmem", "read-secret", "connect", "self-delete", "mount"];

/// All claims, in the order of the page.
pub const CLAIMS: &[Claim] = &[
    Claim {
        says: "Behaviours can be caused by several system calls, so watching system calls misses some ways; LSM \
               hooks intercept the behaviour.",
        source: SINGH,
        test: "Each way to cause a behaviour, under a policy that watches the system calls which documentation \
               names, and under one that watches the LSM hook of the behaviour.",
        judge: |evidence| compare(evidence, "tracepoint+watch", "bpf-lsm+watch"),
    },
    Claim {
        says: "An LSM hook sees more than system calls can.",
        source: SINGH,
        test: "The same ways under a complete list of system calls (32-bit callers included), and under the LSM \
               hook of the behaviour.",
        judge: |evidence| compare(evidence, "tracepoint+watch[complete]", "bpf-lsm+watch"),
    },
    Claim {
        says: "Arguments of system calls race between check and use.",
        source: SINGH,
        test: "A second process rewrites a path while a call is made, at instants a few instructions apart. A \
               record that names another file than the one that was opened lies.",
        judge: |evidence| {
            evidence.on_each_kernel(|kernel| {
                let (lies, width) = evidence.lies(kernel, "sys-enter", "openat")?;
                let said =
                    width.map_or("never".into(), |width| format!("in a window of {width} instructions"));
                Some((lies > 0, format!("a record made at the entry of openat lies {said}.")))
            })
        },
    },
    Claim {
        says: "LSM hooks do not have this race.",
        source: SINGH,
        test: "The same sweep against a record made at the hook file_open.",
        judge: |evidence| {
            evidence.on_each_kernel(|kernel| {
                let (lies, _) = evidence.lies(kernel, "bpf-lsm", "openat")?;
                Some((lies == 0, format!("{lies} records made at file_open lie.")))
            })
        },
    },
    Claim {
        says: "A BPF program on an LSM hook can allow or deny the operation.",
        source: REVEST,
        test: "Each way that the policy sees when it watches, under the same policy when it denies: its effect \
               must not be there.",
        judge: |evidence| each_seen_way_is_stopped(evidence, "bpf-lsm+watch", "bpf-lsm+deny"),
    },
    Claim {
        says: "Denying an operation is more precise than killing the process that asks for it.",
        source: CLOUDFLARE,
        test: "The ways to load a kernel module, under a policy that denies at the hook and one that sends SIGKILL \
               there.",
        judge: |evidence| {
            evidence.on_each_kernel(|kernel| {
                let deny = evidence.covers(kernel, "module", "bpf-lsm+deny[complete]")?;
                let kill = evidence.covers(kernel, "module", "bpf-lsm+kill[complete]")?;
                let said = format!(
                    "denying stops {} module loads, killing stops {}: the module stays though its loader is dead.",
                    share(&deny),
                    share(&kill)
                );
                Some((deny.good > kill.good, said))
            })
        },
    },
    Claim {
        says: "KRSI needs CAP_SYS_ADMIN.",
        source: SINGH,
        test: "An ordinary user attaches the policy against user namespaces with one set of capabilities after the \
               other.",
        judge: |evidence| needs(evidence, "bpf-lsm+deny", |sets| !sets.contains(&"CAP_BPF+CAP_PERFMON")),
    },
    Claim {
        says: "Landlock and seccomp need no privilege.",
        source: SINGH,
        test: "The same, with a seccomp filter.",
        judge: |evidence| needs(evidence, "seccomp+deny", |sets| sets.contains(&"none")),
    },
    Claim {
        says: "A policy of BPF and LSM is quick to put in place during an attack.",
        source: SINGH,
        test: "From the order to apply a policy against user namespaces until the first refused call, for each \
               mechanism that can refuse it.",
        judge: quick_to_apply,
    },
    Claim {
        says: "Audit reacts more slowly than a unified mechanism, because its records have to be parsed and the \
               mitigation is separate.",
        source: SINGH,
        test: "A program deletes its own file, and then opens a secret again and again. Between them is one BPF \
               object with a map, or audit with a daemon that reads the record and closes the map, kills, or sets \
               a sysctl.",
        judge: audit_reacts_slower,
    },
    Claim {
        says: "A process that deletes its own executable can be seen.",
        source: REVEST,
        test: "Each way to delete the file of a running program, under the policy on LSM hooks.",
        judge: |evidence| all_seen(evidence, "self-delete", "bpf-lsm+watch"),
    },
    Claim {
        says: "A kernel module that loads and hides itself can be seen.",
        source: REVEST,
        test: "A module loads, and then takes itself out of the kernel's lists.",
        judge: |evidence| all_seen(evidence, "hidden-module", "bpf-lsm+watch[complete]"),
    },
    Claim {
        says: "Suspicious environment variables of a program that starts can be recorded.",
        source: SINGH,
        test: "LD_PRELOAD and its relatives, in the first and in the last of 32 pages, in a page that is not \
               resident, and behind other variables.",
        judge: |evidence| all_seen(evidence, "environment", "bpf-lsm+watch"),
    },
    Claim {
        says: "Known vulnerable binaries can be kept from running.",
        source: REVEST,
        test: "Each way to execute a known binary, under a policy that denies at bprm_check_security by the file's \
               inode.",
        judge: |evidence| all_seen(evidence, "exec", "bpf-lsm+deny"),
    },
    Claim {
        says: "Binaries can be stopped from loading a vulnerable library.",
        source: SINGH,
        test: "Each way to run the code of a library, under a policy that denies mapping the file executable.",
        judge: |evidence| all_seen(evidence, "library", "bpf-lsm+deny"),
    },
    Claim {
        says: "Kernel modules can be limited to a dynamic list.",
        source: REVEST,
        test: "Each way to load a module that is not on the list; a module on the list must load.",
        judge: |evidence| all_seen(evidence, "module", "bpf-lsm+deny"),
    },
    Claim {
        says: "USB drives can be kept from being mounted after start-up.",
        source: SINGH,
        test: "Each way to reach the files of a removable drive, under a policy that denies it.",
        judge: |evidence| all_seen(evidence, "mount", "bpf-lsm+deny[complete]"),
    },
    Claim {
        says: "Unprivileged user namespaces can be denied by a BPF program.",
        source: CLOUDFLARE,
        test: "Each way to get into a new user namespace, under a policy that denies at userns_create.",
        judge: |evidence| all_seen(evidence, "userns", "bpf-lsm+deny"),
    },
];

/// `9 of 11 ways`.
fn share(coverage: &Coverage<'_>) -> String {
    format!("{} of {}", coverage.good, coverage.works)
}

/// Whether the second policy sees more ways than the first in each scenario.
fn compare(evidence: &Evidence<'_>, first: &str, second: &str) -> Outcome {
    let mut cells = Vec::new();
    let told = |kernel: &str, scenario: &str| {
        let (one, other) =
            (evidence.covers(kernel, scenario, first)?, evidence.covers(kernel, scenario, second)?);
        let said = format!("`{scenario}`: {first} {}, {second} {}", share(&one), share(&other));
        Some((other.good > one.good, said))
    };
    for kernel in evidence.kernels() {
        for scenario in BEHAVIOURS {
            cells.extend([first, second].map(|policy| format!("{kernel}/{scenario}/{policy}")));
        }
    }
    let outcome = evidence.on_each_kernel(|kernel| {
        let each: Vec<(bool, String)> = BEHAVIOURS.iter().filter_map(|one| told(kernel, one)).collect();
        let more = each.iter().filter(|(more, _)| *more).count();
        let said: Vec<&str> = each.iter().map(|(_, said)| &**said).collect();
        (!each.is_empty()).then(|| (more == each.len(), format!("{}.", said.join("; "))))
    });
    let any = evidence
        .kernels()
        .iter()
        .any(|kernel| BEHAVIOURS.iter().filter_map(|one| told(kernel, one)).any(|(more, _)| more));
    let standing = match (outcome.standing, any) {
        (Standing::Disagrees, true) => Standing::InPart,
        (standing, _) => standing,
    };
    Outcome { standing, cells, ..outcome }
}

/// Whether each way that the first policy sees is stopped by the second.
fn each_seen_way_is_stopped(evidence: &Evidence<'_>, watches: &str, stops: &str) -> Outcome {
    evidence.on_each_kernel(|kernel| {
        let mut passed = Vec::new();
        let mut any = false;
        for scenario in BEHAVIOURS {
            let (Some(seen), Some(stopped)) =
                (evidence.covers(kernel, scenario, watches), evidence.covers(kernel, scenario, stops))
            else {
                continue;
            };
            any = true;
            let through = stopped.missed.iter().filter(|way| !seen.missed.contains(way));
            passed.extend(through.map(|way| format!("`{scenario}/{way}`")));
        }
        let said = match passed.is_empty() {
            true => "each way that the hook sees is stopped when it denies.".into(),
            false => format!("the hook sees {} and does not stop them.", passed.join(", ")),
        };
        any.then_some((passed.is_empty(), said))
    })
}

/// Whether a policy sees or stops all ways of a scenario, and which it does not.
fn all_seen(evidence: &Evidence<'_>, scenario: &str, policy: &str) -> Outcome {
    let outcome = evidence.on_each_kernel(|kernel| {
        let coverage = evidence.covers(kernel, scenario, policy)?;
        let names: Vec<String> = coverage.missed.iter().map(|way| format!("`{way}`")).collect();
        let missed = if names.is_empty() { String::new() } else { format!(" Not: {}.", names.join(", ")) };
        Some((names.is_empty(), format!("{policy} has {} ways.{missed}", share(&coverage))))
    });
    let some = |kernel: &&str| evidence.covers(kernel, scenario, policy).is_some_and(|all| all.good > 0);
    let standing = match outcome.standing {
        Standing::Disagrees if evidence.kernels().iter().any(some) => Standing::InPart,
        standing => standing,
    };
    let cells = evidence.kernels().iter().map(|kernel| format!("{kernel}/{scenario}/{policy}")).collect();
    Outcome { standing, cells, ..outcome }
}

/// Which sets of capabilities are enough for a policy.
fn needs(evidence: &Evidence<'_>, policy: &str, holds: impl Fn(&[&str]) -> bool) -> Outcome {
    let of = |kernel: &str| {
        let results = &evidence.experiments.privileges;
        results.iter().find(|result| result.kernel == kernel && result.policy == policy)?.found.as_ref()
    };
    evidence.on_each_kernel(|kernel| {
        let enough: Vec<&str> =
            of(kernel)?.iter().filter(|one| one.attached).map(|one| &*one.capabilities).collect();
        Some((holds(&enough), format!("{policy} was attached with: {}.", enough.join(", "))))
    })
}

/// Whether each chain with audit refuses later than the one inside the kernel, whether the caller rests or not.
fn audit_reacts_slower(evidence: &Evidence<'_>) -> Outcome {
    evidence.on_each_kernel(|kernel| {
        let (mut said, mut is_slower) = (Vec::new(), true);
        for caller in [Caller::Busy, Caller::Rested, Caller::Resting] {
            let reactions = evidence.reactions(kernel, caller);
            let time = |refused: Option<u64>| refused.unwrap_or(u64::MAX);
            let unified = time(reactions.iter().find(|(chain, _)| *chain == "bpf-map")?.1.refused);
            let mut audit = reactions.iter().filter(|(chain, _)| chain.starts_with("audit-")).peekable();
            audit.peek()?;
            is_slower &= audit.all(|(_, summary)| time(summary.refused) > unified);
            // The unified mechanism, the same with a daemon, and audit.
            let is_told =
                |chain: &str| chain.starts_with("audit-") || chain == "bpf-map" || chain == "bpf-ringbuf";
            let told = reactions.iter().filter(|(chain, _)| is_told(chain));
            let each = told.map(|(chain, summary)| match summary.refused {
                Some(refused) => format!("{chain} {refused} ({} passed)", summary.passed),
                None => format!("{chain} never"),
            });
            let each: Vec<String> = each.collect();
            said.push(format!("a {caller} caller is refused after {}", each.join(", ")));
        }
        Some((is_slower, format!("instructions from the signal: {}.", said.join("; "))))
    })
}

/// How the time to apply a BPF LSM policy compares with that of the others.
fn quick_to_apply(evidence: &Evidence<'_>) -> Outcome {
    evidence.on_each_kernel(|kernel| {
        let results = evidence.experiments.mitigations.iter().filter(|result| result.kernel == kernel);
        let mut times: Vec<(u64, &str)> = results
            .filter(|result| !result.policy.ends_with(']'))
            .filter_map(|result| Some((result.found.as_ref()?.refused?, &*result.policy)))
            .collect();
        times.sort_unstable();
        let bpf = times.iter().find(|(_, policy)| *policy == "bpf-lsm+deny")?.0;
        let said: Vec<String> = times.iter().map(|(time, policy)| format!("{policy} {time}")).collect();
        let others = times.iter().filter(|(_, policy)| !policy.starts_with("bpf-lsm"));
        let is_quickest = others.clone().all(|(time, _)| *time > bpf);
        (others.count() > 0).then(|| {
            (
                is_quickest,
                format!("nanoseconds of the guest's clock until the first refusal: {}.", said.join(", ")),
            )
        })
    })
}
