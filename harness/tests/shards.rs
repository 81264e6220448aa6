//! Merging the shards that several machines measured gives the run that one machine would
//! have produced, byte for byte.

use common::{HOOKBENCH, Place, same};

mod common;

const CELLS: &str = "--workload null-syscall,mprotect-storm --monitor audit+idle,kprobe+count --samples 10";

#[test]
fn shards_merge_to_the_bytes_of_one_machine_s_run() {
    let place = Place::new();
    place.succeed("whole", CELLS);
    for shard in 1..=3 {
        place.succeed(&format!("shard-{shard}"), &format!("{CELLS} --shard {shard}/3"));
    }
    let merge = |shards: &[u32], out: &str| {
        let mut command = place.command(HOOKBENCH);
        command.arg("merge").args(shards.iter().map(|shard| place.at(&format!("shard-{shard}"))));
        command.arg("--out").arg(place.at(out)).status().unwrap().code()
    };
    assert_eq!(merge(&[3, 1, 2], "merged"), Some(0), "{}", place.said());
    same(&place.at("whole"), &place.at("merged"));
    assert_eq!(merge(&[3, 1], "half"), Some(1));
    assert!(place.said().contains("these are missing: 2"), "{}", place.said());
    assert_eq!(merge(&[1, 2, 3], "merged"), Some(2), "a run is not written over");
}

#[test]
fn a_shard_without_a_cell_is_said_before_anything_is_booted() {
    let place = Place::new();
    let status = place.run("out", &format!("{CELLS} --shard 9/900")).status().unwrap();
    assert_eq!(status.code(), Some(2), "{}", place.said());
    assert!(place.said().contains("use fewer shards"), "{}", place.said());
}
