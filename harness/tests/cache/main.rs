//! The cache as a user has it: damaged, read-only, too small, shared by two runs, or with
//! a mirror that lost a package. Each test has a separate cache, filled from the user's.

mod mirror;
mod private_cache;
mod snapshots;

#[path = "../common/mod.rs"]
mod common;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use hookbench_results::store::load;
use hookbench_vm::cache::Cache;
use hookbench_vm::kernel::Kernel;
use hookbench_vm::kernels;

use private_cache::{CELL, HOOKBENCH, PrivateCache, flip, text, unshared};

#[test]
fn list_shows_what_there_is_and_clean_removes_it() {
    let private = PrivateCache::new();
    let (listed, _) = private.succeed("cache list");
    for word in ["kernels", "6.1", "linux-image-6.1.0-", "userland", "now", "MiB", "HOOKBENCH_CACHE_LIMIT"] {
        assert!(listed.contains(word), "{word}: {listed}");
    }
    assert!(listed.contains(private.root().to_str().unwrap()), "{listed}");
    let (cleaned, _) = private.succeed("cache clean userland snapshots");
    assert!(cleaned.starts_with("freed ") && !cleaned.starts_with("freed 0.0"), "{cleaned}");
    assert!(
        private.path("kernels/6.1").exists() && fs::read_dir(private.path("userland")).unwrap().count() == 0
    );

    let cache = Cache::at(&private.root()).unwrap();
    let used = Kernel::fetch(kernels::default().unwrap(), &cache, &|line| panic!("{line}")).unwrap();
    let (kept, _) = private.succeed("cache clean");
    assert!(kept.contains("kept kernels/6.1") && used.vmlinux.exists(), "{kept}");
    drop(used);
    assert!(private.succeed("cache clean").0.contains("; now 0.0 MiB in "));
    assert_eq!(private.succeed("cache list").0.lines().count(), 2);

    let wrong = private.hookbench("cache clean dreams");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("snapshots"), "{wrong:?}");
}

#[test]
fn the_cache_limit_must_be_a_number() {
    let private = tempfile::tempdir().unwrap();
    let mut command = Command::new(HOOKBENCH);
    command
        .args(["cache", "list"])
        .env("HOOKBENCH_CACHE", private.path())
        .env("HOOKBENCH_CACHE_LIMIT", "much");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("HOOKBENCH_CACHE_LIMIT"), "{output:?}");
}

#[test]
fn a_damaged_image_is_rebuilt_and_the_cache_is_private() {
    let private = PrivateCache::new();
    private.succeed(&format!("{CELL} one"));
    let images = fs::read_dir(private.path("images")).unwrap();
    let images: Vec<PathBuf> = images.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(images.len(), 1);
    flip(&images[0].join("image.cpio"));
    let (_, said) = private.succeed(&format!("{CELL} two"));
    assert!(said.contains("is made again: its image.cpio was changed"), "{said}");
    let read = |name: &str| fs::read(private.folder.path().join(name).join("results.csv")).unwrap();
    assert_eq!(read("one"), read("two"));
    private.is_private();
}

#[test]
fn a_read_only_cache_is_used() {
    let private = PrivateCache::new();
    private.succeed(&format!("{CELL} warm"));
    // As if another user had made the cache, without even a lock.
    fs::remove_file(private.path("lock")).unwrap();
    let root = private.root();
    let at = root.display();
    let read_only =
        format!("mount --bind {at} {at}; mount -o remount,bind,ro {at}; export HOOKBENCH_CACHE={at}");
    let out = private.folder.path().join("read-only");
    let (code, said) = unshared(&format!("{read_only}; {HOOKBENCH} {CELL} {}", out.display()));
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(load(&out).unwrap().count("measured"), 1);
    for (script, word) in [("cache list", "6.1"), ("doctor --offline", "which is read-only")] {
        let (code, said) = unshared(&format!("{read_only}; {HOOKBENCH} {script}"));
        assert!(code == Some(0) && said.contains(word), "{script}: {said}");
    }
    for arguments in
        [format!("{CELL} {} --kernel 6.12", out.with_extension("new").display()), "cache clean".into()]
    {
        let (code, said) = unshared(&format!("{read_only}; {HOOKBENCH} {arguments}"));
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("set HOOKBENCH_CACHE") && said.contains("Read-only file system"), "{said}");
        assert!(said.contains("kernels/6.12 is not in the cache") || arguments == "cache clean", "{said}");
    }
}

#[test]
fn two_runs_share_a_cache_and_one_fills_it() {
    let private = PrivateCache::new();
    let runs = ["one", "two"].map(|out| {
        let mut command = private.command();
        command.args(CELL.split_whitespace()).arg(out).stderr(Stdio::piped()).stdout(Stdio::null());
        command.spawn().unwrap()
    });
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    for kind in ["images", "snapshots"] {
        assert_eq!(fs::read_dir(private.path(kind)).unwrap().count(), 1, "{kind}");
    }
    let read = |name: &str| fs::read(private.folder.path().join(name).join("results.csv")).unwrap();
    assert_eq!(read("one"), read("two"));
}

#[test]
fn a_full_disk_is_reported_and_leaves_nothing_incomplete() {
    let private = PrivateCache::new();
    let small = private.folder.path().join("small");
    fs::create_dir(&small).unwrap();
    let (at, kernel) = (small.display(), private.path("kernels/6.1/vmlinux"));
    let (code, said) = unshared(&format!(
        "mount -t tmpfs -o size=20m,mode=700 tmpfs {at}; export HOOKBENCH_CACHE={at}/cache; code=0; \
         {HOOKBENCH} {CELL} {at}/run --kernel {} || code=$?; find {at} -type f; exit $code",
        kernel.display()
    ));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("No space left on device") && said.contains("/vmlinux"), "{said}");
    let left: Vec<&str> = said.lines().filter(|line| line.starts_with('/')).collect();
    assert_eq!(left, [small.join("cache/lock").to_str().unwrap()]);
}
