//! An SELinux module, linked to a small policy that allows everything else. hookbench compiles them; the guest loads
//! them. The process of a way moves to its domain just before its decisive call.

use std::ffi::CString;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

use super::denials::{Denials, object, value};
use super::modules::{allowing, compiled, lack_of};
use super::{Attach, Attached};
use crate::confine::Confine;
use crate::exchange::Record;
use crate::policy_file::selinux::{UNCONFINED, USER, labels, rules};
use crate::scene::Scene;
use crate::subject::Subject;
use crate::sys::{self, check};

/// SELinux's own file system.
const FOLDER: &str = "/sys/fs/selinux";
/// Where a task moves to a domain.
const CURRENT: &str = "/proc/thread-self/attr/current";

/// The domain that ways of root move to.
const ROOT: &str = "sysadm_t";

/// A policy that is loaded.
struct Module {
    names: Vec<String>,
    lacks: Vec<String>,
    /// Paths of files, and their contexts.
    labels: Vec<(String, String)>,
    denials: Denials,
    /// The policy that comes back after it, if there was one.
    before: Option<Vec<u8>>,
}

/// Loads the policy for `subject`, and has `scene` move each way to its domain.
///
/// # Errors
/// When the kernel refuses it.
pub(super) fn attach(subject: Subject, scene: &mut Scene) -> Result<Attach> {
    if let Some(why) = lack_of("selinux") {
        return Ok(Attach::Unsupported(why));
    }
    let Some(policy) = compiled("selinux")? else {
        return Ok(Attach::Unsupported("SELinux has no rules about that".into()));
    };
    let (known, unknown): (Vec<_>, Vec<_>) =
        rules(&subject).into_iter().partition(|rule| !rule.is_about_namespaces() || knows_namespaces());
    let texts = |rules: Vec<_>| rules.iter().map(ToString::to_string).collect::<Vec<String>>();
    let (names, lacks) = (texts(known), texts(unknown));
    if names.is_empty() && !lacks.is_empty() {
        return Ok(Attach::Unsupported("this kernel does not ask SELinux about user namespaces".into()));
    }
    load(&policy)?;
    move_to(UNCONFINED).context("failed to move to a domain of the policy")?;
    confine(subject.scenario.spares_root, scene);
    let (labels, denials) = (labels(&subject), Denials::new(subject, describe));
    let module = Module { names, lacks, labels, denials, before: allowing("selinux")? };
    module.label()?;
    Ok(Attach::Attached(Box::new(module)))
}

/// Loads a policy that denies nothing, and has `scene` move to the domains that the policy for `subject` is about.
/// Returns whether it did.
///
/// # Errors
/// When the kernel refuses it.
pub(super) fn prepare(subject: &Subject, scene: &mut Scene) -> Result<bool> {
    let Some(policy) = allowing("selinux")?.filter(|_| lack_of("selinux").is_none()) else {
        return Ok(false);
    };
    load(&policy)?;
    move_to(UNCONFINED).context("failed to move to a domain of the policy")?;
    confine(subject.scenario.spares_root, scene);
    knows_namespaces();
    Ok(true)
}

/// Loads a policy, which the kernel then enforces.
fn load(policy: &[u8]) -> Result<()> {
    let file = format!("{FOLDER}/load");
    if !Path::new(&file).exists() {
        sys::mount("selinuxfs", FOLDER, Some("selinuxfs"), 0, "").context("failed to mount selinuxfs")?;
    }
    fs::write(&file, policy).with_context(|| format!("failed to load the policy by {file}"))?;
    let enforced = fs::read_to_string(format!("{FOLDER}/enforce")).context("failed to ask SELinux")?;
    ensure!(enforced.trim() == "1", "the kernel does not enforce SELinux's policy");
    Ok(())
}

/// Has `scene` move each way to the domain of its user. Where the policy spares root, root stays where it is.
fn confine(spares_root: bool, scene: &mut Scene) {
    scene.confine = Some(Confine::Itself(Box::new(move || {
        // SAFETY: asks for a number.
        match unsafe { libc::geteuid() } {
            0 if spares_root => Ok(()),
            0 => move_to(ROOT),
            _ => move_to(USER),
        }
    })));
}

fn move_to(name: &str) -> io::Result<()> {
    fs::write(CURRENT, format!("system_u:system_r:{name}"))
}

/// Whether the kernel asks SELinux about user namespaces. SELinux does not say which classes it knows, so the kernel's
/// functions do; the list is long, so it is read once.
fn knows_namespaces() -> bool {
    static KNOWS: OnceLock<bool> = OnceLock::new();
    *KNOWS.get_or_init(|| {
        let functions = fs::read_to_string("/proc/kallsyms").unwrap_or_default();
        functions.lines().any(|line| line.ends_with(" selinux_userns_create"))
    })
}

/// The record of a refusal: `avc:  denied  { read } for  pid=7 … path="/run/scene/secret" dev="tmpfs" ino=5 … tclass=file`.
fn describe(text: &str, subject: &Subject) -> Option<Record> {
    let (_, denied) = text.split_once("denied  {")?;
    let (permissions, _) = denied.split_once('}')?;
    let what = format!("{} {}", value(text, "tclass=").unwrap_or_default(), permissions.trim());
    let inode = value(text, "ino=").and_then(|inode| inode.parse().ok());
    let is_right = inode.map(|inode: u64| subject.target.is_some_and(|(_, target)| target == inode));
    let said = value(text, "path=").or_else(|| value(text, "name=")).unwrap_or_default();
    Some(Record { what, object: object(subject, is_right), text: said })
}

impl Module {
    /// Gives the files that are there their types, as restorecon does.
    fn label(&self) -> Result<()> {
        for (path, context) in self.labels.iter().filter(|(path, _)| Path::new(path).exists()) {
            let (path, context) = (sys::path(path)?, CString::new(context.as_str())?);
            let value = context.as_bytes_with_nul();
            // SAFETY: the texts end in NUL, and the value has its length.
            let set = unsafe {
                let (name, place) = (c"security.selinux".as_ptr(), value.as_ptr().cast());
                libc::setxattr(path.as_ptr(), name, place, value.len(), 0)
            };
            check(set).with_context(|| format!("failed to give {path:?} the type {context:?}"))?;
        }
        Ok(())
    }
}

impl Attached for Module {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn lacks(&self) -> &[String] {
        &self.lacks
    }

    fn clear(&mut self) -> Result<()> {
        self.label()?;
        self.denials.clear()
    }

    fn records(&mut self, _: (u64, u64)) -> Result<Vec<Record>> {
        self.denials.read()
    }

    fn lost(&self) -> Result<u64> {
        self.denials.lost()
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        if let Some(policy) = &self.before {
            // An error cannot be reported here; a guest ends with its cell.
            let _ = load(policy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Object;

    #[test]
    fn a_record_names_the_class_the_permissions_and_the_inode() {
        let policy = "selinux+deny".parse().unwrap();
        let target = Some((31, 5));
        let subject = Subject { target, ..Subject::of(crate::find("read-secret").unwrap(), policy) };
        let record = |text: &str| describe(text, &subject);
        let text = "audit(1.0:3): avc:  denied  { read open } for  pid=7 comm=\"run\" path=\"/run/scene/secret\" \
                    dev=\"tmpfs\" ino=5 scontext=system_u:system_r:user_t tcontext=a:b:c tclass=file permissive=0";
        let expected =
            |object| Some(Record { what: "file read open".into(), object, text: "/run/scene/secret".into() });
        assert_eq!(record(text), expected(Object::Right));
        assert_eq!(record(&text.replace("ino=5", "ino=6")), expected(Object::Wrong));
        assert_eq!(record(&text.replace("denied", "granted")), None);
    }
}
