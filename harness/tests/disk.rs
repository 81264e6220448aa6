//! Full disks: whichever file does not fit, the error names it, hookbench keeps finished
//! measurements, and with free space the resumed run ends with the same bytes. The disk
//! is a tmpfs in a separate mount namespace.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use common::{HOOKBENCH, Place, files, same, text};
use hookbench_results::Run;
use hookbench_results::store::{JOURNAL_FILE, Journal, RUN_FILE, describe, is_part, save};

mod common;

const PAGE: u64 = 4096;

/// Runs `script` in a shell with a small disk, `disk`. In the script, `room N` leaves N
/// bytes free, and `try NAME` runs hookbench into `disk/run` and saves its output, its
/// exit code and the folder.
fn on_a_small_disk(place: &Place, cells: &str, script: &str) {
    let script = format!(
        "set -e; cd {place}; mkdir disk tried; mount -t tmpfs -o size=8m tmpfs disk
         room() {{ rm -f disk/filler; cat /dev/zero > disk/filler 2>/dev/null || true
                   truncate -s -$1 disk/filler; }}
         try() {{ mkdir tried/$1; code=0
                  {HOOKBENCH} run {cells} --out disk/run $2 >tried/$1/stdout 2>tried/$1/stderr || code=$?
                  echo $code >tried/$1/code; if test -d disk/run; then cp -r disk/run tried/$1/run; fi; }}
         {script}",
        place = place.at("").display()
    );
    let output = Command::new("unshare").args(["-rm", "sh", "-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

/// The output of a try, and its exit code.
fn tried(place: &Place, name: &str) -> (String, String) {
    let read = |file: &str| text(&fs::read(place.at("tried").join(name).join(file)).unwrap());
    (read("stderr"), read("code").trim().into())
}

/// Asserts that a try failed because the disk was full, and said so and what to do.
/// Returns the file that it named.
fn full(place: &Place, name: &str) -> &'static str {
    let (said, code) = tried(place, name);
    assert_eq!(code, "1", "{name}: {said}");
    for part in ["No space left", "free some space", "--resume"] {
        assert!(said.contains(part), "{name}: {said}");
    }
    let named = files().chain([JOURNAL_FILE]).find(|file| said.contains(&format!("disk/run/{file}: ")));
    named.unwrap_or_else(|| panic!("{name} names no file: {said}"))
}

fn ended(place: &Place, name: &str, whole: &Path) {
    let (said, code) = tried(place, name);
    assert_eq!(code, "0", "{name}: {said}");
    let run = place.at("tried").join(name).join("run");
    same(whole, &run);
    let parts = fs::read_dir(&run).unwrap().flatten();
    assert_eq!(parts.filter(|entry| is_part(&entry.file_name().to_string_lossy())).count(), 0);
}

#[test]
fn whichever_file_does_not_fit_the_resumed_run_ends_with_the_same_bytes() {
    let place = Place::new();
    let cells = "--workload null-syscall --monitor audit+idle --samples 100";
    place.succeed("whole", cells);
    // All cells have ended and nothing else is written, so the rest needs no guest.
    let whole = place.at("whole");
    let seed = place.at("seed");
    fs::create_dir(&seed).unwrap();
    save(&Run { measurements: Vec::new(), ..describe(&whole).unwrap() }, &seed).unwrap();
    fs::copy(whole.join(JOURNAL_FILE), seed.join(JOURNAL_FILE)).unwrap();
    // Leave space for the files before each file, but none for the file itself. A second
    // link keeps the space of a replaced file, which the next file could use otherwise.
    let mut room = 0;
    let mut script = String::new();
    for (number, file) in files_as_written().enumerate() {
        script += &format!(
            "rm -rf disk/*; cp -r seed disk/run; touch disk/run/{file}.part-1
             cp -rl disk/run disk/old
             room {room}; try full-{number} --resume; rm disk/filler; try then-{number} --resume\n"
        );
        room += fs::metadata(whole.join(file)).unwrap().len().div_ceil(PAGE) * PAGE;
    }
    on_a_small_disk(&place, cells, &script);
    let named: BTreeSet<&str> =
        (0..files_as_written().count()).map(|number| full(&place, &format!("full-{number}"))).collect();
    assert_eq!(named, files().collect(), "not every file was hit");
    (0..files_as_written().count()).for_each(|number| ended(&place, &format!("then-{number}"), &whole));
}

/// The files in the order in which they are written: samples before the description.
fn files_as_written() -> impl Iterator<Item = &'static str> {
    let mut all: Vec<_> = files().collect();
    all.swap(0, 1);
    all.into_iter()
}

#[test]
fn a_journal_on_a_full_disk_keeps_its_complete_lines() {
    let place = Place::new();
    let cells = "--workload null-syscall --monitor audit+idle,audit+rules --samples 2000 --jobs 1";
    place.succeed("whole", cells);
    // Leave space for the first files of a run and for a part of the journal.
    let size = |file| fs::metadata(place.at("whole").join(file)).unwrap().len();
    let begin = (size(RUN_FILE) / PAGE + 2) * PAGE;
    let journal = size(JOURNAL_FILE) / 2 / PAGE * PAGE;
    on_a_small_disk(
        &place,
        cells,
        &format!(
            "room 0; try never; rm disk/filler; rm -rf disk/run
             room {}; try full; rm disk/filler; try then --resume",
            begin + journal
        ),
    );
    assert!(files().any(|file| file == full(&place, "never")));
    assert_eq!(full(&place, "full"), JOURNAL_FILE);
    let kept = Journal::read(&place.at("tried/full/run")).unwrap();
    assert!(!kept.measurements.is_empty() && !kept.torn && kept.ignored.is_empty());
    ended(&place, "then", &place.at("whole"));
}
