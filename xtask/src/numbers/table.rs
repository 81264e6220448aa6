//! Differences between two runs as text: a table of medians that moved, lists of the
//! other differences, and a summary in one line.

use std::fmt::Write;

use super::difference::{Changed, Difference};

/// The table and the lists; empty when nothing differs.
pub(super) fn text(difference: &Difference, revision: &str) -> String {
    let mut text = String::new();
    moved(&mut text, difference, revision);
    let aside = difference.aside.iter().map(|aside| {
        let columns: Vec<String> = aside.columns.iter().map(arrow).collect();
        format!("{}: {}", aside.cell, columns.join(", "))
    });
    list(&mut text, "median equal, but other columns differ:", aside);
    let outcomes = difference.outcomes.iter().map(arrow);
    list(&mut text, "outcome changed:", outcomes);
    list(&mut text, &format!("only in {revision}:"), difference.gone.iter().cloned());
    list(&mut text, "only in the working tree:", difference.added.iter().cloned());
    text
}

/// The last line: identical, or how many cells differ and how far medians moved.
pub(super) fn summary(difference: &Difference) -> String {
    let cells = difference.cells;
    if difference.differing() == 0 {
        return format!("identical: {cells} cells");
    }
    let changes = || difference.moved.iter().map(super::difference::Moved::change);
    let mut line = format!("{} of {cells} cells moved", difference.moved.len());
    if let (Some(least), Some(most)) = (changes().min(), changes().max()) {
        let _ = write!(line, " (median change {least:+}..{most:+})");
    }
    let others = [
        (difference.aside.len(), "with an equal median"),
        (difference.outcomes.len(), "with another outcome"),
        (difference.gone.len() + difference.added.len(), "on one side only"),
    ];
    for (number, what) in others {
        if number > 0 {
            let _ = write!(line, "; {number} differ {what}");
        }
    }
    line
}

fn moved(text: &mut String, difference: &Difference, revision: &str) {
    if difference.moved.is_empty() {
        return;
    }
    let mut rows = vec![["cell".to_owned(), revision.into(), "now".into(), "change".into(), "added".into()]];
    for moved in &difference.moved {
        let (before, now) = moved.p50;
        let added = moved.added.map_or_else(|| "-".to_owned(), |(before, now)| format!("{:+}", now - before));
        let change = format!("{:+}", moved.change());
        rows.push([moved.cell.clone(), before.to_string(), now.to_string(), change, added]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    let _ = writeln!(text, "medians moved (added: change of the monitor's cost):");
    for row in &rows {
        let _ = write!(text, "  {:<width$}", row[0], width = widths[0]);
        for (field, width) in row.iter().zip(&widths).skip(1) {
            let _ = write!(text, "  {field:>width$}");
        }
        text.push('\n');
    }
}

fn list(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    for (number, line) in lines.enumerate() {
        if number == 0 {
            let _ = writeln!(text, "{title}");
        }
        let _ = writeln!(text, "  {line}");
    }
}

fn arrow(changed: &Changed) -> String {
    let or_empty = |text: &str| if text.is_empty() { "(empty)".to_owned() } else { text.to_owned() };
    format!("{} {} -> {}", changed.what, or_empty(&changed.before), or_empty(&changed.now))
}

#[cfg(test)]
mod tests {
    use super::super::difference::tests::table;
    use super::*;

    #[test]
    fn each_kind_of_difference_is_listed() {
        let before = table(&[
            "6.1,null-syscall,none,measured,,245,245,245.0,0\n",
            "6.1,null-syscall,bpf,measured,,300,301,301.5,56\n",
            "6.1,execve,none,measured,,9,9,9.0,0\n",
            "6.1,execve,gone,measured,,9,9,9.0,0\n",
            "6.1,execve,failing,measured,,9,9,9.0,0\n",
        ]);
        let now = table(&[
            "6.1,null-syscall,none,measured,,245,247,247.0,0\n",
            "6.1,null-syscall,bpf,measured,,300,1301,1301.5,1054\n",
            "6.1,execve,none,measured,,8,9,9.0,0\n",
            "6.1,execve,new,measured,,9,9,9.0,0\n",
            "6.1,execve,failing,failed,why,,,,\n",
        ]);
        let difference = Difference::between(&before, &now);
        let expected = "\
medians moved (added: change of the monitor's cost):
  cell                   HEAD   now  change  added
  6.1 null-syscall bpf    301  1301   +1000   +998
  6.1 null-syscall none   245   247      +2     +0
median equal, but other columns differ:
  6.1 execve none: min 9 -> 8
outcome changed:
  6.1 execve failing measured -> failed why
only in HEAD:
  6.1 execve gone
only in the working tree:
  6.1 execve new
";
        assert_eq!(text(&difference, "HEAD"), expected);
        let last = "2 of 6 cells moved (median change +2..+1000); 1 differ with an equal median; \
                    1 differ with another outcome; 2 differ on one side only";
        assert_eq!(summary(&difference), last);
    }

    #[test]
    fn equal_runs_have_one_line() {
        let rows = table(&["6.1,null-syscall,none,measured,,245,245,245.0,0\n"]);
        let difference = Difference::between(&rows, &rows);
        assert_eq!(
            (text(&difference, "HEAD"), summary(&difference)),
            (String::new(), "identical: 1 cells".into())
        );
    }
}
