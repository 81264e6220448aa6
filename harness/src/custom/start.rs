//! Checks that a guest can start a program: its libraries, the interpreters of scripts,
//! and the tools of shell scripts are there. hookbench adds what every Debian has.

use std::path::Path;

use anyhow::{Result, bail};
use hookbench_vm::image::{Content, GuestFile};
use hookbench_vm::program::collect_from_host;
use hookbench_vm::script::{self, Script};
use hookbench_vm::tree::{Found, Tree};

use super::cannot_start::CannotStart;
use super::essential;
use super::payload::Payload;
use super::program::{Program, Search};

/// The most interpreters of interpreters that the kernel starts.
const DEEPEST: usize = 5;

/// Something that a script needs to start.
struct Missing {
    /// The script and what it names, for users.
    what: String,
    /// The interpreter's path, or the name of the program that `env` looks up.
    wanted: String,
}

/// What starts a program.
enum Start {
    /// Everything is there; this is the path of the program that runs in the end.
    Complete(String),
    /// An interpreter is missing.
    Lacks(Missing),
}

impl Search<'_> {
    /// Adds to the payload, or to the program's files, what the guest lacks to start it.
    ///
    /// # Errors
    /// [`CannotStart`] when that is not possible; it names what is missing.
    pub(super) fn complete(&self, program: &mut Program, payload: &mut Payload) -> Result<()> {
        for _ in 0..DEEPEST {
            let missing = match start(&program.path, &payload.tree(self.guest, &program.files))? {
                Start::Complete(path) => {
                    let is_bare = |tool: &&str| !payload.has_package(tool);
                    let lacking: Vec<&str> = essential::TOOLS.into_iter().filter(is_bare).collect();
                    if essential::is_shell(&path) && !lacking.is_empty() {
                        self.bring(&essential::TOOLS, &program.path, payload)?;
                    }
                    return Ok(());
                }
                Start::Lacks(missing) => missing,
            };
            self.supply(&missing, program, payload)?;
        }
        bail!(CannotStart(format!("{} needs more than {DEEPEST} interpreters", program.path)))
    }

    /// Adds a missing interpreter: an essential package, or this machine's if the program
    /// itself comes from this machine.
    fn supply(&self, missing: &Missing, program: &mut Program, payload: &mut Payload) -> Result<()> {
        let Missing { what, wanted } = missing;
        let name = wanted.rsplit('/').next().unwrap_or(wanted);
        let path = wanted.trim_start_matches('/');
        let is_usual = !wanted.contains('/')
            || ["bin", "usr/bin"].iter().any(|folder| path == format!("{folder}/{name}"));
        if let Some(package) =
            essential::package(name).filter(|package| is_usual && !payload.has_package(package))
        {
            return self.bring(&[package], what, payload);
        }
        // An interpreter with modules does not work without them.
        let host = Path::new(wanted);
        if !is_usual && wanted.starts_with('/') && host.is_file() && !program.files.is_empty() {
            (self.progress)(&format!("{wanted}: from this machine, for {what}"));
            program
                .files
                .extend(collect_from_host(host, path).map_err(|error| CannotStart(format!("{error:#}")))?);
            return Ok(());
        }
        let package = essential::likely_package(name);
        bail!(CannotStart(format!(
            "{what}, but {wanted} is neither in the guest nor in the payload; add its package, for example \
             with --bring {package}"
        )))
    }
}

/// Follows the interpreters of the program at `path`.
///
/// # Errors
/// [`CannotStart`] when the file cannot be executed, or a library is missing.
fn start(path: &str, tree: &Tree<'_>) -> Result<Start> {
    let mut path = path.to_string();
    for _ in 0..=DEEPEST {
        // A file that hookbench does not know before the guest boots.
        let Found::File(file) = tree.find(&path) else { return Ok(Start::Complete(path)) };
        let Content::File(bytes) = &file.content else { return Ok(Start::Complete(path)) };
        if file.mode & 0o111 == 0 {
            bail!(CannotStart(format!(
                "/{} cannot be executed; make it executable with chmod +x",
                file.path
            )));
        }
        let Some(Script { interpreter, program }) = script::read(bytes) else {
            check_libraries(file, tree)?;
            return Ok(Start::Complete(path));
        };
        let what = format!("the script /{} needs the interpreter {interpreter}", file.path);
        if !matches!(tree.find(&interpreter), Found::File(_)) {
            return Ok(Start::Lacks(Missing { what, wanted: interpreter }));
        }
        path = match program {
            Some(name) => match if name.contains('/') { tree.find(&name) } else { tree.program(&name) } {
                Found::File(file) => format!("/{}", file.path),
                _ => {
                    let what = format!("the script /{} starts {name:?} with {interpreter}", file.path);
                    return Ok(Start::Lacks(Missing { what, wanted: name }));
                }
            },
            None => interpreter,
        };
    }
    bail!(CannotStart(format!("{path} is a script whose interpreter is a script, and so on")))
}

fn check_libraries<'a>(file: &'a GuestFile, tree: &Tree<'a>) -> Result<()> {
    let lacks = tree.lacks(file);
    let Some(first) = lacks.first() else { return Ok(()) };
    let names: Vec<&str> = lacks.iter().map(|lack| lack.name.as_str()).collect();
    bail!(CannotStart(format!(
        "/{} cannot start: {} needs {}, which {} neither in the guest nor in the payload; add the packages of \
         these libraries with --bring PACKAGE",
        file.path,
        first.of,
        names.join(", "),
        if names.len() == 1 { "is" } else { "are" }
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_vm::cache::Cache;
    use hookbench_vm::userland::Userland;

    fn file(path: &str, text: &str) -> GuestFile {
        GuestFile { path: path.into(), mode: 0o755, content: Content::File(text.into()) }
    }

    fn link(path: &str, target: &str) -> GuestFile {
        GuestFile { path: path.into(), mode: 0o777, content: Content::Symlink(target.into()) }
    }

    /// Where the program `own/it` of this text starts, or what is missing.
    fn started(text: &str) -> String {
        let files = [
            file("own/it", text),
            file("own/second", "#!/own/third\n"),
            file("own/third", "#!/usr/bin/env sh\n"),
            file("own/round", "#!/own/round\n"),
            file("usr/bin/sh", "shell"),
            file("usr/bin/env", "env"),
            GuestFile { mode: 0o644, ..file("own/plain", "text") },
        ];
        match start("/own/it", &Tree::new([&files[..]])) {
            Ok(Start::Complete(path)) => path,
            Ok(Start::Lacks(missing)) => format!("{}: {}", missing.wanted, missing.what),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn interpreters_are_followed_until_a_program() {
        for (text, end) in [
            ("program", "/own/it"),
            ("#!/usr/bin/sh -e\n", "/usr/bin/sh"),
            ("#!/own/second\n", "/usr/bin/sh"),
            ("#!/proc/self/exe\n", "/proc/self/exe: the script /own/it needs the interpreter /proc/self/exe"),
            ("#!/bin/perl\n", "/bin/perl: the script /own/it needs the interpreter /bin/perl"),
            ("#!/usr/bin/env python3\n", "python3: the script /own/it starts \"python3\" with /usr/bin/env"),
        ] {
            assert_eq!(started(text), end, "{text}");
        }
        assert!(started("#!/own/round\n").contains("and so on"));
        assert!(started("#!/own/plain\n").contains("/own/plain cannot be executed"));
    }

    /// The error, or the path, of the word of a monitor in a guest with a few files.
    fn monitor(word: &str) -> String {
        let files = vec![
            link("bin", "usr/bin"),
            file("usr/bin/tool", "program"),
            link("usr/bin/gone", "gone-2"),
            file("own/brought", "program"),
            file("own/script", "#!/usr/bin/ruby\n"),
            GuestFile { mode: 0o644, ..file("own/plain", "program") },
        ];
        let guest = Userland { files, packages: Vec::new(), owners: Default::default() };
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        let search = Search { guest: &guest, cache: &cache, progress: &|_| () };
        let mut payload = Payload::default();
        let program = search.monitor(&[word.to_string()], &mut payload);
        match program.and_then(|mut program| search.complete(&mut program, &mut payload)) {
            Ok(()) => "starts".into(),
            Err(error) => {
                assert!(error.is::<CannotStart>(), "{error:#}");
                error.to_string()
            }
        }
    }

    #[test]
    fn a_monitor_is_a_program_of_the_guest_or_of_its_folder() {
        for word in ["tool", "/bin/tool", "/usr/bin/tool", "./brought", "/own/brought", "/proc/1/exe"] {
            assert_eq!(monitor(word), "starts", "{word}");
        }
        for (word, part) in [
            ("nowhere", "no program \"nowhere\" in the guest; add its package with --bring PACKAGE"),
            ("brought", "is started as cmd:./brought"),
            ("./tool", "no program \"./tool\" in the guest"),
            ("/opt/tool", "so start it as cmd:./NAME"),
            ("gone", "/usr/bin/gone is a link to gone-2, which is not there"),
            ("./script", "the script /own/script needs the interpreter /usr/bin/ruby, but"),
            ("./script", "--bring ruby"),
            ("./plain", "/own/plain cannot be executed"),
            ("", "no program"),
        ] {
            let error = monitor(word);
            assert!(error.contains(part), "{word}: {error}");
        }
    }
}
