//! The property of each format on stable Rust: with any bytes, and with the seeds of the
//! fuzz targets, unchanged and changed in one place.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hookbench_analysis::attribution::explanation;
use hookbench_model::protocol::CellSpec;
use hookbench_model::{Cell, Measurement};
use hookbench_plan::Plan;
use hookbench_probes::custom::rules::RuleFile;
use hookbench_probes::undo;
use hookbench_properties::{FORMATS, Format};
use hookbench_results::{Run, ScenarioCell};
use hookbench_scenarios::exchange::Answer;
use hookbench_vm::{alternatives, answer, bpf_object, elf, script, vmlinux};
use proptest::prelude::*;
use proptest::sample::Index;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

/// Each seed with its format.
fn seeds() -> Vec<(Format, Vec<u8>)> {
    let files = FORMATS.iter().flat_map(|format| {
        let files = fs::read_dir(fuzz().join("seeds").join(format.name)).unwrap();
        files.map(|file| (*format, fs::read(file.unwrap().path()).unwrap()))
    });
    files.collect()
}

#[test]
fn each_format_has_a_target_and_seeds() {
    let formats: BTreeSet<String> = FORMATS.iter().map(|format| format.name.to_string()).collect();
    assert_eq!(names(&fuzz().join("fuzz_targets")), formats);
    assert_eq!(names(&fuzz().join("seeds")), formats);
}

/// A seed that no longer has its format would test almost nothing.
#[test]
fn the_seeds_have_the_current_formats() {
    let seed = |name: &str| fs::read(fuzz().join("seeds").join(name)).unwrap();
    let whole = seed("journal/whole");
    let lines = whole.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    assert!(lines.map(serde_json::from_slice::<Measurement>).all(|line| line.is_ok()));
    for name in ["run/real", "run/every-outcome", "run/bare", "run/scenarios"] {
        serde_json::from_slice::<Run>(&seed(name)).unwrap();
    }
    let cells = seed("journal/scenarios");
    let lines = cells.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    assert!(lines.map(serde_json::from_slice::<ScenarioCell>).all(|line| line.is_ok()));
    for name in ["scenario/watch", "scenario/kill", "scenario/unsupported"] {
        serde_json::from_slice::<Answer>(&seed(name)).unwrap();
    }
    for name in ["explanation/kprobe", "explanation/other-kernel", "explanation/deny"] {
        assert!(explanation::read(&seed(name)).unwrap().parts().direct > 0, "{name}");
    }
    let boot = "5a1f0c3e-0000-4000-8000-000000000001";
    assert_eq!(undo::read_ledger(&seed("ledger/whole"), boot).unwrap().len(), 6);
    for name in ["answer/measured", "answer/refused"] {
        answer::understand(&seed(name), Vec::new()).unwrap();
    }
    for name in ["elf", "bzimage-plain", "bzimage-gzip", "bzimage-xz", "bzimage-zstd", "bzimage-lz4"] {
        vmlinux::extract(seed(&format!("kernel/{name}")), 1 << 20).unwrap();
    }
    let held = |name: &str| {
        let object = bpf_object::read(&seed(name)).unwrap();
        object.held.into_iter().map(|held| (held.name, held.called_by, held.begins)).collect::<Vec<_>>()
    };
    let first = || Some("first".to_string());
    let tail = [("second", first(), false), ("third", first(), false), ("again", None, true)];
    let tail = tail.map(|(name, caller, begins)| (name.to_string(), caller, begins));
    assert_eq!((held("object/tail"), held("object/deny")), (tail.into(), Vec::new()));
    for name in ["plan/quick", "plan/full", "plan/params"] {
        let plan: Plan = toml::from_str(&String::from_utf8(seed(name)).unwrap()).unwrap();
        assert!(!plan.cells(&["6.1".into()]).unwrap().is_empty(), "{name}");
    }
    assert!(["env", "shell"].iter().all(|name| script::read(&seed(&format!("scripts/{name}"))).is_some()));
    assert_eq!(elf::program_needs(&seed("scripts/library")).unwrap().folders.len(), 2);
    assert_eq!(alternatives::parse(&String::from_utf8(seed("scripts/postinst")).unwrap()).len(), 4);
    for (name, rules, problems) in [("rules/good", 9, 0), ("rules/wrong", 1, 4)] {
        let file = RuleFile::read(&seed(name)).unwrap();
        assert_eq!((file.rules().count(), file.problems().count()), (rules, problems), "{name}");
    }
    serde_json::from_slice::<CellSpec>(&seed("words/cell")).unwrap();
    String::from_utf8(seed("words/cell-name")).unwrap().parse::<Cell>().unwrap();
}

#[test]
fn each_property_holds_for_the_seeds() {
    for (format, seed) in seeds() {
        (format.holds)(&seed);
    }
}

proptest! {
    #[test]
    fn each_property_holds_for_any_bytes(bytes: Vec<u8>, text in ".*") {
        for format in FORMATS {
            (format.holds)(&bytes);
            (format.holds)(text.as_bytes());
        }
    }
}

proptest! {
    // Each case takes one of about fifty seeds.
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn each_property_holds_for_changed_seeds(
        seed: Index,
        at: Index,
        length in 0_usize..6,
        new in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..6),
            "([0-9]{1,20}|\\PC{1,3}|[a-z+,:.\\[\\]{}\" ]{1,6})".prop_map(String::into_bytes),
        ],
    ) {
        let seeds = seeds();
        let (format, mut bytes) = seed.get(&seeds).clone();
        let begin = at.index(bytes.len() + 1);
        let end = (begin + length).min(bytes.len());
        bytes.splice(begin..end, new);
        (format.holds)(&bytes);
    }
}
