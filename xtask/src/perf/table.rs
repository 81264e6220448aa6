//! The measured figures: read from the benchmark's lines, shown with their limits.
//! The limits themselves are in `figures.rs`.

use std::collections::BTreeMap;

use super::figures::{DERIVED, FIGURES, Figure, Limit, UNIT};

/// Measured values by the names of their figures.
#[derive(Debug, Default)]
pub(crate) struct Measured(BTreeMap<String, f64>);

impl Measured {
    /// Reads lines `name value`; the error is the first line in another format.
    pub(crate) fn read(&mut self, lines: &str) -> Result<(), String> {
        for line in lines.lines() {
            let (name, value) = line.split_once(' ').ok_or(line)?;
            self.0.insert(name.into(), value.parse().map_err(|_| line)?);
        }
        Ok(())
    }

    /// Adds the computed figures whose two inputs were measured.
    pub(crate) fn derive(&mut self) {
        for (name, of, [one, other]) in DERIVED {
            if let (Some(one), Some(other)) = (self.0.get(*one), self.0.get(*other)) {
                self.0.insert((*name).into(), of(*one, *other));
            }
        }
    }

    /// The table, and how many figures break their limits.
    pub(crate) fn table(&self) -> (String, usize) {
        let header = ["figure", "measured", "in starts", "limit", "", "clock", "how"].map(String::from);
        let (mut rows, mut broken) = (vec![header], 0);
        for figure in FIGURES {
            let (fields, breaks) = self.fields(figure);
            rows.push(fields);
            broken += usize::from(breaks);
        }
        (aligned(&rows), broken)
    }

    /// A row, and whether it breaks its limit; a figure with a limit that was not measured
    /// does.
    fn fields(&self, figure: &Figure) -> ([String; 7], bool) {
        let value = self.0.get(figure.name);
        let breaks = value.map_or(figure.limit != Limit::None, |value| figure.limit.is_broken(*value));
        let measured = value
            .map_or_else(|| "not measured".into(), |value| format!("{} {}", number(*value), figure.unit));
        let limit = match figure.limit {
            Limit::Most(most) => format!("≤ {most} {}", figure.unit),
            Limit::Least(least) => format!("≥ {least} {}", figure.unit),
            Limit::None => String::new(),
        };
        let word = match (breaks, value, figure.limit) {
            (false, ..) | (_, None, _) => "",
            (_, _, Limit::Least(_)) => "below",
            _ => "above",
        };
        let start = self.0.get(UNIT);
        let starts = value.zip(start).and_then(|(value, start)| figure.in_starts(*value, *start));
        let starts = starts.map_or_else(String::new, number);
        let [about, word, clock, how] = [figure.about, word, figure.clock, figure.how].map(String::from);
        ([about, measured, starts, limit, word, clock, how], breaks)
    }
}

/// `value` with at least three digits.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

/// Columns of equal width; the second and the third are right-aligned.
fn aligned(rows: &[[String; 7]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    let line = |row: &[String; 7]| {
        let field = |column: usize| {
            let (text, width) = (&row[column], widths[column]);
            if column == 1 || column == 2 { format!("{text:>width$}") } else { format!("{text:<width$}") }
        };
        let fields: [String; 7] = std::array::from_fn(field);
        format!("{}\n", fields.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &str) -> Measured {
        let mut measured = Measured::default();
        measured.read(lines).unwrap();
        measured.derive();
        measured
    }

    /// The line of a figure, with single spaces.
    fn line(table: &str, about: &str) -> String {
        let line = table.lines().find(|line| line.trim_start().starts_with(about)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn figures_are_shown_with_their_limits() {
        let measured = of("start.median 101\nrate.burst 7.5\nrate.paced 0.001\nboot.6.1 2.994\n");
        let (table, broken) = measured.table();
        let start = line(&table, "QEMU's start");
        assert!(start.contains("101 ms ≤ 100 ms above wall a guest that ends"), "{start}");
        assert!(line(&table, "cells of 200 null-syscall, burst").contains("7.50 cells/s ≥ 50 cells/s below"));
        assert!(!line(&table, "cells of 200 null-syscall, paced").contains("below"));
        let boot = line(&table, "cold boot to the agent, 6.1");
        assert!(boot.contains("2.99 s ≤ 3 s") && boot.contains("CPU") && !boot.contains("above"), "{boot}");
        // Two break their limits, and all others with a limit were not measured.
        let limits = FIGURES.iter().filter(|figure| figure.limit != Limit::None).count();
        assert_eq!(broken, limits - 1);
        assert!(line(&table, "quick plan, warm").contains("not measured"), "{table}");
    }

    #[test]
    fn columns_are_aligned() {
        let (table, _) = of("start.median 99.96\n").table();
        let place = |line: &str| line.chars().take_while(|c| *c != '≤' && *c != '≥').count();
        let places: Vec<usize> = table.lines().filter(|line| line.contains(['≤', '≥'])).map(place).collect();
        assert!(places.len() > 5 && places.windows(2).all(|two| two[0] == two[1]), "{table}");
    }

    #[test]
    fn figures_are_computed_from_others() {
        let measured = of("cells.10000.wall 60\ncells.100.wall 50\n");
        assert!(line(&measured.table().0, "relative to 100 cells").contains("1.20 ratio ≤ 1.1 ratio"));
    }

    #[test]
    fn times_are_also_shown_in_starts_of_qemu() {
        let table = of("part.machine 50\nquick.warm 20\nrate.burst 18\n").table().0;
        assert!(line(&table, "quick plan, warm").contains("20.0 s 400 ≤ 14 s"), "{table}");
        assert!(line(&table, "cells of 200 null-syscall, burst").contains("18.0 cells/s 0.90 ≥"), "{table}");
        assert!(line(&table, "relative to").contains("not measured ≤"), "{table}");
    }

    #[test]
    fn a_line_that_is_not_a_figure_is_an_error() {
        for wrong in ["start.median", "start.median fast", "start.median 1 2"] {
            assert_eq!(Measured::default().read(&format!("rate.burst 1\n{wrong}\n")), Err(wrong.into()));
        }
    }
}
