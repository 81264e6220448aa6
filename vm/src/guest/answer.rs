//! Reads what a guest sent: its messages and the end of its console. These are
//! pure functions of bytes from an untrusted guest.

use hookbench_model::protocol::AgentMessage;
use hookbench_results::samples::MOST;

use super::ending::{Answer, Error};

/// How many of the console's last lines hookbench keeps.
const CONSOLE_LINES: usize = 20;

/// The longest line, in bytes, that hookbench keeps of a guest's output.
const LONGEST_LINE: usize = 200;

/// How much of a wrong message an error quotes, in bytes.
const QUOTED: usize = 60;

/// Reads the bytes that a guest sent: messages, one per line. The last message
/// ends the cell.
///
/// # Errors
/// [`Error::Protocol`] when a line is not a message or a second answer follows,
/// [`Error::Panic`] or [`Error::Ended`] when there is no answer.
pub fn understand(sent: &[u8], console: Vec<String>) -> Result<Answer, Error> {
    let Messages { ready, symbols, last } = match messages(sent) {
        Ok(messages) => messages,
        Err(what) => return Err(Error::Protocol { what, console }),
    };
    match last {
        Some(last) => Ok(Answer { ready, symbols, last, console }),
        None => match console.iter().find(|line| line.contains("Kernel panic")) {
            Some(line) => Err(Error::Panic { reason: line.clone(), console }),
            None => Err(Error::Ended { console }),
        },
    }
}

#[derive(Default)]
struct Messages {
    ready: Option<AgentMessage>,
    symbols: Option<String>,
    last: Option<AgentMessage>,
}

/// Returns the messages in `sent`, or what is wrong with them, as the object of
/// "the guest sent". The agent first says that it is ready; an agent that cannot
/// start reports that without being ready.
fn messages(sent: &[u8]) -> Result<Messages, String> {
    let mut messages = Messages::default();
    for line in sent.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let message = serde_json::from_slice(line).map_err(|error| describe_wrong_line(line, &error))?;
        match (message, &messages) {
            (_, Messages { last: Some(_), .. }) => return Err("more after its answer".into()),
            (AgentMessage::Ready { .. }, Messages { ready: Some(_), .. }) => {
                return Err("two messages that its agent is ready".into());
            }
            // The store could not read a longer list again.
            (AgentMessage::Measured(measured), _) if measured.samples.len() > MOST => {
                return Err(format!("{} samples; a cell has at most {MOST}", measured.samples.len()));
            }
            (AgentMessage::Symbols(_), Messages { symbols: Some(_), .. }) => {
                return Err("the functions of its kernel twice".into());
            }
            (AgentMessage::Symbols(all), _) => messages.symbols = Some(all),
            (ready @ AgentMessage::Ready { .. }, _) => messages.ready = Some(ready),
            (
                AgentMessage::Measured(_) | AgentMessage::Unsupported(_) | AgentMessage::Answered(_),
                Messages { ready: None, .. },
            ) => {
                return Err("an answer before the message that its agent is ready".into());
            }
            (last, _) => messages.last = Some(last),
        }
    }
    Ok(messages)
}

fn describe_wrong_line(line: &[u8], error: &serde_json::Error) -> String {
    let begin = String::from_utf8_lossy(&line[..line.len().min(QUOTED)]).escape_debug().to_string();
    // The text of the error may quote the line, which can be of any length.
    let text = printable(&error.to_string());
    let what = if error.is_eof() { "a message without its end" } else { "a line that is not a message" };
    format!("{what} ({text}): {begin}")
}

/// Returns the last lines of the console, printable and bounded. The first line
/// of a panic is kept even if its trace is longer.
pub fn last_lines(console: &[u8]) -> Vec<String> {
    let lines = console
        .split(|&byte| byte == b'\n')
        .map(|line| printable(String::from_utf8_lossy(&line[..line.len().min(LONGEST_LINE)]).trim_end()));
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    let begin = lines.len().saturating_sub(CONSOLE_LINES);
    let panic = lines[..begin].iter().rfind(|line| line.contains("Kernel panic")).cloned();
    panic.into_iter().chain(lines[begin..].iter().cloned()).collect()
}

/// Returns `text` as one bounded line without control characters.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_LINE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::Measured;
    use proptest::prelude::*;

    const READY: &str = r#"{"ready":{"release":"6.1","version":"","cmdline":""}}"#;

    #[test]
    fn the_last_message_is_the_answer() {
        let sent = format!("{READY}\n{{\"unsupported\":\"no BTF\"}}\n");
        let answer = understand(sent.as_bytes(), Vec::new()).unwrap();
        assert!(answer.ready.is_some());
        assert_eq!(answer.last, AgentMessage::Unsupported("no BTF".into()));
    }

    #[test]
    fn a_panic_on_the_console_without_an_answer_is_a_panic() {
        let console = b"[    1.0] hello\n[    2.0] Kernel panic - not syncing: sysrq\n[    2.1] trace\n";
        let error = understand(READY.as_bytes(), last_lines(console)).unwrap_err();
        assert!(matches!(&error, Error::Panic { reason, .. } if reason.ends_with("sysrq")), "{error}");
        assert!(matches!(understand(b"", Vec::new()), Err(Error::Ended { .. })));
    }

    #[test]
    fn a_second_answer_and_garbage_are_refused() {
        let (answer, cut) = (r#"{"unsupported":"a"}"#, r#"{"unsupported":"#);
        for (sent, what) in [
            (format!("{READY}\n{answer}\n{answer}\n"), "more after its answer"),
            (format!("{READY}\n{answer}\n{READY}\n"), "more after its answer"),
            (format!("{READY}\n{READY}\n{answer}\n"), "two messages that its agent is ready"),
            (format!("{answer}\n"), "an answer before"),
            (format!("{answer}\n{READY}\n"), "an answer before"),
            (format!("{READY}\n{cut}"), "a message without its end"),
            ("\u{1}{]\n".into(), "a line that is not a message"),
        ] {
            let error = understand(sent.as_bytes(), Vec::new()).unwrap_err();
            assert!(matches!(&error, Error::Protocol { what: it, .. } if it.starts_with(what)), "{error}");
        }
    }

    #[test]
    fn an_agent_that_cannot_start_may_report_that() {
        let sent = r#"{"failed":{"kind":"agent","message":"no /proc"}}"#;
        let answer = understand(sent.as_bytes(), Vec::new()).unwrap();
        assert!(answer.ready.is_none() && matches!(answer.last, AgentMessage::Failed(_)));
    }

    #[test]
    fn an_error_quotes_little_of_garbage_and_no_control_character() {
        let sent = format!("{{\"\\u001b[2J{}\":1}}", "x".repeat(1 << 20));
        let error = understand(sent.as_bytes(), Vec::new()).unwrap_err().to_string();
        assert!(error.contains("unknown variant") && error.len() < 500, "{}", error.len());
        assert!(!error.contains(char::is_control), "{error:?}");
    }

    #[test]
    fn more_samples_than_a_file_can_hold_are_refused() {
        let answer = |samples: usize| {
            let measured = Measured { samples: vec![1; samples], ..Default::default() };
            let answer = serde_json::to_string(&AgentMessage::Measured(measured)).unwrap();
            understand(format!("{READY}\n{answer}\n").as_bytes(), Vec::new())
        };
        assert!(answer(MOST).is_ok());
        let error = answer(MOST + 1).unwrap_err().to_string();
        assert_eq!(error, "the guest sent 100001 samples; a cell has at most 100000");
    }

    #[test]
    fn huge_numbers_and_endless_nesting_are_not_messages() {
        let deep = "[".repeat(1 << 20);
        for value in ["18446744073709551616", "1e99", "-1", "[1,1e400]", &deep] {
            let sent = format!("{{\"measured\":{{\"calibration\":5,\"samples\":{value}}}}}\n");
            assert!(
                matches!(understand(sent.as_bytes(), Vec::new()), Err(Error::Protocol { .. })),
                "{sent:.80}"
            );
        }
    }

    #[test]
    fn a_long_console_keeps_its_panic_and_its_end() {
        let trace: String = (0..50).map(|line| format!("line {line}\n")).collect();
        let lines = last_lines(format!("Kernel panic - x\n{trace}").as_bytes());
        assert_eq!((lines.len(), lines[0].as_str(), lines[20].as_str()), (21, "Kernel panic - x", "line 49"));
    }

    proptest! {
        #[test]
        fn anything_is_read_without_panic(sent: Vec<u8>, console: Vec<u8>) {
            let lines = last_lines(&console);
            prop_assert!(lines.iter().all(|line| !line.chars().any(char::is_control)));
            let _ = understand(&sent, lines);
        }
    }
}
