//! The guest's userland, out of the mirror's packages or out of the user's cache.

use std::collections::BTreeSet;

use hookbench_vm::cache::Cache;
use hookbench_vm::{image, userland};

#[test]
fn the_guests_programs_are_fetched_once() {
    let cache = Cache::open().unwrap();
    let fetched = userland::fetch(&cache, &|line| println!("{line}")).unwrap();
    assert_eq!(userland::fetch(&cache, &|line| panic!("{line}")).unwrap(), fetched);

    let table: toml::Table = toml::from_str(include_str!("../guest.toml")).unwrap();
    let listed = |key: &str| -> Vec<String> { table[key].clone().try_into().unwrap() };
    let names: Vec<String> = fetched.packages.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, listed("packages"));
    let paths: BTreeSet<&str> = fetched.files.iter().map(|file| file.path.as_str()).collect();
    for path in listed("programs").iter().chain(&listed("copies")) {
        assert!(paths.contains(path.as_str()), "{path}");
    }
    assert!(paths.contains("usr/lib64/ld-linux-x86-64.so.2"));
    assert_eq!(image::build(&fetched.files).unwrap(), image::build(&fetched.files).unwrap());
}
