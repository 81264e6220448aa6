//! QEMU's machine protocol, as far as making a snapshot and starting from one
//! need it: commands go to the process's standard input, answers and events
//! come from its standard output, one JSON object a line.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// A connection to a QEMU.
pub(crate) struct Qmp {
    commands: ChildStdin,
    lines: Receiver<Value>,
}

/// What ends a wait for a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Nothing was said in that time.
    Yet,
    /// Nothing will be: QEMU has ended.
    Ever,
}

impl Qmp {
    /// Starts to listen. The thread that does ends with QEMU.
    pub(crate) fn new(commands: ChildStdin, answers: ChildStdout) -> Qmp {
        let (tell, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(answers).lines().map_while(Result::ok) {
                let Ok(value) = serde_json::from_str(&line) else { continue };
                if tell.send(value).is_err() {
                    return;
                }
            }
        });
        Qmp { commands, lines }
    }

    /// The next line, waited for at most so long.
    pub(crate) fn line(&self, longest: Duration) -> Result<Value, Silence> {
        self.lines.recv_timeout(longest).map_err(|error| match error {
            RecvTimeoutError::Timeout => Silence::Yet,
            RecvTimeoutError::Disconnected => Silence::Ever,
        })
    }

    /// Sends a command and waits at most so long for what it returns.
    pub(crate) fn command(
        &mut self,
        name: &str,
        arguments: &Value,
        longest: Duration,
    ) -> Result<Value, String> {
        writeln!(self.commands, "{}", json!({"execute": name, "arguments": arguments}))
            .map_err(|error| format!("QEMU does not listen to {name}: {error}"))?;
        loop {
            let mut line = self.line(longest).map_err(|_| format!("QEMU did not answer {name}"))?;
            if let Some(returned) = line.get_mut("return") {
                return Ok(returned.take());
            }
            if let Some(error) = line.get("error") {
                return Err(format!(
                    "QEMU refused {name}: {}",
                    error["desc"].as_str().unwrap_or("no reason")
                ));
            }
        }
    }
}

/// Memory that is a file is not written to a snapshot, nor read from it.
pub(crate) fn ignore_shared() -> Value {
    json!({"capabilities": [{"capability": "x-ignore-shared", "state": true}]})
}

/// The commands that make a QEMU started with `-incoming defer` run on from the
/// device state in its open file `descriptor`, as they are written to it.
pub(crate) fn resume_from(descriptor: i32) -> String {
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
    fn events_and_noise_are_no_answers() {
        let (mut child, mut qmp) = talk(
            r#"read x; echo 'noise'; echo '{"event": "STOP"}'; echo '{"return": {"status": "ok"}}'; read x"#,
        );
        let returned = qmp.command("query-status", &json!({}), Duration::from_secs(60)).unwrap();
        assert_eq!(returned["status"], "ok");
        drop(qmp);
        child.wait().unwrap();
    }

    #[test]
    fn a_refusal_and_an_end_are_said() {
        let (mut child, mut qmp) = talk(r#"read x; echo '{"error": {"desc": "not now"}}'; read x"#);
        let error = qmp.command("stop", &json!({}), Duration::from_secs(60)).unwrap_err();
        assert_eq!(error, "QEMU refused stop: not now");
        child.kill().unwrap();
        assert_eq!(qmp.line(Duration::from_secs(60)), Err(Silence::Ever));
        child.wait().unwrap();
    }
}
