//! What is fixed about a scenario and its ways. What policies make of them is in `policy.rs`.

use std::io;

use crate::scene::{Scene, Shared};

/// A behaviour with a goal that a defender cares about.
#[derive(Debug)]
pub struct Scenario {
    /// The name used everywhere: `userns`.
    pub name: &'static str,
    /// One line for a reader: what is reached.
    pub about: &'static str,
    /// What shows that it was reached.
    pub effect: &'static str,
    /// The ways to reach it, then the allowed neighbours that a policy must let through.
    pub ways: &'static [&'static Way],
    /// The scenario whose policies it has: itself, as a rule.
    pub policy: &'static str,
    /// The system calls that documentation names for it. A textbook policy knows these, by their 64-bit numbers.
    pub textbook: &'static [Call],
    /// All system calls that can do it. A complete policy knows these, for 64-bit and 32-bit callers, and the
    /// operations of io_uring.
    pub complete: &'static [Call],
    /// The options of the kernel's configuration that it needs, as modules or built in.
    pub config: &'static [&'static str],
    /// Why the guest cannot have the scenario at all; `None` if it can.
    pub lack: fn() -> Option<String>,
    /// Whether a policy for system calls can be told to leave root alone, as that for user namespaces is.
    pub spares_root: bool,
    /// The file that the scenario is about, once it is set up.
    pub target: fn() -> Option<(u64, u64)>,
    /// The text that a record should name, where the scenario is about one: a variable's value.
    pub text: Option<&'static str>,
    /// The files that the policy's list allows, once the scenario is set up: devices and inodes. A policy that has such
    /// a list, the BPF map `allowed`, gets them when it is attached, and can get others later.
    pub allowed: fn() -> Vec<(u64, u64)>,
    /// The files that a policy by paths watches: each path with the accesses, in the letters of `auditctl -p`.
    pub files: &'static [(&'static str, &'static str)],
    /// Whether appending to these files is allowed.
    pub allows_append: bool,
    /// The paths of the files that the policy's list allows, for a policy that labels files.
    pub allowed_files: &'static [&'static str],
    /// The kernel function whose replacement can refuse it; `None` if none is known.
    pub replaced: Option<Replaced>,
    /// What the kernel's integrity measurement (IMA) lists of it; `None` if it is about nothing that IMA measures.
    pub measured: Option<Measured>,
    /// Settings of the whole system that refuse it, with their values: names as sysctl has them, or files in `/sys`, in
    /// whose paths a `*` stands for any text. A textbook policy has the first.
    pub settings: &'static [(&'static str, &'static str)],
    /// The programs that ways execute: this crate's own program under these names. Each gets its arguments and
    /// returns its exit code.
    pub images: &'static [Image],
    /// Prepares the guest for all ways, before the policy is attached. The runner calls it once.
    pub set_up: fn(&Scene) -> io::Result<()>,
    /// Makes everything as it was, before each way and with the policy attached: remove what an earlier way left.
    pub reset: fn(&Scene) -> io::Result<()>,
    /// Looks whether the effect is there, after a way has ended.
    pub has_effect: fn(&Scene, &Shared) -> io::Result<bool>,
}

impl PartialEq for Scenario {
    /// Names are unique.
    fn eq(&self, other: &Scenario) -> bool {
        self.name == other.name
    }
}

impl Eq for Scenario {}

impl Scenario {
    /// A scenario that needs nothing and has no ways yet. For `..Scenario::named(…)`.
    pub const fn named(
        name: &'static str,
        about: &'static str,
        effect: &'static str,
        has_effect: fn(&Scene, &Shared) -> io::Result<bool>,
    ) -> Scenario {
        Scenario {
            name,
            about,
            effect,
            ways: &[],
            policy: name,
            textbook: &[],
            complete: &[],
            config: &[],
            lack: || None,
            spares_root: false,
            target: || None,
            text: None,
            allowed: Vec::new,
            files: &[],
            allows_append: false,
            allowed_files: &[],
            replaced: None,
            measured: None,
            settings: &[],
            images: &[],
            set_up: |_| Ok(()),
            reset: |_| Ok(()),
            has_effect,
        }
    }

    /// The device and the inode of the file that the scenario is about, once it is set up; `None` if it is about no file.
    pub fn target(&self) -> Option<(u64, u64)> {
        (self.target)()
    }

    /// The allowed neighbours, in the order of the ways.
    pub fn neighbours(&self) -> impl Iterator<Item = &'static Way> + use<> {
        self.ways.iter().copied().filter(|way| way.kind == Kind::Allowed)
    }
}

/// A kernel function that livepatch replaces to refuse something. It returns 0 or an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// The function.
    pub function: &'static str,
    /// What decides whether a call is refused.
    pub about: About,
}

/// What decides whether a call of a replaced function is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The caller's user.
    User,
    /// The file that the first argument is.
    File,
    /// The file of the program that the first argument, a `struct linux_binprm`, is about.
    Program,
}

/// What IMA lists of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// The rules, as IMA reads them.
    pub rules: &'static [&'static str],
    /// The rules that a complete policy has in addition.
    pub more: &'static [&'static str],
    /// The paths of the files that the scenario is about, as far as a guest has them.
    pub files: &'static [&'static str],
}

/// A program that ways execute: its name, and what it does with its arguments; it returns its exit code.
pub type Image = (&'static str, fn(&[String]) -> i32);

/// One way to reach the goal of a scenario.
#[derive(Debug)]
pub struct Way {
    /// The name used everywhere: `clone3`.
    pub name: &'static str,
    /// One line for a reader.
    pub about: &'static str,
    /// Whether policies should see and stop it.
    pub kind: Kind,
    /// What the guest needs for it.
    pub needs: &'static [Need],
    /// Why the cost of an allowed neighbour would not be the policy's; `None` if it is.
    pub unpriced: Option<&'static str>,
    /// Why it is not rehearsed: it leaves something behind that nothing undoes. `None` if it is.
    pub unrehearsed: Option<&'static str>,
    /// Whether it runs as root. Else it runs as an ordinary user without capabilities.
    pub as_root: bool,
    /// Whether the policy is held by a process of its own, an agent, which reads the records as they come, as a daemon
    /// does. The way finds it in [`Shared::agent`]. Else the runner holds the policy.
    pub has_agent: bool,
    /// Makes it, in a child of the runner. It calls [`Scene::begin`] just before the decisive call and
    /// [`Scene::end`] after it. An error with an errno is what the kernel answered.
    pub run: fn(&Scene) -> io::Result<()>,
    /// Looks whether the effect is there, if the scenario's own check does not fit.
    pub has_effect: Option<fn(&Scene, &Shared) -> io::Result<bool>>,
}

impl Way {
    /// A way of an ordinary user without needs, which policies should stop. For `..Way::ordinary(…)`.
    pub const fn ordinary(name: &'static str, about: &'static str, run: fn(&Scene) -> io::Result<()>) -> Way {
        Way {
            name,
            about,
            kind: Kind::Forbidden,
            needs: &[],
            unpriced: None,
            unrehearsed: None,
            as_root: false,
            has_agent: false,
            run,
            has_effect: None,
        }
    }
}

/// What a policy should do about a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// See it and stop it.
    Forbidden,
    /// Let it through: an allowed neighbour, which a policy that stops it raises a false alarm for.
    Allowed,
}

/// What a way needs of the guest, apart from a kernel that has the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A module of the kernel's own package, loaded before: `overlay`. A kernel that has it built in is fine.
    Loaded(&'static str),
    /// A module of the kernel's own package, as a file: `dummy`.
    ModuleFile(&'static str),
    /// The same module compressed, as it is in the package.
    CompressedModuleFile(&'static str),
    /// A module of hookbench's own, which it builds for the kernel, as a file: `hookbench-hide`.
    BuiltModule(&'static str),
}

/// A call to the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The name, without `__NR_`.
    pub name: &'static str,
    /// The number for its callers.
    pub number: u32,
    /// Who calls it so.
    pub abi: Abi,
    /// The flags that make it such a call; `None` if it always is one.
    pub flags: Option<Flags>,
}

/// Flags in an argument of a call. A complete policy only looks at calls that have one of them set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags {
    /// The argument, from 0.
    pub argument: u8,
    /// The flags.
    pub mask: u32,
}

/// How a program reaches the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Abi {
    /// `syscall` on x86-64.
    Native,
    /// `int 0x80`, or a 32-bit program.
    Compat,
    /// A request to io_uring; the number is its opcode.
    Uring,
}

impl Call {
    /// A system call of 64-bit programs.
    pub const fn native(name: &'static str, number: std::ffi::c_long) -> Call {
        Call { name, number: number as u32, abi: Abi::Native, flags: None }
    }

    /// A system call of 32-bit programs, by its number in the kernel's `syscall_32.tbl`.
    pub const fn compat(name: &'static str, number: u32) -> Call {
        Call { name, number, abi: Abi::Compat, flags: None }
    }

    /// An operation of io_uring, by its number in the kernel's `io_uring.h`.
    pub const fn uring(name: &'static str, number: u32) -> Call {
        Call { name, number, abi: Abi::Uring, flags: None }
    }

    /// The call with one of the flags in `mask` set in its argument `argument`, which counts from 0. io_uring has
    /// no such arguments.
    pub const fn with(self, argument: u8, mask: u32) -> Call {
        Call { flags: Some(Flags { argument, mask }), ..self }
    }
}

/// What a way did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It reached the goal.
    Reached,
    /// It did not.
    NotReached,
}
