//! The answer of a guest: its messages and, after the first zero byte, its console.

use hookbench_model::protocol::AgentMessage;
use hookbench_results::samples;
use hookbench_vm::answer::{last_lines, understand};
use hookbench_vm::console::{harmless, is_unseen};

use crate::memory;

/// The longest error, in bytes; it may quote the guest.
const LONGEST_ERROR: usize = 2_000;

/// An answer that is written and read again is the same. An error is short and one line.
/// Reading takes memory in proportion to the bytes.
pub fn holds(bytes: &[u8]) {
    let (said, console) = match bytes.iter().position(|&byte| byte == 0) {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[][..]),
    };
    is_harmless(console);
    let room = 64 * bytes.len() + (64 << 10);
    let lines = memory::within(room, || last_lines(console));
    assert!(lines.len() <= 21);
    for line in &lines {
        assert!(line.len() <= 800 && !line.contains(char::is_control), "{line:?}");
    }
    match memory::within(room, || understand(said, lines.clone())) {
        Ok(answer) => {
            assert_eq!(answer.console, lines);
            if let AgentMessage::Measured(measured) = &answer.last {
                assert!(measured.samples.len() <= samples::MOST);
            }
            let messages = answer.ready.iter().chain([&answer.last]);
            let again: Vec<String> =
                messages.map(|message| serde_json::to_string(message).expect("JSON")).collect();
            let again = understand(again.join("\n").as_bytes(), lines).expect("the same answer");
            assert_eq!((again.ready, again.last), (answer.ready, answer.last));
        }
        Err(error) => {
            let error = error.to_string();
            assert!(error.len() <= LONGEST_ERROR && !error.contains(char::is_control), "{error:?}");
        }
    }
}

/// The console is printed without control characters, as the same text in whatever parts
/// it arrives.
fn is_harmless(console: &[u8]) {
    let (text, told) = harmless(console);
    assert!(console.len() - told < 4);
    assert!(text.chars().all(|c| matches!(c, '\n' | '\t') || !(c.is_control() || is_unseen(c))), "{text:?}");
    for cut in [console.len() / 3, console.len().saturating_sub(3), console.len().saturating_sub(1)] {
        let (first, told) = harmless(&console[..cut]);
        assert_eq!(first + &harmless(&console[told..]).0, text);
    }
}
