//! A command of a user's own: vfork, execve, wait, as for our own commands. What it
//! writes goes nowhere, for a console would be timed too; when it ends otherwise than
//! it has to, it is run once more with the console.

use std::ffi::{CStr, c_int};
use std::io;

use hookbench_model::Refusal;
use hookbench_model::custom_workload::CommandWorkload;

use crate::spawn::{Ended, Program};
use crate::{Operation, Stopwatch, Timed};

/// What it finds in its environment.
const ENVIRONMENT: [&str; 2] = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "HOME=/root"];

pub(super) fn prepare(work: &CommandWorkload) -> io::Result<Box<dyn Operation>> {
    let words: Vec<&str> = work.words.iter().map(String::as_str).collect();
    let program = Program::at(&work.program, &words, ENVIRONMENT.map(String::from).to_vec())?;
    std::env::set_current_dir(format!("/{}", super::FOLDER))?;
    stdio(c"/dev/null")?;
    Ok(Box::new(Running { program, expect: work.expect_exit, shown: false }))
}

/// Makes `path` standard input, output and error.
fn stdio(path: &CStr) -> io::Result<()> {
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
        let refused = self.refused(ended?);
        if refused.is_some() && !self.shown {
            self.shown = true;
            stdio(c"/dev/console")?;
            self.program.run()?;
            stdio(c"/dev/null")?;
        }
        Ok(Timed { elapsed, refused })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_is_the_one_that_is_asked_for() {
        let words = ["/bin/sh", "-c", "exit 3"];
        let program = || Program::at("/bin/sh", &words, Vec::new()).unwrap();
        let three = Running { program: program(), expect: 3, shown: true }.run_once().unwrap();
        assert_eq!(three.refused, None);
        let none = Running { program: program(), expect: 0, shown: true }.run_once().unwrap();
        assert_eq!(none.refused, Some(Refusal::Exit(3)));
    }
}
