//! Rules of IMA: made from the tables of a scenario, and written as the kernel reads them.

use crate::policy::{Action, Grade};
use crate::subject::Subject;

/// The rules by which IMA lists the files of `subject`; `None` if it is about nothing that IMA measures.
pub(crate) fn measured(subject: &Subject) -> Option<Vec<String>> {
    let measured = subject.scenario.measured?;
    let more = if subject.grade == Grade::Complete { measured.more } else { &[] };
    Some(measured.rules.iter().chain(more).map(ToString::to_string).collect())
}

/// The rules by which IMA refuses files without a label. `None` where it would refuse what everybody needs: a rule about
/// reading is about all files.
pub(crate) fn appraised(subject: &Subject) -> Option<Vec<String>> {
    let measured = measured(subject)?;
    let is_about_reading = measured.iter().any(|rule| rule.contains("func=FILE_CHECK"));
    let appraise = |rule: String| rule.replacen("measure ", "appraise ", 1);
    (!is_about_reading).then(|| measured.into_iter().map(appraise).collect())
}

/// The file with the rules; `None` if there are none.
pub(crate) fn file(subject: &Subject) -> Option<String> {
    let (rules, labels) = match subject.action {
        Action::Watch => (measured(subject)?, ""),
        _ => (
            appraised(subject)?,
            "# Every file that may be used needs a label: evmctl ima_hash --hashalgo sha256 FILE\n",
        ),
    };
    let rules: String = rules.iter().map(|rule| format!("{rule}\n")).collect();
    let about = subject.scenario.about;
    Some(format!("# {about}\n{labels}# Write it to /sys/kernel/security/ima/policy\n{rules}"))
}
