//! The end of a command: SIGINT, as Ctrl-C sends it. What does not end by it gets SIGTERM, as
//! daemons do, and at last SIGKILL. The numbers of the cell are there by then, and stay.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::processes::{self, descendants, send};
use super::terminal::Terminal;

/// A signal, its name, and how long the command may take to end by it, in the guest's time.
type Step = (libc::c_int, &'static str, Duration);

const STEPS: [Step; 3] = [
    (libc::SIGINT, "SIGINT", Duration::from_secs(5)),
    (libc::SIGTERM, "SIGTERM", Duration::from_secs(3)),
    (libc::SIGKILL, "SIGKILL", Duration::from_secs(1)),
];

/// Between two looks at the command.
const LOOK: Duration = Duration::from_millis(20);

/// Ends the command `name` and all processes that it started. Returns a note if it did not end
/// as by Ctrl-C.
///
/// # Errors
/// When a signal cannot be sent.
pub(super) fn end(terminal: &Terminal, name: &str) -> Result<Option<String>> {
    let mut waited = Duration::ZERO;
    for (signal, signal_name, patience) in STEPS {
        if terminal.all_ended() {
            return Ok(None);
        }
        // What is left after the first process are processes that it started.
        let who = match terminal.status() {
            Some(_) if signal != libc::SIGINT => format!("what {name} had started"),
            _ => name.to_string(),
        };
        let begin = Instant::now();
        send_to_all(terminal, signal).with_context(|| format!("failed to send {signal_name} to {name}"))?;
        while !terminal.all_ended() && begin.elapsed() < patience {
            std::thread::sleep(LOOK);
        }
        if terminal.all_ended() {
            let late = signal != libc::SIGINT;
            return Ok(
                late.then(|| format!("{who} ended by {signal_name}, {} s after SIGINT", waited.as_secs()))
            );
        }
        waited += patience;
    }
    Ok(Some(format!("{name} has not ended, not even by SIGKILL, {} s after SIGINT", waited.as_secs())))
}

/// Sends `signal` to the command's process group, and to the processes that left the group.
fn send_to_all(terminal: &Terminal, signal: libc::c_int) -> Result<()> {
    let group = terminal.first();
    send(-group, signal)?;
    // Looking comes second: some commands report whatever looks.
    for process in descendants(&processes::all()?, terminal.pid()) {
        if process.group != group {
            send(process.pid, signal)?;
        }
    }
    Ok(())
}
