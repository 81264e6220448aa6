//! Tests of the cache through its public functions.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use std::path::Path;

use anyhow::Result;

use super::kind::MIB;
use super::*;

const SNAPSHOT: Wanted<'static> = Wanted { kind: Kind::SNAPSHOTS, key: "a", source: "" };

/// Returns a cache in a folder that is removed with the first value.
fn cache() -> (tempfile::TempDir, Cache) {
    let temporary = tempfile::tempdir().unwrap();
    let cache = Cache::at(&temporary.path().join("cache")).unwrap();
    (temporary, cache)
}

fn silent(line: &str) {
    panic!("{line}");
}

/// Obtains the entry, which has this many bytes. Returns the lines of progress, too.
fn obtain(cache: &Cache, wanted: &Wanted<'_>, bytes: usize) -> (Result<Lease>, Vec<String>) {
    let reported = std::cell::RefCell::default();
    let progress = |line: &str| Vec::push(&mut *reported.borrow_mut(), line.to_owned());
    let lease = cache.obtain(wanted, &progress, |_, folder| {
        fs::write(folder.join("ram.bin"), vec![1; bytes])?;
        Ok("a guest".to_owned())
    });
    (lease, reported.into_inner())
}

fn names(cache: &Cache) -> Vec<String> {
    cache.items().unwrap().into_iter().map(|item| item.name).collect()
}

#[test]
fn an_entry_is_made_once_and_then_found() {
    let (_temporary, cache) = cache();
    assert!(cache.find(&SNAPSHOT, &silent).is_none());
    let made = obtain(&cache, &SNAPSHOT, 10).0.unwrap();
    let again = cache.obtain(&SNAPSHOT, &silent, |_, _| panic!("made twice")).unwrap();
    assert_eq!(again, made);
    assert_eq!(cache.find(&SNAPSHOT, &silent).unwrap(), made);
    assert_eq!(fs::read(made.file("ram.bin")).unwrap(), [1; 10]);
    let items = cache.items().unwrap();
    assert_eq!((items.len(), items[0].about.as_str(), items[0].kind), (1, "a guest", Kind::SNAPSHOTS));
}

#[test]
fn a_damaged_entry_is_made_again_and_reported() {
    let (_temporary, cache) = cache();
    let path = obtain(&cache, &SNAPSHOT, 10).0.unwrap().file("ram.bin");
    for damage in [&b"1111111111"[..], b"111", b""] {
        fs::write(&path, damage).unwrap();
        let (lease, reported) = obtain(&cache, &SNAPSHOT, 10);
        assert_eq!(fs::read(lease.unwrap().file("ram.bin")).unwrap(), [1; 10]);
        assert!(
            reported.len() == 1 && reported[0].contains("snapshots/a") && reported[0].contains("ram.bin"),
            "{reported:?}"
        );
    }
    fs::write(&path, "").unwrap();
    let reported = mpsc::channel();
    assert!(cache.find(&SNAPSHOT, &|line| reported.0.send(line.to_owned()).unwrap()).is_none());
    assert!(reported.1.recv().unwrap().contains("ram.bin"));
}

#[test]
fn an_entry_made_from_something_else_is_made_again() {
    let (_temporary, cache) = cache();
    obtain(&cache, &SNAPSHOT, 10).0.unwrap();
    let other = Wanted { source: "other", ..SNAPSHOT };
    let (lease, reported) = obtain(&cache, &other, 20);
    assert_eq!(fs::read(lease.unwrap().file("ram.bin")).unwrap().len(), 20);
    assert!(reported[0].contains("something else"), "{reported:?}");
    assert!(cache.find(&SNAPSHOT, &|_| ()).is_none());
}

#[test]
fn an_entry_in_use_is_neither_removed_nor_replaced() {
    let (_temporary, cache) = cache();
    let lease = obtain(&cache, &SNAPSHOT, 10).0.unwrap();
    let remove = || cache.lock(&silent).unwrap().remove(Kind::SNAPSHOTS, "a").unwrap();
    let clone = lease.clone();
    drop(lease);
    assert!(!remove());
    let error = obtain(&cache, &Wanted { source: "other", ..SNAPSHOT }, 10).0.unwrap_err().to_string();
    assert!(error.contains("snapshots/a") && error.contains(VARIABLE), "{error}");
    assert!(clone.file("ram.bin").exists());
    assert_eq!(fs::read_dir(cache.root()).unwrap().count(), 2, "only snapshots and lock");
    drop(clone);
    assert!(remove() && remove());
    assert!(names(&cache).is_empty());
}

#[test]
fn above_the_limit_the_least_recently_used_entry_is_removed() {
    let (_temporary, cache) = cache();
    let cache = cache.with_limit(MIB);
    let snapshot = |key| Wanted { key, ..SNAPSHOT };
    let third = 300_000;
    for key in ["a", "b", "c"] {
        assert!(obtain(&cache, &snapshot(key), third).1.is_empty());
    }
    let of_another_kind = Wanted { kind: Kind::IMAGES, ..SNAPSHOT };
    obtain(&cache, &of_another_kind, 3 * third).0.unwrap();
    // Used again, so that `b` is now the oldest.
    drop(cache.find(&snapshot("a"), &silent).unwrap());
    let (new, reported) = obtain(&cache, &snapshot("d"), third);
    assert!(reported.len() == 1 && reported[0].contains("removed snapshots/b"), "{reported:?}");
    drop(new);
    let used = cache.find(&snapshot("c"), &silent).unwrap();
    let (new, reported) = obtain(&cache, &snapshot("e"), 2 * MIB as usize);
    assert!(reported.iter().any(|line| line.contains("kept snapshots/c")), "{reported:?}");
    drop((used, new));
    assert_eq!(names(&cache), ["a", "c", "e"], "an image, and snapshots");
}

#[test]
fn holes_do_not_count() {
    let (_temporary, cache) = cache();
    let cache = cache.with_limit(MIB);
    for key in ["a", "b", "c"] {
        let lease = cache.obtain(&Wanted { key, ..SNAPSHOT }, &silent, |_, folder| {
            fs::File::create(folder.join("ram.bin"))?.set_len(256 * MIB)?;
            Ok("a guest".to_owned())
        });
        lease.unwrap();
    }
    assert_eq!(names(&cache).len(), 3);
}

#[test]
fn only_one_of_many_threads_makes_an_entry() {
    let (_temporary, cache) = cache();
    let made = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let lease = cache.obtain(&SNAPSHOT, &|_| (), |_, folder| {
                    made.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(std::time::Duration::from_millis(50));
                    Ok(fs::write(folder.join("ram.bin"), "x").map(|()| String::new())?)
                });
                assert!(lease.unwrap().file("ram.bin").exists());
            });
        }
    });
    assert_eq!(made.into_inner(), 1);
}

#[test]
fn threads_that_replace_each_others_entries_do_no_harm() {
    let (_temporary, cache) = cache();
    // Nothing fits, so each new entry removes the others that are not in use.
    let cache = cache.with_limit(0);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let cache = &cache;
            scope.spawn(move || {
                for round in 0..20 {
                    let key = format!("{}", (thread + round) % 3);
                    let wanted = Wanted { key: &key, ..SNAPSHOT };
                    let (lease, _) = obtain(cache, &wanted, 1000);
                    assert_eq!(fs::read(lease.unwrap().file("ram.bin")).unwrap(), [1; 1000]);
                }
            });
        }
    });
}

#[test]
fn everything_is_private_to_the_owner() {
    let (_temporary, cache) = cache();
    obtain(&cache, &SNAPSHOT, 10).0.unwrap();
    for (path, metadata) in tree::below(cache.root()).unwrap() {
        let mode = if metadata.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{}", path.display());
    }
}

#[test]
fn a_failed_entry_leaves_nothing() {
    let (_temporary, cache) = cache();
    let failed = cache.obtain(&SNAPSHOT, &silent, |_, folder| {
        fs::write(folder.join("ram.bin"), "half")?;
        anyhow::bail!("no more")
    });
    assert_eq!(failed.unwrap_err().to_string(), "no more");
    let left: Vec<_> = fs::read_dir(cache.root()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["lock"]);
}

#[test]
fn an_unfinished_folder_is_removed() {
    let (_temporary, cache) = cache();
    let left = cache.lock(&silent).unwrap().scratch().unwrap().keep();
    fs::create_dir(cache.root().join("kernels")).unwrap();
    cache.lock(&silent).unwrap();
    assert!(!left.exists() && cache.root().join("kernels").exists());
}

#[test]
fn a_second_lock_waits_and_reports_it() {
    let (_temporary, cache) = cache();
    let held = cache.lock(&silent).unwrap();
    std::thread::scope(|scope| {
        let (reported, heard) = mpsc::channel();
        let cache = &cache;
        let waiter = scope.spawn(move || {
            cache.lock(&|line| reported.send(line.to_owned()).unwrap()).unwrap();
        });
        assert!(heard.recv().unwrap().contains("waiting"));
        drop(held);
        waiter.join().unwrap();
    });
}

#[test]
fn a_name_that_would_leave_the_cache_is_refused() {
    let (_temporary, cache) = cache();
    for key in ["", ".", "..", "../a", "a/b", ".hidden"] {
        let error = obtain(&cache, &Wanted { key, ..SNAPSHOT }, 1).0.unwrap_err().to_string();
        assert!(error.contains("not a valid name"), "{error}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let error = format!("{:#}", Cache::at(Path::new("/dev/null/cache")).unwrap_err());
    assert!(error.contains("/dev/null/cache") && error.contains(VARIABLE), "{error}");
}
