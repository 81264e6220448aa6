//! Tables that compare: kernels, values of a parameter, loaders, and published numbers.

use super::syntax::{code, escaped, table, table_of_numbers};
use crate::literature::{self, ComparedCondition, LiteratureComparison};
use crate::loading::{self, LoaderTable};
use crate::matrix::{self, Matrix};
use crate::section::Section;
use crate::sweep::{self, SlopeTable, Sweep};
use crate::text;

/// The cost of every monitor on each kernel.
pub(super) fn kernels(matrices: &[Matrix<'_, '_>]) -> String {
    if matrices.is_empty() {
        return String::new();
    }
    let meaning = format!(
        "{} The row of `none` has the median of the operation. The end of the report says why a cell has no number.",
        matrix::meaning(matrices)
    );
    let tables = matrices.iter().map(|matrix| {
        let lines = matrix.lines.iter().map(|(monitor, fields)| {
            let fields = fields.iter().map(|row| escaped(&matrix::field(*row)));
            std::iter::once(code(monitor)).chain(fields).collect()
        });
        titled(&matrix.title(), &kernel_table(&matrix.kernels, lines))
    });
    format!("\n## Kernels compared\n\n{meaning}\n{}", tables.collect::<String>())
}

/// The parameter sweeps, and their slopes on all kernels.
pub(super) fn sweeps(sweeps: &[Sweep]) -> String {
    if sweeps.is_empty() {
        return String::new();
    }
    let slopes = sweep::slopes(sweeps);
    let slopes = slopes.iter().map(slope_table);
    let tables = slopes.chain(sweeps.iter().map(sweep_table));
    format!("\n## Parameter sweeps\n\n{}\n{}", sweep::SLOPE_MEANING, tables.collect::<String>())
}

fn slope_table(slopes: &SlopeTable) -> String {
    let lines = slopes.lines.iter().map(|(monitor, fields)| {
        let fields = fields.iter().map(|slope| slope.map_or_else(String::new, sweep::format_slope));
        std::iter::once(code(monitor)).chain(fields).collect()
    });
    titled(&slopes.title, &kernel_table(&slopes.kernels, lines))
}

fn sweep_table(sweep: &Sweep) -> String {
    let values = sweep.values();
    let header = values.iter().map(|value| format!("{}={value}", escaped(&sweep.param)));
    let lines = sweep.curves.iter().map(|curve| {
        let numbers = values.iter().map(|value| curve.shown_at(*value));
        [code(&curve.monitor), sweep::format_slope(curve.slope())].into_iter().chain(numbers).collect()
    });
    let table = table_of_numbers("monitor", std::iter::once("slope".into()).chain(header), lines);
    titled(&sweep.title(), &table)
}

/// A table with a column per kernel.
fn kernel_table(kernels: &[String], lines: impl Iterator<Item = Vec<String>>) -> String {
    table_of_numbers("monitor", kernels.iter().map(|kernel| escaped(kernel)), lines)
}

fn titled(title: &str, table: &str) -> String {
    format!("\n### {}\n\n{table}", escaped(title))
}

/// The costs of the loaders of BPF objects.
pub(super) fn loaders(tables: &[LoaderTable]) -> String {
    if tables.is_empty() {
        return String::new();
    }
    let header = [&["monitor", "loader"][..], &loading::STEPS].concat();
    let tables = tables.iter().map(|found| {
        let rows = found
            .lines
            .iter()
            .map(|line| [&[code(&line.monitor), code(&line.loader)][..], &line.steps].concat());
        titled(&found.title, &table(&header, rows))
    });
    format!("\n## Loaders compared\n\n{}\n{}", loading::MEANING, tables.collect::<String>())
}

/// Published measurements and the cells of the run that match them.
pub(super) fn published(sections: &[Section<'_>]) -> String {
    let comparisons = literature::compare(sections);
    let text: String = comparisons.iter().map(one_publication).collect();
    format!("\n## Comparison with published numbers\n\n{}\n{text}", literature::WHY_THEY_DIFFER)
}

fn one_publication(comparison: &LiteratureComparison) -> String {
    let publication = comparison.publication;
    let published = format!("published ({})", publication.unit);
    let hooks = comparison.has_hooks();
    let mut header = vec![
        "condition",
        &published,
        "published ratio",
        "our cell",
        "p50 here",
        "ratio here",
        "like for like?",
    ];
    if hooks {
        header.insert(6, "hook here");
    }
    let hook_meaning = if hooks { format!(" {}", literature::HOOK_MEANING) } else { String::new() };
    let kernel = comparison.kernel.as_ref().map_or_else(String::new, |kernel| format!(", kernel {kernel}"));
    let remarks: String = comparison.remarks.iter().map(|remark| format!("\n{remark}\n")).collect();
    format!(
        "\n### {}{}\n\n<{}>: {}. Published ratios are relative to {} {}, ours to `none`.{hook_meaning}\n\n{}{remarks}",
        publication.title,
        escaped(&kernel),
        publication.url,
        publication.about,
        text::grouped(publication.base),
        publication.unit,
        table(&header, comparison.lines.iter().map(|line| condition_fields(line, hooks))),
    )
}

fn condition_fields(line: &ComparedCondition, hooks: bool) -> Vec<String> {
    let ours = line.ours.as_ref();
    let cell = ours
        .map_or_else(|| code(line.monitor), |ours| format!("{}, {}", code(line.monitor), code(&ours.cell)));
    let p50 = ours.map_or_else(|| "not measured in this run".into(), |ours| ours.p50.clone());
    let ratio = ours.map_or_else(String::new, |ours| text::ratio(ours.ratio));
    let mut fields =
        vec![line.condition.into(), text::grouped(line.published), text::ratio(line.ratio), cell, p50, ratio];
    if hooks {
        fields.push(ours.and_then(|ours| ours.hook.clone()).unwrap_or_default());
    }
    fields.push(line.likeness.clone());
    fields
}
