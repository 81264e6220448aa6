//! What a guest said, read: its messages and the end of its console. Pure
//! functions of bytes that are trusted with nothing; how they came here is not
//! known here.

use hookbench_model::protocol::AgentMessage;

use hookbench_results::samples::MOST;

use crate::guest::{Answer, Error};

/// So many of the console's last lines are kept.
const CONSOLE_LINES: usize = 20;
/// No line is longer that is kept of a guest's words.
const LINE: usize = 200;

/// Reads what a guest said: messages, one a line, the last of which ends the cell.
///
/// # Errors
/// [`Error::Protocol`] when a line is no message or there is a second answer,
/// [`Error::Panic`] or [`Error::Ended`] when there is none.
pub fn understand(said: &[u8], console: Vec<String>) -> Result<Answer, Error> {
    let Messages { ready, last } = match messages(said) {
        Ok(messages) => messages,
        Err(what) => return Err(Error::Protocol { what, console }),
    };
    match last {
        Some(last) => Ok(Answer { ready, last, console }),
        None => match console.iter().find(|line| line.contains("Kernel panic")) {
            Some(line) => Err(Error::Panic { reason: line.clone(), console }),
            None => Err(Error::Ended { console }),
        },
    }
}

#[derive(Default)]
struct Messages {
    ready: Option<AgentMessage>,
    last: Option<AgentMessage>,
}

/// The messages in what was said, or what is wrong with them. First the agent
/// says that it runs; only that it cannot, it may say without.
fn messages(said: &[u8]) -> Result<Messages, String> {
    let mut messages = Messages::default();
    for line in said.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let message = serde_json::from_slice(line).map_err(|error| no_message(line, &error))?;
        match (message, &messages) {
            (_, Messages { last: Some(_), .. }) => return Err("more after its answer".into()),
            (AgentMessage::Ready { .. }, Messages { ready: Some(_), .. }) => {
                return Err("twice that its agent runs".into());
            }
            // What is written has to be read again, and no run has more.
            (AgentMessage::Measured(measured), _) if measured.samples.len() > MOST => {
                return Err(format!("{} samples, and no cell has more than {MOST}", measured.samples.len()));
            }
            (ready @ AgentMessage::Ready { .. }, _) => messages.ready = Some(ready),
            (AgentMessage::Measured(_) | AgentMessage::Unsupported(_), Messages { ready: None, .. }) => {
                return Err("an answer before it said that its agent runs".into());
            }
            (last, _) => messages.last = Some(last),
        }
    }
    Ok(messages)
}

fn no_message(line: &[u8], error: &serde_json::Error) -> String {
    let begin = String::from_utf8_lossy(&line[..line.len().min(60)]).escape_debug().to_string();
    // Its text may quote as much of the line as the guest likes.
    let text = printable(&error.to_string());
    let what = if error.is_eof() { "a message without its end" } else { "what is no message" };
    format!("{what} ({text}): {begin}")
}

/// The console's last lines, printable and bounded. A panic's first line is
/// kept even when its trace is longer.
pub fn last_lines(console: &[u8]) -> Vec<String> {
    let lines = console
        .split(|&byte| byte == b'\n')
        .map(|line| printable(String::from_utf8_lossy(&line[..line.len().min(LINE)]).trim_end()));
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    let begin = lines.len().saturating_sub(CONSOLE_LINES);
    let panic = lines[..begin].iter().rfind(|line| line.contains("Kernel panic")).cloned();
    panic.into_iter().chain(lines[begin..].iter().cloned()).collect()
}

/// `text` as one line: bounded, and without control characters.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LINE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::Measured;
    use proptest::prelude::*;

    const READY: &str = r#"{"ready":{"release":"6.1","version":"","cmdline":""}}"#;

    #[test]
    fn the_last_message_is_the_answer() {
        let said = format!("{READY}\n{{\"unsupported\":\"no BTF\"}}\n");
        let answer = understand(said.as_bytes(), Vec::new()).unwrap();
        assert!(answer.ready.is_some());
        assert_eq!(answer.last, AgentMessage::Unsupported("no BTF".into()));
    }

    #[test]
    fn silence_and_a_panic_on_the_console_is_a_panic() {
        let console = b"[    1.0] hello\n[    2.0] Kernel panic - not syncing: sysrq\n[    2.1] trace\n";
        let error = understand(READY.as_bytes(), last_lines(console)).unwrap_err();
        assert!(matches!(&error, Error::Panic { reason, .. } if reason.ends_with("sysrq")), "{error}");
        assert!(matches!(understand(b"", Vec::new()), Err(Error::Ended { .. })));
    }

    #[test]
    fn a_second_answer_and_garbage_are_refused() {
        let (answer, cut) = (r#"{"unsupported":"a"}"#, r#"{"unsupported":"#);
        for (said, what) in [
            (format!("{READY}\n{answer}\n{answer}\n"), "more after its answer"),
            (format!("{READY}\n{answer}\n{READY}\n"), "more after its answer"),
            (format!("{READY}\n{READY}\n{answer}\n"), "twice that its agent runs"),
            (format!("{answer}\n"), "an answer before"),
            (format!("{answer}\n{READY}\n"), "an answer before"),
            (format!("{READY}\n{cut}"), "a message without its end"),
            ("\u{1}{]\n".into(), "what is no message"),
        ] {
            let error = understand(said.as_bytes(), Vec::new()).unwrap_err();
            assert!(matches!(&error, Error::Protocol { what: it, .. } if it.starts_with(what)), "{error}");
        }
    }

    #[test]
    fn an_agent_that_cannot_even_begin_may_say_so() {
        let said = r#"{"failed":{"kind":"agent","message":"no /proc"}}"#;
        let answer = understand(said.as_bytes(), Vec::new()).unwrap();
        assert!(answer.ready.is_none() && matches!(answer.last, AgentMessage::Failed(_)));
    }

    #[test]
    fn garbage_is_not_quoted_whole_and_moves_no_cursor() {
        let said = format!("{{\"\\u001b[2J{}\":1}}", "x".repeat(1 << 20));
        let error = understand(said.as_bytes(), Vec::new()).unwrap_err().to_string();
        assert!(error.contains("unknown variant") && error.len() < 500, "{}", error.len());
        assert!(!error.contains(char::is_control), "{error:?}");
    }

    #[test]
    fn more_samples_than_a_file_may_hold_are_refused() {
        let answer = |samples: usize| {
            let measured = Measured { samples: vec![1; samples], ..Default::default() };
            let answer = serde_json::to_string(&AgentMessage::Measured(measured)).unwrap();
            understand(format!("{READY}\n{answer}\n").as_bytes(), Vec::new())
        };
        assert!(answer(MOST).is_ok());
        let error = answer(MOST + 1).unwrap_err().to_string();
        assert_eq!(error, "the guest sent 100001 samples, and no cell has more than 100000");
    }

    #[test]
    fn numbers_beyond_any_clock_and_a_nest_without_bottom_are_no_message() {
        let deep = "[".repeat(1 << 20);
        for value in ["18446744073709551616", "1e99", "-1", "[1,1e400]", &deep] {
            let said = format!("{{\"measured\":{{\"calibration\":5,\"samples\":{value}}}}}\n");
            assert!(
                matches!(understand(said.as_bytes(), Vec::new()), Err(Error::Protocol { .. })),
                "{said:.80}"
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
        fn anything_is_read_without_panic(said: Vec<u8>, console: Vec<u8>) {
            let lines = last_lines(&console);
            prop_assert!(lines.iter().all(|line| !line.chars().any(char::is_control)));
            let _ = understand(&said, lines);
        }
    }
}
