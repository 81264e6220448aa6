//! `execve-noop`: starts a program that does nothing and waits for its end, as the case study of LWN's article on
//! KRSI did (<https://lwn.net/Articles/798157/>).

use std::io;
use std::sync::OnceLock;

use hookbench_model::param::{ParamInfo, Values};
use hookbench_model::{Enforcement, Params};

use crate::program::{Program, ProgramRuns};
use crate::{Denial, Effect, Info, Operation, Operations, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct ExecveNoop;

/// The path of the no-op in the guest's image. It is `arch/*/noop.S`, without a libc: a static glibc program
/// itself calls mprotect at every start (RELRO).
pub const NOOP: &str = "/noop";

/// The path on a machine that is not a guest.
static ELSEWHERE: OnceLock<String> = OnceLock::new();

/// Sets the path of the no-op. Only the first call counts.
pub fn set_noop_path(path: &str) {
    ELSEWHERE.get_or_init(|| path.into());
}

/// The path of the no-op.
pub fn noop_path() -> &'static str {
    ELSEWHERE.get().map_or(NOOP, String::as_str)
}

/// The value of the variable that KRSI's case study recorded. With `ld_preload=recorded`, every record has to
/// carry it.
pub const LD_PRELOAD: &str = "/x.so";

static INFO: Info = Info {
    name: "execve-noop",
    behaviour: "exec",
    params: &[
        ParamInfo {
            name: "env_pages",
            values: Values::Range(0, 32),
            usual: &["0"],
            about: "pages of environment in addition to LD_PRELOAD",
        },
        ParamInfo {
            name: "ld_preload",
            values: Values::Words(&["ignored", "recorded"]),
            usual: &["ignored"],
            about: "whether the record carries the value of LD_PRELOAD",
        },
    ],
    // Many: slab, RCU and page allocator take turns, so an execve has many costs, and few samples show few of
    // them.
    samples: 500,
    warmup: 20,
    about: "vfork, execve of a static no-op without libc, wait",
};

impl Workload for ExecveNoop {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Execve]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::of_every_operation(enforcement)
    }
}

struct Execve;

impl Way for Execve {
    fn facts(&self) -> WayFacts {
        WayFacts { calls: &[libc::SYS_execve as u32], in_children: true, ..WayFacts::new("execve") }
    }

    fn prepare(&self, params: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        let pages = params.get("env_pages").and_then(|pages| pages.parse().ok()).unwrap_or(0);
        Ok(Box::new(ProgramRuns::new(Program::new(&[noop_path()], environment(pages))?)))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Exited(operations.passed)
    }
}

/// So many variables of exactly one page each, and LD_PRELOAD last: a monitor that looks for it has to pass all
/// others.
fn environment(pages: usize) -> Vec<String> {
    let page = |number: usize| {
        let name = format!("PAGE{number:02}=");
        let fill = 4096 - name.len() - 1;
        name + &"x".repeat(fill)
    };
    (0..pages).map(page).chain([format!("LD_PRELOAD={LD_PRELOAD}")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_environment_is_a_page() {
        let environment = environment(32);
        assert_eq!(environment.len(), 33);
        assert!(environment[..32].iter().all(|variable| variable.len() + 1 == 4096));
        assert_eq!(environment[32], "LD_PRELOAD=/x.so");
    }
}
