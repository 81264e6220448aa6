//! Secondary clocks: what else than the time-stamp counter measures the same operations. They are the kernel's
//! trace of system calls and the events of perf. A guest with the exact clock has none of them.

use hookbench_model::Clock;
use hookbench_model::protocol::CLOCKS_WORD;

pub(crate) mod secondary;
mod slots;
pub(crate) mod timekeeper;

/// The clocks that the kernel's command line names; `None` in a guest with the exact clock.
pub(crate) fn named_in(cmdline: &str) -> Option<Vec<Clock>> {
    let clocks = cmdline.split_ascii_whitespace().find_map(|word| word.strip_prefix(CLOCKS_WORD))?;
    Some(clocks.split(',').filter_map(|clock| clock.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_read_from_their_word_of_the_command_line_only() {
        let line = "quiet hookbench.clocks=tsc,perf,ftrace lsm=bpf";
        assert_eq!(named_in(line), Some(vec![Clock::Tsc, Clock::Perf, Clock::Ftrace]));
        assert_eq!(named_in("quiet tsc=reliable"), None);
    }
}
