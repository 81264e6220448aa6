//! A custom command: vfork, execve, wait, as for built-in commands. Its output goes to `/dev/null`, because writing
//! to a console would be timed too. If it ends otherwise than it has to, it runs once more with the console.

use std::ffi::{CStr, c_int};
use std::io;

use hookbench_model::custom_workload::CommandWorkload;
use hookbench_model::{Enforcement, Params, Refusal};

use crate::program::{Ended, Program};
use crate::{Effect, Operation, Operations, Stopwatch, Timed, Way, WayFacts};

/// Its environment.
const ENVIRONMENT: [&str; 2] = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "HOME=/root"];

impl Way for CommandWorkload {
    /// It may execute other programs.
    fn facts(&self) -> WayFacts {
        WayFacts { in_children: true, at_least: true, ..WayFacts::new("cmd") }
    }

    fn prepare(&self, _: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let program = Program::at(&self.program, &words, ENVIRONMENT.map(String::from).to_vec())?;
        std::env::set_current_dir(format!("/{}", super::FOLDER))?;
        redirect_stdio(c"/dev/null")?;
        Ok(Box::new(Running { program, expect: self.expect_exit, shown: false, last: None }))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        match operations.last_passed() {
            true => Effect::ExitCode(self.expect_exit),
            false => Effect::Nothing,
        }
    }
}

/// Makes `path` standard input, output and error.
fn redirect_stdio(path: &CStr) -> io::Result<()> {
    // SAFETY: the path ends in NUL; only this process's own descriptors change.
    unsafe {
        let opened = libc::open(path.as_ptr(), libc::O_RDWR | libc::O_NOCTTY);
        if opened < 0 {
            return Err(io::Error::last_os_error());
        }
        for standard in 0..3 {
            if opened != standard && libc::dup2(opened, standard) < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        if opened > 2 {
            libc::close(opened);
        }
    }
    Ok(())
}

struct Running {
    program: Program,
    expect: c_int,
    shown: bool,
    /// How the last operation ended.
    last: Option<Ended>,
}

impl Running {
    fn refused(&self, ended: Ended) -> Option<Refusal> {
        match ended {
            Ended::Exited(code) => (code != self.expect).then_some(Refusal::Exit(code)),
            other => other.refused(),
        }
    }
}

impl Operation for Running {
    fn run_once(&mut self) -> io::Result<Timed> {
        let stopwatch = Stopwatch::start();
        let ended = self.program.run();
        let elapsed = stopwatch.elapsed();
        let ended = ended?;
        self.last = Some(ended);
        let refused = self.refused(ended);
        if refused.is_some() && !self.shown {
            self.shown = true;
            redirect_stdio(c"/dev/console")?;
            self.program.run()?;
            redirect_stdio(c"/dev/null")?;
        }
        Ok(Timed { elapsed, refused })
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(match self.last {
            Some(Ended::Exited(code)) => Effect::ExitCode(code),
            _ => Effect::Nothing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_to_exit_with_the_expected_code() {
        let words = ["/bin/sh", "-c", "exit 3"];
        let running = |expect| {
            let program = Program::at("/bin/sh", &words, Vec::new()).unwrap();
            Running { program, expect, shown: true, last: None }
        };
        let mut three = running(3);
        assert_eq!(three.effect().unwrap(), Effect::Nothing);
        assert_eq!(three.run_once().unwrap().refused, None);
        assert_eq!(three.effect().unwrap(), Effect::ExitCode(3));
        assert_eq!(running(0).run_once().unwrap().refused, Some(Refusal::Exit(3)));
    }
}
