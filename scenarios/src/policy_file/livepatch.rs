//! Parameters of the module `hookbench-refuse`, which replaces a kernel function by livepatch: made from the tables of a
//! scenario. Its source is `scenarios/modules/hookbench-refuse.c`.

use crate::modules::REFUSE;
use crate::scenario::{About, Replaced};
use crate::subject::Subject;

/// The parameters for `subject`, apart from the process to spare.
pub(crate) fn parameters(subject: &Subject, replaced: Replaced) -> String {
    let Replaced { function, about } = replaced;
    let target = || match subject.target {
        Some((device, inode)) => {
            let device = libc::major(device) << 20 | libc::minor(device);
            format!("device={device} inode={inode}")
        }
        None => "device=DEVICE inode=INODE".into(),
    };
    match about {
        About::User => format!("function={function} about=user user={}", subject.user),
        About::File => format!("function={function} about=file {}", target()),
        About::Program => format!("function={function} about=program {}", target()),
    }
}

/// The file with the parameters; `None` if there is no function to replace.
pub(crate) fn file(subject: &Subject) -> Option<String> {
    let replaced = subject.scenario.replaced?;
    let about = subject.scenario.about;
    let mut text = format!("# {about}\n# The module is scenarios/modules/{REFUSE}.c\n");
    if replaced.about != About::User {
        text += "# DEVICE is the kernel's number of the device, (major << 20) + minor\n";
    }
    Some(format!("{text}options {REFUSE} {}\n", parameters(subject, replaced)))
}
