//! Merging the shards that several machines measured gives the run that one machine would
//! have produced, byte for byte.

use common::{HOOKBENCH, Place, same};
use hookbench_results::attachments::{self, Attachment};
use hookbench_results::store::load;

mod common;

const CELLS: &str = "--workload null-syscall,mprotect-storm --monitor audit+idle,kprobe+count --samples 10";

#[test]
fn merged_shards_have_the_bytes_of_a_run_on_one_machine() {
    let place = Place::new();
    place.succeed("whole", CELLS);
    for shard in 1..=3 {
        place.succeed(&format!("shard-{shard}"), &format!("{CELLS} --shard {shard}/3"));
    }
    let attachment = Attachment::new("note", b"of the third shard".to_vec()).unwrap();
    let measured = load(&place.at("shard-3")).unwrap().measurements;
    let cell = &measured.last().unwrap().cell;
    attachments::replace(&place.at("shard-3"), cell, std::slice::from_ref(&attachment)).unwrap();
    let merge = |shards: &[u32], out: &str| {
        let mut command = place.command(HOOKBENCH);
        command.arg("merge").args(shards.iter().map(|shard| place.at(&format!("shard-{shard}"))));
        command.arg("--out").arg(place.at(out)).status().unwrap().code()
    };
    assert_eq!(merge(&[3, 1, 2], "merged"), Some(0), "{}", place.said());
    same(&place.at("whole"), &place.at("merged"));
    assert_eq!(attachments::read(&place.at("merged"), cell, "note").unwrap(), Some(attachment));
    assert_eq!(merge(&[3, 1], "half"), Some(1));
    assert!(place.said().contains("these are missing: 2"), "{}", place.said());
    assert_eq!(merge(&[1, 2, 3], "merged"), Some(2), "a run is not written over");
}

#[test]
fn an_empty_shard_is_refused_before_any_boot() {
    let place = Place::new();
    let status = place.run("out", &format!("{CELLS} --shard 9/900")).status().unwrap();
    assert_eq!(status.code(), Some(2), "{}", place.said());
    assert!(place.said().contains("use fewer shards"), "{}", place.said());
}
