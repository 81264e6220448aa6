//! Numbers and foreign text as every report shows them. Foreign text, such as a guest's,
//! becomes one harmless line here; each format then escapes it.

use hookbench_model::measurement::Refused;
use hookbench_model::{Clock, Measured, Target};

/// `109429` as `109,429`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A mean with one decimal: `109,131.0`.
pub fn mean(mean: f64) -> String {
    let text = format!("{mean:.1}");
    let (whole, decimal) = text.split_once('.').unwrap_or((&text, "0"));
    whole.parse().map_or_else(|_| text.clone(), |whole| format!("{}.{decimal}", grouped(whole)))
}

/// A difference with its sign: `+1,018`, `-40`, `0`.
pub fn signed(number: i64) -> String {
    match number {
        0 => "0".into(),
        1.. => format!("+{}", grouped(number.unsigned_abs())),
        _ => format!("-{}", grouped(number.unsigned_abs())),
    }
}

/// A number with its sign only where it is negative: `1,018`, `-40`.
pub(crate) fn unsigned_if_positive(number: i64) -> String {
    signed(number).trim_start_matches('+').to_string()
}

/// A ratio with four decimals; empty when it is not finite, as after a division by 0.
pub fn ratio(ratio: f64) -> String {
    if ratio.is_finite() { format!("{ratio:.4}") } else { String::new() }
}

/// A ratio as a change: `+1.3 %`.
pub fn percent(ratio: f64) -> String {
    let change = (ratio - 1.0) * 100.0;
    if change.abs() >= 10.0 { format!("{change:+.0} %") } else { format!("{change:+.1} %") }
}

/// Foreign text as one line. Control characters, which could move a terminal's cursor or
/// break a table, and invisible characters are replaced; runs of spaces are joined.
pub fn one_line(text: &str) -> String {
    let visible: String =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).map(harmless).collect();
    visible.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Replaces a control character, and one that reorders or hides text, by `�`.
fn harmless(c: char) -> char {
    let forbidden_in_xml = matches!(c, '\u{fffe}' | '\u{ffff}');
    if c.is_control() || is_unseen(c) || forbidden_in_xml { char::REPLACEMENT_CHARACTER } else { c }
}

/// Whether `c` is invisible: such characters change the direction of the text around
/// them, or make two different texts look the same.
pub fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A name for a sentence in which backticks mark names.
pub fn name(foreign: &str) -> String {
    one_line(foreign).replace('`', "'")
}

/// The unit and clock of numbers: `instructions (clock: instructions, target: tcg)`.
pub fn unit_and_clock(clock: Clock, target: Target) -> String {
    format!("{} (clock: {}, target: {target})", clock.unit(), clock.name())
}

/// The enforcement that a monitor was measured at: `refused EPERM`, or
/// `killed SIGKILL, done 20 of 20`; with counts if it did not apply to every operation.
/// Empty if it applied to none.
pub fn refused(measured: &Measured) -> String {
    measured.refused.as_ref().map_or_else(String::new, |refused| refusal(refused, measured.samples.len()))
}

/// The same for the refusals alone, out of `operations` operations.
pub fn refusal(refused: &Refused, operations: usize) -> String {
    let errno = one_line(&refused.errno);
    let all = operations as u64;
    let verb = if errno.starts_with("SIG") { "killed" } else { "refused" };
    let counts = if refused.operations == all {
        String::new()
    } else {
        format!(" ({} of {})", grouped(refused.operations), grouped(all))
    };
    let late = refused.happened.map_or_else(String::new, |happened| {
        format!(", done {} of {}", grouped(happened.events), grouped(happened.of))
    });
    format!("{verb} {errno}{counts}{late}")
}

/// `1 cell`, `3 cells`.
pub fn count(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", grouped(number as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::measurement::{Happened, Refused};

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(109_429), "109,429");
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!((signed(1018), signed(-40), signed(0)), ("+1,018".into(), "-40".into(), "0".into()));
        assert_eq!(
            (mean(109_131.04), mean(f64::MAX).len()),
            ("109,131.0".into(), format!("{:.1}", f64::MAX).len())
        );
        assert_eq!(signed(i64::MIN), "-9,223,372,036,854,775,808");
    }

    #[test]
    fn enforcement_has_its_error_its_counts_and_its_timeliness() {
        let shown = |operations, errno: &str, happened| {
            let refused = Some(Refused { operations, errno: errno.into(), happened });
            shown_enforcement(refused)
        };
        assert_eq!(shown(2, "EPERM", None), "refused EPERM");
        assert_eq!(shown(1, "EPERM", None), "refused EPERM (1 of 2)");
        let happened = Some(Happened { events: 3, of: 4 });
        assert_eq!(shown(2, "SIGKILL", happened), "killed SIGKILL, done 3 of 4");
        assert_eq!(shown_enforcement(None), "");
    }

    fn shown_enforcement(refused: Option<Refused>) -> String {
        super::refused(&Measured { samples: vec![1, 2], refused, ..Measured::default() })
    }

    #[test]
    fn a_ratio_to_zero_is_empty() {
        assert_eq!(ratio(1.00123), "1.0012");
        assert_eq!(ratio(f64::INFINITY), "");
        assert_eq!(ratio(f64::NAN), "");
    }

    #[test]
    fn a_ratio_is_shown_as_a_change() {
        assert_eq!((percent(1.0031), percent(4.67)), ("+0.3 %".into(), "+367 %".into()));
    }

    #[test]
    fn foreign_text_becomes_one_line_without_control_characters() {
        assert_eq!(one_line("a\r\n\tb \u{1b}[2Jc\u{202e}d"), "a b \u{fffd}[2Jc\u{fffd}d");
    }
}
