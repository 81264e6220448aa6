//! An AppArmor profile, which the process of a way changes into just before its decisive call. hookbench compiles it;
//! the guest loads it.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};

use super::denials::{Denials, object, value};
use super::modules::{allowing, compiled, lack_of};
use super::{Attach, Attached};
use crate::confine::Confine;
use crate::exchange::Record;
use crate::policy_file::apparmor::{name, rules};
use crate::scene::Scene;
use crate::subject::Subject;

/// AppArmor's folder of files.
const FOLDER: &str = "/sys/kernel/security/apparmor";
/// Where a task changes its profile: since 5.8, and before.
const CURRENT: [&str; 2] = ["/proc/thread-self/attr/apparmor/current", "/proc/thread-self/attr/current"];

/// A profile that is loaded.
struct Profile {
    name: String,
    names: Vec<String>,
    lacks: Vec<String>,
    denials: Denials,
    /// The profile that comes back after it, if there was one.
    before: Option<Vec<u8>>,
}

/// Loads the profile for `subject`, and has `scene` change each way into it.
///
/// # Errors
/// When the kernel refuses it.
pub(super) fn attach(subject: Subject, scene: &mut Scene) -> Result<Attach> {
    if let Some(why) = lack_of("apparmor") {
        return Ok(Attach::Unsupported(why));
    }
    let Some(profile) = compiled("apparmor")? else {
        return Ok(Attach::Unsupported("AppArmor has no rules about that".into()));
    };
    let (known, unknown): (Vec<_>, Vec<_>) = rules(&subject).into_iter().partition(|rule| knows(rule.needs));
    let texts = |rules: Vec<crate::policy_file::apparmor::Rule>| -> Vec<String> {
        rules.into_iter().map(|rule| rule.text).collect()
    };
    let (names, lacks) = (texts(known), texts(unknown));
    if names.is_empty() && !lacks.is_empty() {
        return Ok(Attach::Unsupported(format!("this kernel's AppArmor does not know {}", lacks.join(", "))));
    }
    load(&profile)?;
    let name = name(&subject);
    confine(&name, subject.scenario.spares_root, scene);
    let (denials, before) = (Denials::new(subject, describe), allowing("apparmor")?);
    Ok(Attach::Attached(Box::new(Profile { name, names, lacks, denials, before })))
}

/// Loads a profile with the name of that for `subject` that denies nothing, and has `scene` change into it. Returns
/// whether it did.
///
/// # Errors
/// When the kernel refuses it.
pub(super) fn prepare(subject: &Subject, scene: &mut Scene) -> Result<bool> {
    let Some(profile) = allowing("apparmor")?.filter(|_| lack_of("apparmor").is_none()) else {
        return Ok(false);
    };
    load(&profile)?;
    confine(&name(subject), subject.scenario.spares_root, scene);
    Ok(true)
}

fn load(profile: &[u8]) -> Result<()> {
    let file = format!("{FOLDER}/.replace");
    fs::write(&file, profile).with_context(|| format!("failed to load the profile by {file}"))
}

/// Has `scene` change each way into the profile `name`. Where the policy spares root, root stays outside.
fn confine(name: &str, spares_root: bool, scene: &mut Scene) {
    let order = format!("changeprofile {name}");
    scene.confine = Some(Confine::Itself(Box::new(move || {
        // SAFETY: asks for a number.
        let is_root = unsafe { libc::geteuid() } == 0;
        if is_root && spares_root { Ok(()) } else { change(&order) }
    })));
}

fn change(order: &str) -> io::Result<()> {
    let file = CURRENT.iter().find(|file| Path::new(file).exists()).unwrap_or(&CURRENT[1]);
    fs::write(file, order)
}

/// Whether the kernel's list of features has the word that a rule needs.
fn knows(needs: Option<(&str, &str)>) -> bool {
    needs.is_none_or(|(file, word)| {
        let words = fs::read_to_string(format!("{FOLDER}/features/{file}")).unwrap_or_default();
        words.split_whitespace().any(|known| known == word)
    })
}

/// The record of a refusal: `apparmor="DENIED" operation="open" … name="/run/scene/secret" …`.
fn describe(text: &str, subject: &Subject) -> Option<Record> {
    value(text, "apparmor=").filter(|word| word == "DENIED")?;
    let path = value(text, "name=").filter(|name| name.starts_with('/'));
    let is_right = path.as_ref().map(|path| subject.files.iter().any(|(known, _)| known == path));
    let what = value(text, "operation=").unwrap_or_default();
    let said = path.or_else(|| value(text, "capname=")).unwrap_or_default();
    Some(Record { what, object: object(subject, is_right), text: said })
}

impl Attached for Profile {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn lacks(&self) -> &[String] {
        &self.lacks
    }

    fn clear(&mut self) -> Result<()> {
        self.denials.clear()
    }

    fn records(&mut self, _: (u64, u64)) -> Result<Vec<Record>> {
        self.denials.read()
    }

    fn lost(&self) -> Result<u64> {
        self.denials.lost()
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // An error cannot be reported here; a guest ends with its cell.
        let _ = match &self.before {
            Some(profile) => load(profile),
            None => fs::write(format!("{FOLDER}/.remove"), &self.name).map_err(anyhow::Error::from),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Object;

    #[test]
    fn a_record_names_the_operation_and_the_file() {
        let policy = "apparmor+deny".parse().unwrap();
        let subject = Subject::of(crate::find("read-secret").unwrap(), policy);
        let record = |text: &str| describe(text, &subject);
        let text = "audit(1.0:3): apparmor=\"DENIED\" operation=\"open\" class=\"file\" profile=\"hookbench-read-secret\" \
                    name=\"/run/scene/secret\" pid=7 comm=\"run\" requested_mask=\"r\" denied_mask=\"r\"";
        let expected = |object, text: &str| Some(Record { what: "open".into(), object, text: text.into() });
        assert_eq!(record(text), expected(Object::Right, "/run/scene/secret"));
        let other = text.replace("secret\" pid", "other\" pid");
        assert_eq!(record(&other), expected(Object::Wrong, "/run/scene/other"));
        assert_eq!(record(&text.replace("DENIED", "STATUS")), None);
    }
}
