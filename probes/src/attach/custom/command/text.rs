//! What a command wrote to its terminal, as plain lines: without escape sequences, and without
//! what a carriage return has overwritten.

/// How many lines of it an error shows, and how long each may be.
const LINES: usize = 6;
const LONGEST_LINE: usize = 160;

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';

/// The text without escape sequences and control characters.
pub(super) fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split('\n').map(|line| {
        // A terminal shows what was written after the last return to the beginning of the line.
        let line = line.trim_end_matches('\r');
        strip(line.rsplit('\r').next().unwrap_or_default())
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn strip(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            ESCAPE => match characters.next() {
                // Parameters, then a final character.
                Some('[') => while characters.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                // A title and the like, up to a bell or ESC \.
                Some(']' | 'P' | '_' | '^') => {
                    while let Some(next) = characters.next() {
                        if next == BELL || (next == ESCAPE && characters.next_if_eq(&'\\').is_some()) {
                            break;
                        }
                    }
                }
                // The choice of a character set.
                Some('(' | ')' | '#' | '%') => drop(characters.next()),
                _ => {}
            },
            '\t' => shown.push(character),
            _ if character.is_control() => {}
            _ => shown.push(character),
        }
    }
    shown
}

/// The last lines of `text` that are not empty.
pub(super) fn last_lines(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter().map(|line| line.chars().take(LONGEST_LINE).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_terminal_would_show_is_left() {
        assert_eq!(clean(b"one\r\ntwo\r\n"), "one\ntwo\n");
        assert_eq!(clean(b"10%\r50%\r100%\r\n"), "100%\n");
        assert_eq!(
            clean(b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07plain\x1b]8;;x\x1b\\link\x1b(B"),
            "red plainlink"
        );
        assert_eq!(clean(b"a\tb\x08\x07c\xff"), "a\tbc\u{fffd}");
        // A sequence that never ends hides the rest of its line and no other.
        assert_eq!(clean(b"a\x1b[12\nb\x1b"), "a\nb");
    }

    #[test]
    fn the_last_lines_are_few_and_short() {
        let text: String = (0..20).map(|line| format!("{line}\n\n")).collect();
        assert_eq!(last_lines(&text), ["14", "15", "16", "17", "18", "19"]);
        assert_eq!(last_lines(&"x".repeat(500))[0].len(), LONGEST_LINE);
        assert!(last_lines(" \n").is_empty());
    }
}
