//! Tests that text from a guest, from the name of a kernel or from the file of a run stays
//! text in every format. They walk the table of renderers, so they cover each new one; a
//! new file extension needs a branch in [`structure`].

use hookbench_model::measurement::{Events, Failure, FailureKind, Measured, Refused};
use hookbench_model::{Cell, Clock, Enforcement, Measurement, Outcome, Params, Schedule, Target};
use hookbench_results::Run;
use hookbench_results::environment::{
    CustomMonitorRecord, CustomWorkloadRecord, Environment, ImageRecord, KernelRecord, ModulesRecord,
    MonitorRecord,
};
use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::{Explanations, RENDERERS, Renderer, terminal, text};

/// Text that tries to be more than text.
pub(crate) const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "x</style><b onclick=\"x\" y='z'>",
    "]]>--><!-- x",
    "\" onload=\"alert(1)",
    "a | b \\| c \\\\| d |",
    "a\nb\r\n\n# c\n\n- d\n```\n<i>",
    "`` ` <img src=x> ` ``",
    "`[x](javascript:y)` [x](javascript:y) ![x](y) *z* _z_ ~~z~~",
    "[x]: http://example.org \"y\"",
    "=cmd|' /C calc'!A0",
    "+1+cmd()",
    "-2+cmd()",
    "@SUM(1)",
    "＝cmd()",
    "\t=cmd(),\"x\"\n=cmd()",
    "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{8}\u{7f}x\0",
    "abc\u{202e}fdp\u{2066}x\u{2069}\u{200f}\u{61c}",
    "a\u{200b}b\u{feff}c\u{ad}d\u{e0041}e\u{2028}f\u{fffe}",
    "&lt;&#60;script&gt; &amp; &nbsp;",
    "\\`\\<a\\>\\",
];

/// A run in which all foreign text is `foreign`.
pub(crate) fn hostile_run(foreign: &str) -> Run {
    let text = || foreign.to_string();
    let cell = |monitor: &str, kernel: String| Cell {
        kernel,
        target: Target::Tcg,
        boot: Default::default(),
        workload: text(),
        params: Params::from_iter([(text(), text())]),
        schedule: Schedule::Paced,
        monitor: monitor.parse().unwrap(),
        tuning: Default::default(),
    };
    let measured = |lost| {
        Outcome::Measured(Measured {
            samples: vec![300 + lost, 310 + lost, 330],
            calibration: 5,
            events: Some(Events { behaviour: text(), expected: 3, seen: 3, lost, looks: None }),
            refused: (lost > 0).then(|| Refused { operations: 2, errno: text(), happened: None }),
            attach_cost: Some(7),
            loading: None,
            memory_bytes: Some(-4096),
            notes: vec![text(), text()],
            attribution: (lost > 0).then(Default::default),
            ..Measured::default()
        })
    };
    let failure = Failure { kind: FailureKind::Agent, message: text(), console: vec![text(), text()] };
    let mut measurements = Vec::new();
    for kernel in [text(), "6.1".into()] {
        let outcomes = [
            ("none", measured(0)),
            ("kprobe+count", measured(0)),
            ("bpf-lsm+deny", measured(1)),
            ("audit+rules", Outcome::Unsupported(text())),
            ("audit+off", Outcome::Skipped(text())),
            ("-x+y", Outcome::Failed(failure.clone())),
        ];
        let clock = Clock::Instructions;
        measurements.extend(outcomes.map(|(monitor, outcome)| Measurement {
            history: None,
            cell: cell(monitor, kernel.clone()),
            clock,
            outcome,
        }));
    }
    Run {
        schema: 1,
        plan: text(),
        shard: None,
        environment: environment(foreign),
        measurements,
        scenarios: Vec::new(),
    }
}

fn environment(foreign: &str) -> Environment {
    let text = || foreign.to_string();
    Environment {
        hookbench: text(),
        qemu: text(),
        cpu: text(),
        machine: vec![text(), text()],
        kernels: vec![KernelRecord {
            name: text(),
            package: text(),
            version: text(),
            sha256: text(),
            boot_lines: vec![(text(), text())],
            security_modules: vec![(text(), text())],
            modules: Some(ModulesRecord { compiler: text(), sha256: text() }),
            loaded: vec![(text(), text())],
        }],
        image: ImageRecord { sha256: text(), agent_sha256: text(), packages: vec![(text(), text())] },
        monitors: vec![MonitorRecord {
            name: "kprobe+count".parse().unwrap(),
            about: text(),
            sees: text(),
            enforcement: Enforcement::Observes,
            per_process: false,
            can_refuse: Some(true),
            since: text(),
        }],
        custom_monitors: vec![CustomMonitorRecord {
            name: text(),
            sha256: text(),
            bytes: 1,
            command: vec![text(), text()],
            ready: Some(text()),
            packages: vec![(text(), text())],
        }],
        custom_workloads: vec![CustomWorkloadRecord {
            name: text(),
            sha256: text(),
            bytes: 1,
            command: vec![text(), text()],
            expect_exit: Some(1),
            packages: vec![(text(), text())],
        }],
        bpf_compiler: text(),
        rustc: text(),
        unattributed: text(),
        ..Environment::default()
    }
}

/// The structure of a file without its text. Foreign text must not change it.
pub(crate) fn structure(file: &str, content: &str) -> Vec<String> {
    match file.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html" | "svg" | "xml") => tags(content),
        Some("txt") => vec![format!("{} lines", content.lines().count())],
        Some("json") => keys(&serde_json::from_str(content).expect("JSON")),
        Some("ndjson") => {
            content.lines().flat_map(|line| keys(&serde_json::from_str(line).expect("JSON"))).collect()
        }
        Some("md") => markdown(content),
        Some("csv") => fields(content),
        _ => panic!("{file}: add a branch for files of this format"),
    }
}

/// The kinds of values, and the number of fields of objects, because keys can be foreign.
fn keys(value: &serde_json::Value) -> Vec<String> {
    use serde_json::Value;
    match value {
        Value::Object(fields) => {
            let inner = fields.values().flat_map(keys);
            std::iter::once(format!("{} fields", fields.len())).chain(inner).collect()
        }
        Value::Array(items) => {
            std::iter::once(format!("{} items", items.len())).chain(items.iter().flat_map(keys)).collect()
        }
        Value::String(_) => vec!["text".into()],
        other => vec![other.to_string()],
    }
}

/// Tags with the names of their attributes.
fn tags(content: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = content;
    while let Some((_, after)) = rest.split_once('<') {
        let mut quoted = false;
        let end = after.find(|c| {
            quoted ^= c == '"';
            c == '>' && !quoted
        });
        let (tag, after) = after.split_at(end.expect("a tag ends"));
        // Every second part is a value, which contains no quote.
        let names: Vec<&str> = tag.split('"').step_by(2).collect();
        tags.push(names.concat());
        rest = after;
    }
    tags
}

fn markdown(content: &str) -> Vec<String> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let events = Parser::new_ext(content, options).filter_map(|event| match event {
        Event::Text(_) | Event::SoftBreak => None,
        Event::Code(_) => Some("code".into()),
        Event::Start(Tag::Link { dest_url, .. }) => Some(format!("link to {dest_url}")),
        Event::Html(html) | Event::InlineHtml(html) => panic!("markup in Markdown: {html}"),
        other => Some(format!("{other:?}")),
    });
    // The parser drops surplus fields of a table, so the bars are counted too.
    let bars = content.lines().filter(|line| line.starts_with('|')).map(|line| {
        let bare = line.replace("\\\\", "").replace("\\|", "");
        format!("{} bars", bare.matches('|').count())
    });
    events.chain(bars).collect()
}

fn fields(content: &str) -> Vec<String> {
    let mut records = csv::Reader::from_reader(content.as_bytes());
    let mut structure = vec![format!("{} lines", content.lines().count())];
    for record in records.records() {
        let record = record.expect("a record as long as the others");
        for field in &record {
            let formula = field.starts_with(['=', '+', '-', '@', '\t', '＝', '＋', '－', '＠']);
            assert!(!formula || field.parse::<f64>().is_ok(), "a formula: {field}");
        }
        structure.push(format!("{} fields", record.len()));
    }
    structure
}

#[test]
fn hostile_text_is_text_in_every_format() {
    for renderer in RENDERERS {
        let render = |foreign| {
            (renderer.render)(&hostile_run(foreign), &Explanations::new()).unwrap().expect(renderer.file)
        };
        let tame = structure(renderer.file, &render("tame words"));
        for hostile in HOSTILE {
            let content = render(hostile);
            assert_eq!(structure(renderer.file, &content), tame, "{}: {hostile:?}", renderer.file);
        }
    }
}

#[test]
fn no_format_moves_a_cursor_or_turns_text() {
    let table = Renderer { file: "the terminal", about: "", render: |run, _| Ok(Some(terminal::table(run))) };
    for Renderer { file, render, .. } in RENDERERS.iter().chain([&table]) {
        for hostile in HOSTILE {
            let content = render(&hostile_run(hostile), &Explanations::new()).unwrap().expect(file);
            let wrong = content.chars().find(|&c| (c.is_control() && c != '\n') || text::is_unseen(c));
            assert_eq!(wrong, None, "{file}: {hostile:?}");
        }
    }
}
