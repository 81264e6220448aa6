//! QEMU's machine protocol (QMP), as far as snapshots and KVM need it. hookbench
//! writes commands to QEMU's standard input and reads answers and events from
//! its standard output, one JSON object per line.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::ending::Error;

/// A connection to QEMU's monitor.
pub(super) struct Qmp {
    commands: ChildStdin,
    lines: Receiver<Value>,
}

/// Why no line came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoLine {
    /// QEMU wrote none in that time.
    Timeout,
    /// QEMU has ended.
    Closed,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum QmpError {
    /// QEMU does not read commands.
    #[error("QEMU did not accept {command}: {error}")]
    NotSent {
        /// The command's name.
        command: String,
        /// The error of the write.
        error: io::Error,
    },
    /// No answer came in time, or QEMU has ended.
    #[error("QEMU did not answer {command}")]
    NoAnswer {
        /// The command's name.
        command: String,
    },
    /// QEMU answered with an error.
    #[error("QEMU refused {command}: {reason}")]
    Refused {
        /// The command's name.
        command: String,
        /// QEMU's description of the error.
        reason: String,
    },
}

impl From<QmpError> for Error {
    fn from(error: QmpError) -> Error {
        Error::qemu(error)
    }
}

impl Qmp {
    /// Begins to read `answers` in a thread, which ends with QEMU.
    pub(super) fn new(commands: ChildStdin, answers: ChildStdout) -> Qmp {
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(answers).lines().map_while(Result::ok) {
                let Ok(value) = serde_json::from_str(&line) else { continue };
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        Qmp { commands, lines }
    }

    /// Returns the next line. Waits for it no longer than `timeout`.
    pub(super) fn next_line(&self, timeout: Duration) -> Result<Value, NoLine> {
        self.lines.recv_timeout(timeout).map_err(|error| match error {
            RecvTimeoutError::Timeout => NoLine::Timeout,
            RecvTimeoutError::Disconnected => NoLine::Closed,
        })
    }

    /// Sends the command `name` and returns its result. Waits for each line no
    /// longer than `timeout`.
    pub(super) fn command(
        &mut self,
        name: &str,
        arguments: &Value,
        timeout: Duration,
    ) -> Result<Value, QmpError> {
        let command = || name.to_owned();
        writeln!(self.commands, "{}", json!({"execute": name, "arguments": arguments}))
            .map_err(|error| QmpError::NotSent { command: command(), error })?;
        loop {
            let mut line = self.next_line(timeout).map_err(|_| QmpError::NoAnswer { command: command() })?;
            if let Some(returned) = line.get_mut("return") {
                return Ok(returned.take());
            }
            if let Some(error) = line.get("error") {
                let reason = error["desc"].as_str().unwrap_or("no reason").to_owned();
                return Err(QmpError::Refused { command: command(), reason });
            }
        }
    }
}

/// The arguments that keep memory that is a file out of a device state, both when
/// QEMU writes one and when it reads one.
pub(super) fn ignore_shared() -> Value {
    json!({"capabilities": [{"capability": "x-ignore-shared", "state": true}]})
}

/// Returns the commands, as text, that make a QEMU started with `-incoming defer`
/// resume from the device state in its open file `descriptor`.
pub(super) fn resume_commands(descriptor: i32) -> String {
    let uri = format!("fd:{descriptor}");
    [
        json!({"execute": "qmp_capabilities"}),
        json!({"execute": "migrate-set-capabilities", "arguments": ignore_shared()}),
        json!({"execute": "migrate-incoming", "arguments": {"uri": uri}}),
    ]
    .iter()
    .map(|command| format!("{command}\n"))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command, Stdio};

    fn talk(script: &str) -> (Child, Qmp) {
        let mut command = Command::new("sh");
        let mut child =
            command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let qmp = Qmp::new(child.stdin.take().unwrap(), child.stdout.take().unwrap());
        (child, qmp)
    }

    #[test]
    fn events_and_noise_are_not_answers() {
        let (mut child, mut qmp) = talk(
            r#"read x; echo 'noise'; echo '{"event": "STOP"}'; echo '{"return": {"status": "ok"}}'; read x"#,
        );
        let returned = qmp.command("query-status", &json!({}), Duration::from_secs(60)).unwrap();
        assert_eq!(returned["status"], "ok");
        drop(qmp);
        child.wait().unwrap();
    }

    #[test]
    fn a_refusal_and_the_end_are_reported() {
        let (mut child, mut qmp) = talk(r#"read x; echo '{"error": {"desc": "not now"}}'; read x"#);
        let error = qmp.command("stop", &json!({}), Duration::from_secs(60)).unwrap_err().to_string();
        assert_eq!(error, "QEMU refused stop: not now");
        child.kill().unwrap();
        assert_eq!(qmp.next_line(Duration::from_secs(60)), Err(NoLine::Closed));
        child.wait().unwrap();
    }
}
