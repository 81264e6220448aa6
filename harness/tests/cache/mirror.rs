//! Kernel packages that the mirror removed or replaced. The tests have a mirror in a
//! folder and tell apt to use it instead of the machine's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hookbench_results::store::load;

use super::private_cache::{CELL, HOOKBENCH, PrivateCache, flip, text, unshared};

/// An unsigned mirror with one suite.
struct Mirror {
    folder: PathBuf,
}

impl Mirror {
    /// Creates a mirror next to the cache of `private`.
    fn new(private: &PrivateCache) -> Mirror {
        let mirror = Mirror { folder: private.folder.path().join("mirror") };
        fs::create_dir_all(mirror.folder.join("pool")).unwrap();
        let place = mirror.folder.display();
        fs::write(mirror.folder.join("sources.list"), format!("deb copy:{place} bookworm main\n")).unwrap();
        let configuration = format!(
            "Acquire::AllowInsecureRepositories \"true\";\nAPT::Get::AllowUnauthenticated \"true\";\n\
             Dir::Etc::sourcelist \"{place}/sources.list\";\nDir::Etc::sourceparts \"/dev/null\";\n"
        );
        fs::write(mirror.configuration(), configuration).unwrap();
        mirror
    }

    /// The file for the variable `APT_CONFIG`.
    fn configuration(&self) -> PathBuf {
        self.folder.join("apt.conf")
    }

    /// Replaces the content of the mirror with this package, whose image is `kernel`.
    fn has(&self, package: &str, kernel: &Path) {
        let made = tempfile::tempdir().unwrap();
        let control = format!(
            "Package: {package}\nVersion: 6.1.7-1\nArchitecture: amd64\nMaintainer: a <a@example.org>\n\
             Description: a kernel\n"
        );
        for folder in ["DEBIAN", "boot"] {
            fs::create_dir(made.path().join(folder)).unwrap();
        }
        fs::write(made.path().join("DEBIAN/control"), &control).unwrap();
        fs::copy(kernel, made.path().join("boot/vmlinuz-6.1.0")).unwrap();
        let file = self.folder.join("pool").join(format!("{package}.deb"));
        output(
            Command::new("dpkg-deb").args(["--root-owner-group", "-Znone", "-b"]).arg(made.path()).arg(&file),
        );
        let row = format!(
            "{control}Filename: pool/{package}.deb\n{}\n",
            size_and_hash(&file, "Size: ", "SHA256: ")
        );
        self.lists(&row);
    }

    /// Writes the list of packages.
    fn lists(&self, packages: &str) {
        let suite = self.folder.join("dists/bookworm");
        let list = suite.join("main/binary-amd64/Packages");
        fs::create_dir_all(list.parent().unwrap()).unwrap();
        fs::write(&list, packages).unwrap();
        let release = format!(
            "Suite: bookworm\nCodename: bookworm\nDate: Sat, 01 Jan 2022 00:00:00 UTC\nArchitectures: amd64\n\
             Components: main\nSHA256:\n {} main/binary-amd64/Packages\n",
            size_and_hash(&list, "", "").lines().rev().collect::<Vec<_>>().join(" ")
        );
        fs::write(suite.join("Release"), release).unwrap();
    }

    /// Runs one cell. Returns the exit code and standard error.
    fn run(&self, private: &PrivateCache, out: &str) -> (Option<i32>, String) {
        let mut command = private.command();
        command.env("APT_CONFIG", self.configuration()).args(CELL.split_whitespace()).arg(out);
        let output = command.output().unwrap();
        (output.status.code(), text(&output.stderr))
    }
}

fn size_and_hash(file: &Path, size: &str, hash: &str) -> String {
    let sum = output(Command::new("sha256sum").arg(file));
    let bytes = fs::metadata(file).unwrap().len();
    format!("{size}{bytes}\n{hash}{}", sum.split_whitespace().next().unwrap())
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// A cache whose kernel was removed, and the image of that kernel.
fn without_kernel() -> (PrivateCache, PathBuf) {
    let private = PrivateCache::new();
    let image = private.folder.path().join("image");
    fs::rename(private.path("kernels/6.1/vmlinux"), &image).unwrap();
    fs::remove_dir_all(private.path("kernels/6.1")).unwrap();
    (private, image)
}

#[test]
fn a_kernel_that_the_mirror_removed_runs_from_the_cache_or_is_reported() {
    let private = PrivateCache::new();
    let mirror = Mirror::new(&private);
    mirror.has("linux-image-6.2.0-1-cloud-amd64", Path::new("/etc/hostname"));
    let (code, said) = mirror.run(&private, "cached");
    assert_eq!(code, Some(0), "{said}");
    fs::remove_dir_all(private.path("kernels")).unwrap();
    let (code, said) = mirror.run(&private, "gone");
    assert_eq!(code, Some(1), "{said}");
    let words = [
        "failed to get the kernel 6.1",
        "pass the path of a bzImage",
        "no package linux-image-6.1.0-*-cloud-amd64 in bookworm, bookworm-security",
        "nearest: linux-image-6.2.0-1-cloud-amd64",
        "check apt's sources",
    ];
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn if_one_of_several_kernels_is_gone_the_others_run() {
    let private = PrivateCache::new();
    let mirror = Mirror::new(&private);
    mirror.has("linux-image-6.17.3+deb13-cloud-amd64", Path::new("/etc/hostname"));
    let two = |out: &str| {
        let mut command = private.command();
        command.env("APT_CONFIG", mirror.configuration()).args(CELL.split_whitespace()).arg(out);
        let output = command.args(["--kernel", "6.1,6.12"]).output().unwrap();
        (output.status.code(), text(&output.stderr))
    };
    let (code, said) = two("out");
    assert_eq!(code, Some(0), "{said}");
    let run = load(&private.folder.path().join("out")).unwrap();
    let outcomes: Vec<_> =
        run.measurements.iter().map(|m| (m.cell.kernel.as_str(), m.outcome.word())).collect();
    assert_eq!(outcomes, [("6.1", "measured"), ("6.12", "unsupported")]);
    let reason = run.measurements[1].outcome.reason();
    assert!(reason.contains("no package linux-image-6.12.*-cloud-amd64 in bookworm"), "{reason}");
    assert!(reason.ends_with("nearest to it are 6.17"), "{reason}");
    // A mirror that does not answer may still have the kernel.
    fs::remove_dir_all(mirror.folder.join("dists")).unwrap();
    fs::remove_dir_all(private.path("apt")).unwrap();
    let (code, said) = two("unreachable");
    assert!(code == Some(1) && said.contains("failed to read the package lists"), "{said}");
}

#[test]
fn a_kernel_that_the_mirror_replaced_is_found_in_fresh_lists() {
    let (private, image) = without_kernel();
    let mirror = Mirror::new(&private);
    mirror.has("linux-image-6.1.0-7-cloud-amd64", Path::new("/etc/hostname"));
    let (code, said) = mirror.run(&private, "listed");
    assert!(code == Some(1) && said.contains("not a kernel"), "{said}");
    // The lists that hookbench just read name a package that is gone now.
    fs::remove_file(mirror.folder.join("pool/linux-image-6.1.0-7-cloud-amd64.deb")).unwrap();
    let (code, said) = mirror.run(&private, "gone");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("failed to download linux-image-6.1.0-7-cloud-amd64"), "{said}");
    assert_eq!(said.matches("reading the package lists").count(), 1, "{said}");
    assert_eq!(said.matches("\ndownloading").count(), 1, "{said}");

    mirror.has("linux-image-6.1.0-8-cloud-amd64", &image);
    let (code, said) = mirror.run(&private, "replaced");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("downloading linux-image-6.1.0-7-cloud-amd64"), "{said}");
    assert!(said.contains("unpacking linux-image-6.1.0-8-cloud-amd64"), "{said}");
    private.is_private();
    let (code, said) = mirror.run(&private, "cached");
    assert!(code == Some(0) && !said.contains("downloading"), "{said}");
    flip(&private.path("kernels/6.1/vmlinux"));
    let (code, said) = mirror.run(&private, "damaged");
    assert!(code == Some(0) && said.contains("downloading"), "{said}");
    assert!(said.contains("kernels/6.1 in the cache is made again: its vmlinux was changed"), "{said}");
}

#[test]
fn damaged_programs_are_not_used_even_without_a_replacement() {
    let private = PrivateCache::new();
    let mirror = Mirror::new(&private);
    mirror.has("linux-image-6.1.0-7-cloud-amd64", Path::new("/etc/hostname"));
    // A cache that has been in use for long has more than one.
    for entry in fs::read_dir(private.path("userland")).unwrap() {
        flip(&entry.unwrap().path().join("root/usr/bin/bash"));
    }
    let (code, said) = mirror.run(&private, "out");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("its root/usr/bin/bash was changed") && said.contains("no package"), "{said}");
}

#[test]
fn two_runs_on_an_empty_cache_download_the_kernel_once() {
    let (private, image) = without_kernel();
    let mirror = Mirror::new(&private);
    mirror.has("linux-image-6.1.0-7-cloud-amd64", &image);
    std::thread::scope(|scope| {
        let runs = ["one", "two"].map(|out| scope.spawn(|| mirror.run(&private, out)));
        let ended = runs.map(|run| run.join().unwrap());
        let said: String = ended.iter().map(|(_, said)| said.as_str()).collect();
        assert!(ended.iter().all(|(code, _)| *code == Some(0)), "{said}");
        assert_eq!(said.matches("downloading").count(), 1, "{said}");
    });
}

#[test]
fn a_full_disk_leaves_nothing_of_a_package() {
    let (private, image) = without_kernel();
    let mirror = Mirror::new(&private);
    mirror.has("linux-image-6.1.0-7-cloud-amd64", &image);
    let small = private.folder.path().join("small");
    fs::create_dir(&small).unwrap();
    let kernel = fs::metadata(&image).unwrap().len() >> 20;
    // Too small for the package, and too small for the package and its content.
    for size in [kernel / 2, kernel + kernel / 2] {
        let (code, said) = unshared(&format!(
            "mount -t tmpfs -o size={size}m,mode=700 tmpfs {at}; export HOOKBENCH_CACHE={at} APT_CONFIG={conf}; \
             code=0; {HOOKBENCH} {CELL} {out} || code=$?; ls {at}; exit $code",
            at = small.display(),
            conf = mirror.configuration().display(),
            out = private.folder.path().join("out").display(),
        ));
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("No space left on device") || said.contains("check that there is free space"),
            "{said}"
        );
        let left: Vec<&str> = said.lines().filter(|line| !line.contains(' ')).collect();
        assert_eq!(left, ["apt", "lock"], "{said}");
    }
}
