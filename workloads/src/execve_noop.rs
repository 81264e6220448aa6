//! `execve-noop`: start a program that does nothing and wait for its end, as
//! the case study of LWN's article on KRSI did (<https://lwn.net/Articles/798157/>).

use std::io;
use std::sync::OnceLock;

use hookbench_model::{Enforcement, Params};

use crate::spawn::Program;
use crate::{Denial, Info, Operation, ParamInfo, Stopwatch, Timed, Values, Workload};

/// See the module.
pub(crate) struct ExecveNoop;

/// Where the image has the no-op: noop.S, without a libc, for a static glibc
/// program makes an mprotect of its own at every start (RELRO).
pub const NOOP: &str = "/noop";

/// Where it is on a machine that is no guest.
static ELSEWHERE: OnceLock<String> = OnceLock::new();

/// From now on the no-op is at `path`. Only the first call tells.
pub fn noop_is_at(path: &str) {
    ELSEWHERE.get_or_init(|| path.into());
}

/// Where the no-op is.
pub fn noop() -> &'static str {
    ELSEWHERE.get().map_or(NOOP, String::as_str)
}

/// The value of the variable that KRSI's case study recorded: with
/// `ld_preload=recorded`, every record has to carry it.
pub const LD_PRELOAD: &str = "/x.so";

static INFO: Info = Info {
    name: "execve-noop",
    behaviour: "exec",
    others: false,
    calls: &[59],
    in_children: true,
    params: &[
        ParamInfo {
            name: "env_pages",
            values: Values::Range(0, 32),
            usual: &["0"],
            about: "pages of environment beside the LD_PRELOAD variable",
        },
        ParamInfo {
            name: "ld_preload",
            values: Values::Words(&["ignored", "recorded"]),
            usual: &["ignored"],
            about: "whether the record carries the value of LD_PRELOAD",
        },
    ],
    // Many, for an execve has many modes: slab, RCU and page allocator take
    // turns, and the median of few samples is that of few turns.
    samples: 500,
    warmup: 20,
    about: "vfork, execve of a static no-op without libc, wait",
};

impl Workload for ExecveNoop {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn prepare(&self, params: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        let pages = params.get("env_pages").and_then(|pages| pages.parse().ok()).unwrap_or(0);
        Ok(Box::new(Execve { program: Program::new(&[noop()], environment(pages))? }))
    }

    fn events(&self, operations: u64) -> u64 {
        operations
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::of_each(enforcement)
    }
}

/// So many variables of exactly one page each, and LD_PRELOAD last: who looks
/// for it has to pass all others.
fn environment(pages: usize) -> Vec<String> {
    let page = |number: usize| {
        let name = format!("PAGE{number:02}=");
        let fill = 4096 - name.len() - 1;
        name + &"x".repeat(fill)
    };
    (0..pages).map(page).chain([format!("LD_PRELOAD={LD_PRELOAD}")]).collect()
}

struct Execve {
    program: Program,
}

impl Operation for Execve {
    fn run_once(&mut self) -> io::Result<Timed> {
        let stopwatch = Stopwatch::start();
        let ended = self.program.run();
        let elapsed = stopwatch.elapsed();
        Ok(Timed { elapsed, refused: ended?.refused() })
    }
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
