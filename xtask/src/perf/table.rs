//! What was measured, read from the benchmark's lines and shown beside the limits.

use std::collections::BTreeMap;

use super::figures::{DERIVED, FIGURES, Figure, Limit};

/// What was measured, by the names of figures.
#[derive(Debug, Default)]
pub(crate) struct Measured(BTreeMap<String, f64>);

impl Measured {
    /// Takes over the lines `name value`; returns the first that is none.
    pub(crate) fn read(&mut self, lines: &str) -> Result<(), String> {
        for line in lines.lines() {
            let (name, value) = line.split_once(' ').ok_or(line)?;
            self.0.insert(name.into(), value.parse().map_err(|_| line)?);
        }
        Ok(())
    }

    /// Adds the figures that are made of others, where both are there.
    pub(crate) fn derive(&mut self) {
        for (name, of, [one, other]) in DERIVED {
            if let (Some(one), Some(other)) = (self.0.get(*one), self.0.get(*other)) {
                self.0.insert((*name).into(), of(*one, *other));
            }
        }
    }

    /// The table, and how many figures do not keep their limits.
    pub(crate) fn table(&self) -> (String, usize) {
        let header = ["figure", "measured", "limit", "", "clock", "how"].map(String::from);
        let (mut rows, mut broken) = (vec![header], 0);
        for figure in FIGURES {
            let (fields, breaks) = self.fields(figure);
            rows.push(fields);
            broken += usize::from(breaks);
        }
        (aligned(&rows), broken)
    }

    /// A row, and whether it breaks its limit, as one with a limit and without
    /// a figure does.
    fn fields(&self, figure: &Figure) -> ([String; 6], bool) {
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
        let [about, word, clock, how] = [figure.about, word, figure.clock, figure.how].map(String::from);
        ([about, measured, limit, word, clock, how], breaks)
    }
}

/// Three digits or more.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

/// Columns of equal width; the second stands to the right.
fn aligned(rows: &[[String; 6]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let line = |row: &[String; 6]| {
        let field = |column: usize| {
            let (text, width) = (&row[column], widths[column]);
            if column == 1 { format!("{text:>width$}") } else { format!("{text:<width$}") }
        };
        let fields: [String; 6] = std::array::from_fn(field);
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

    fn line<'t>(table: &'t str, about: &str) -> &'t str {
        table.lines().find(|line| line.trim_start().starts_with(about)).unwrap()
    }

    #[test]
    fn figures_stand_beside_their_limits() {
        let measured = of("start.median 101\nrate.burst 7.5\nrate.paced 0.001\nboot.6.1 2.994\n");
        let (table, broken) = measured.table();
        let start = line(&table, "QEMU's start");
        let words = start.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("101 ms ≤ 100 ms above wall a guest that ends"), "{start}");
        assert!(
            line(&table, "cells of 200 null-syscall, burst").contains("7.50 cells/s  ≥ 16 cells/s  below")
        );
        assert!(!line(&table, "cells of 200 null-syscall, paced").contains("below"));
        let boot = line(&table, "cold boot to the agent, 6.1");
        assert!(boot.contains("2.99 s  ≤ 3 s") && boot.contains("CPU") && !boot.contains("above"), "{boot}");
        // Two are on the wrong side, and all others with a limit were not measured.
        let limits = FIGURES.iter().filter(|figure| figure.limit != Limit::None).count();
        assert_eq!(broken, limits - 1);
        assert!(line(&table, "quick plan, warm").contains("not measured"), "{table}");
    }

    #[test]
    fn every_row_has_its_columns_at_the_same_places() {
        let (table, _) = of("start.median 99.96\n").table();
        let place = |line: &str| line.chars().take_while(|c| *c != '≤' && *c != '≥').count();
        let places: Vec<usize> = table.lines().filter(|line| line.contains(['≤', '≥'])).map(place).collect();
        assert!(places.len() > 5 && places.windows(2).all(|two| two[0] == two[1]), "{table}");
    }

    #[test]
    fn figures_are_made_of_others() {
        let measured = of("cells.2000.wall 60\ncells.100.wall 50\n");
        assert!(line(&measured.table().0, "to that of 100").contains("1.20 ratio  ≤ 1.1 ratio"));
    }

    #[test]
    fn what_is_no_figure_is_said() {
        for wrong in ["start.median", "start.median fast", "start.median 1 2"] {
            assert_eq!(Measured::default().read(&format!("rate.burst 1\n{wrong}\n")), Err(wrong.into()));
        }
    }
}
