//! Columns of plain text, for a terminal. Widths are those that a terminal shows: a
//! Chinese character takes two columns and a combining accent none.

use unicode_width::UnicodeWidthChar;

/// The space between two columns.
pub const GAP: &str = "  ";

/// The side of its column that a field is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// The number of columns that a terminal shows `text` in.
pub fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// The width of the widest field of each column. Rows may have further fields.
pub fn widths<R: AsRef<[String]>>(rows: &[R], columns: usize) -> Vec<usize> {
    let widest = |column: usize| rows.iter().map(|row| width(&row.as_ref()[column])).max().unwrap_or(0);
    (0..columns).map(widest).collect()
}

/// Narrows the widest columns until a line of all of them is at most `limit` wide.
pub fn narrow(widths: &mut [usize], limit: usize) {
    let room = limit.saturating_sub(GAP.len() * widths.len().saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max_by_key(|width| **width) {
            Some(widest) if *widest > 0 => *widest -= 1,
            _ => return,
        }
    }
}

/// One line of `fields`, each as wide as its column: cut if it is wider, padded if not.
pub fn line(fields: &[String], widths: &[usize], align: impl Fn(usize) -> Align) -> String {
    let padded = |(column, (field, width)): (usize, (&String, &usize))| {
        let field = shortened(field, *width);
        let padding = " ".repeat(width - self::width(&field));
        match align(column) {
            Align::Left => field + &padding,
            Align::Right => padding + &field,
        }
    };
    fields.iter().zip(widths).enumerate().map(padded).collect::<Vec<_>>().join(GAP)
}

/// `text` in at most `limit` columns, with an ellipsis where it is cut.
pub fn shortened(text: &str, limit: usize) -> String {
    if width(text) <= limit {
        return text.into();
    }
    let mut short = String::new();
    let mut left = limit.saturating_sub(1);
    for c in text.chars() {
        let Some(rest) = left.checked_sub(char_width(c)) else { break };
        left = rest;
        short.push(c);
    }
    if limit > 0 {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(fields: &[&str]) -> Vec<String> {
        fields.iter().map(|field| field.to_string()).collect()
    }

    #[test]
    fn a_field_that_does_not_fit_is_shortened() {
        assert_eq!([shortened("abcdef", 4), shortened("abcd", 4), shortened("ab", 0)], ["abc…", "abcd", ""]);
    }

    #[test]
    fn a_wide_character_takes_two_columns_and_an_accent_none() {
        assert_eq!(["監視", "e\u{301}", "ab"].map(width), [4, 1, 2]);
        // Half of a wide character does not fit.
        assert_eq!([shortened("監視器", 4), shortened("監視器", 5)], ["監…", "監視…"]);
    }

    #[test]
    fn numbers_line_up_below_wide_names() {
        let rows = [fields(&["監視", "7"]), fields(&["kprobe", "1,234"])];
        let widths = widths(&rows, 2);
        let align = |column| if column == 0 { Align::Left } else { Align::Right };
        let lines = rows.map(|row| line(&row, &widths, align));
        assert_eq!(lines, ["監視        7", "kprobe  1,234"]);
        assert_eq!(width(&lines[0]), width(&lines[1]));
    }

    #[test]
    fn the_widest_columns_give_way_first() {
        let mut widths = [4, 30, 9];
        narrow(&mut widths, 24);
        assert_eq!(widths, [4, 8, 8]);
        narrow(&mut widths, 0);
        assert_eq!(widths, [0, 0, 0]);
    }
}
