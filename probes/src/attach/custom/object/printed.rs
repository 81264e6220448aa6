//! What libbpf printed and what the kernel's verifier wrote, and errors made from them.

use std::sync::Mutex;

use anyhow::anyhow;
use libbpf_rs::{PrintLevel, set_print};

use crate::kernel_text::{Refusal, error_name, refusal_in};

/// What libbpf printed last. Of a long text it keeps the beginning, which says what failed,
/// and the end, which says why.
static PRINTED: Mutex<String> = Mutex::new(String::new());
const LONGEST: usize = 256 << 10;

/// Makes libbpf print into [`PRINTED`].
pub(super) fn listen() {
    set_print(Some((PrintLevel::Warn, keep)));
}

fn keep(_: PrintLevel, text: String) {
    if let Ok(mut printed) = PRINTED.lock() {
        printed.push_str(&text);
        shorten(&mut printed);
    }
}

/// Removes the middle of a long text.
fn shorten(text: &mut String) {
    if text.len() <= LONGEST {
        return;
    }
    let boundary = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at += 1;
        }
        at
    };
    let cut = boundary(LONGEST / 4)..boundary(text.len() - LONGEST / 2);
    text.replace_range(cut, "\n");
}

/// Returns what libbpf printed since the last call, and forgets it.
pub(super) fn take() -> String {
    PRINTED.lock().map(|mut printed| std::mem::take(&mut *printed)).unwrap_or_default()
}

/// An error of libbpf, with what it printed about it.
#[derive(Debug, Clone, Default)]
pub(super) struct Explained {
    /// What failed and why, as one line.
    pub(super) text: String,
    /// The program that libbpf or the verifier refuses.
    pub(super) program: Option<String>,
    /// Whether the verifier gave a reason, and all of it.
    pub(super) has_verdict: bool,
}

impl Explained {
    /// Adds to `error`, which stopped `what`, the reason that libbpf printed. `log` is what the
    /// verifier wrote.
    pub(super) fn new(what: &str, error: &libbpf_rs::Error, log: &str) -> Explained {
        let errno = error_number(error);
        let reason = refusal_in(&take(), log);
        let Refusal { why, program } =
            reason.unwrap_or_else(|| Refusal { why: error_name(errno), program: None });
        let has_verdict = why.contains("verifier refuses") && errno != libc::ENOSPC;
        Explained { text: format!("{what}: {why}{}", remedy(errno, &why)), program, has_verdict }
    }

    pub(super) fn into_error(self) -> anyhow::Error {
        anyhow!("{}", self.text)
    }
}

/// The number of the error, which libbpf's own errors have from 4000 on; 0 if it has none.
pub(super) fn error_number(error: &libbpf_rs::Error) -> i32 {
    number_in(&format!("{error:#}")).unwrap_or(0)
}

/// The number at the end of `… (os error 2)`. libbpf-rs does not show it otherwise.
fn number_in(text: &str) -> Option<i32> {
    text.rsplit_once("(os error ")?.1.split(')').next()?.parse().ok()
}

/// What the user can do about an error.
fn remedy(errno: i32, why: &str) -> &'static str {
    if errno == libc::ENOMEM || why.contains("-ENOMEM") {
        "; --memory MIB gives the guest more memory"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_beginning_and_its_end() {
        let mut text = format!("begin {} end", "é".repeat(LONGEST));
        shorten(&mut text);
        assert!(text.len() < LONGEST && text.starts_with("begin é") && text.ends_with("é end"));
    }

    #[test]
    fn an_error_has_the_number_that_its_text_ends_with() {
        let error = libbpf_rs::Error::from_raw_os_error(libc::EBUSY);
        assert_eq!(error_number(&error), libc::EBUSY);
        let error = libbpf_rs::ErrorExt::context(error, "failed to attach");
        assert_eq!(error_number(&error), libc::EBUSY);
        assert_eq!(number_in("no number"), None);
    }

    #[test]
    fn an_error_of_memory_names_the_option() {
        assert_eq!(remedy(libc::EINVAL, "map 'x': failed to create: -EINVAL"), "");
        assert!(remedy(libc::EINVAL, "map 'x': failed to create: -ENOMEM").contains("--memory"));
        assert!(remedy(libc::ENOMEM, "").contains("--memory"));
    }
}
