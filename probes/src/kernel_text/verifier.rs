//! Why a BPF object was refused, in what libbpf printed and in the log of the kernel's
//! verifier.

/// The longest explanation, in characters.
const LONGEST: usize = 500;
/// How many lines say why.
const LINES: usize = 2;

/// Begins and ends what libbpf prints of the verifier's log.
const BEGIN_LOG: &str = "-- BEGIN PROG LOAD LOG --";
const END_LOG: &str = "-- END PROG LOAD LOG --";

/// Why an object was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason as one line.
    pub why: String,
    /// The program that was refused, if one was.
    pub program: Option<String>,
}

/// Why an object was refused: the instruction and the reason in the verifier's log, or else
/// the first lines that libbpf `printed` itself. `log` is the verifier's log, if libbpf did
/// not print it. `None` when neither says why.
pub fn refusal_in(printed: &str, log: &str) -> Option<Refusal> {
    let own = || printed.lines().filter_map(|line| line.trim().strip_prefix("libbpf: "));
    let program = own().find_map(program_in);
    let in_printed =
        printed.split_once(BEGIN_LOG).map(|(_, rest)| rest.split(END_LOG).next().unwrap_or(rest));
    let verdict = verdict_in(in_printed.unwrap_or(log));
    let why = match (verdict, program) {
        (Some(verdict), Some(program)) => {
            format!("the kernel's verifier refuses prog '{program}': {verdict}")
        }
        (Some(verdict), None) => format!("the kernel's verifier refuses a program: {verdict}"),
        (None, _) => {
            let lines = own().filter(|line| !is_noise(line)).take(LINES + 1);
            lines.collect::<Vec<_>>().join("; ")
        }
    };
    let why: String = why.chars().take(LONGEST).collect();
    (!why.is_empty()).then(|| Refusal { why, program: program.map(String::from) })
}

/// The program in a line such as `prog 'exec': failed to load: -13`.
fn program_in(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix("prog '")?.split_once('\'')?;
    (!name.is_empty()).then_some(name)
}

/// Whether a line of libbpf reports what it works around, or repeats that the load failed.
fn is_noise(line: &str) -> bool {
    let around = ["Retrying without BTF", "ignoring", "skipping", "BTF loading error", "-- BEGIN", "-- END"];
    around.iter().any(|part| line.contains(part)) || line.starts_with("failed to load object")
}

/// The last instruction in the verifier's log, the reason after it, and the advice of newer
/// kernels behind that. `None` when the log says nothing.
fn verdict_in(log: &str) -> Option<String> {
    let lines: Vec<&str> =
        log.lines().map(str::trim).filter(|line| !line.is_empty() && !is_bookkeeping(line)).collect();
    let explained = lines.iter().position(|line| line.starts_with("Verification failed"));
    let (trace, explanation) = lines.split_at(explained.unwrap_or(lines.len()));
    let mut parts = Vec::new();
    match trace.iter().rposition(|line| is_instruction(line)) {
        Some(at) => {
            // Behind the instruction the log shows the registers.
            parts.push(trace[at].split(" ; ").next().unwrap_or_default().trim().to_string());
            let reason = trace[at + 1..].iter().filter(|line| !is_state(line));
            parts.extend(reason.take(LINES).map(ToString::to_string));
        }
        None => parts.extend(trace[trace.len().saturating_sub(LINES)..].iter().map(ToString::to_string)),
    }
    if parts.len() < LINES {
        parts.extend(section(explanation, "Reason:"));
    }
    parts.extend(section(explanation, "Suggestion:").map(|advice| format!("Suggestion: {advice}")));
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The lines of a section of the explanation, joined.
fn section(explanation: &[&str], title: &str) -> Option<String> {
    const TITLES: [&str; 4] = ["Reason:", "At:", "Causal path:", "Suggestion:"];
    let begin = explanation.iter().position(|line| *line == title)? + 1;
    let lines = explanation[begin..].iter().take_while(|line| !TITLES.contains(line));
    let text = lines.copied().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// Whether a line of the log shows an instruction: `7: (79) r2 = *(u64 *)(r1 +0)`.
fn is_instruction(line: &str) -> bool {
    line.split_once(": ").is_some_and(|(number, rest)| {
        !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()) && rest.starts_with(['(', '<'])
    })
}

/// Whether a line shows a line of the source, or the state of registers.
fn is_state(line: &str) -> bool {
    ["; ", "from ", "cur state:", "old state:"].iter().any(|begin| line.starts_with(begin))
        || line.split_once(": ").is_some_and(|(number, rest)| {
            !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()) && rest.starts_with('R')
        })
}

/// Whether a line of a verifier's log is statistics and does not say why.
fn is_bookkeeping(line: &str) -> bool {
    let begins = ["processed ", "verification time ", "stack depth ", "mark_precise: ", "subprog "];
    let of_arguments =
        line.contains("size cannot be determined") || line.starts_with("reg type unsupported for");
    begins.iter().any(|begin| line.starts_with(begin))
        || of_arguments
        || line.contains(BEGIN_LOG)
        || line.contains(END_LOG)
}

/// The names of libbpf's own error numbers, from 4000 on.
const LIBBPF_ERRORS: [&str; 14] = [
    "LIBBPF_ERRNO__LIBELF: something is wrong in libelf",
    "LIBBPF_ERRNO__FORMAT: the object's format is invalid",
    "LIBBPF_ERRNO__KVERSION: its section 'version' is wrong or missing",
    "LIBBPF_ERRNO__ENDIAN: its byte order is not the kernel's",
    "LIBBPF_ERRNO__INTERNAL: an internal error of libbpf",
    "LIBBPF_ERRNO__RELOC: a relocation failed",
    "LIBBPF_ERRNO__LOAD: a program does not load, for an unknown reason",
    "LIBBPF_ERRNO__VERIFY: the kernel's verifier refuses a program",
    "LIBBPF_ERRNO__PROG2BIG: a program is too large",
    "LIBBPF_ERRNO__KVER: the kernel's version is wrong",
    "LIBBPF_ERRNO__PROGTYPE: the kernel does not have this type of program",
    "LIBBPF_ERRNO__WRNGPID: a wrong process ID in a message of netlink",
    "LIBBPF_ERRNO__INVSEQ: an invalid sequence in netlink",
    "LIBBPF_ERRNO__NLPARSE: a message of netlink cannot be parsed",
];

/// The name of an error number of the kernel or of libbpf.
pub fn error_name(number: i32) -> String {
    /// The kernel's ENOTSUPP, which errno(3) does not have.
    const ENOTSUPP: i32 = 524;
    let own = number.checked_sub(4000).and_then(|index| usize::try_from(index).ok());
    match own.and_then(|index| LIBBPF_ERRORS.get(index)) {
        Some(name) => (*name).into(),
        None if number == ENOTSUPP => "ENOTSUPP: the kernel does not support it".into(),
        None => std::io::Error::from_raw_os_error(number).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What libbpf printed about objects with one mistake each, on three kernels.
    const PRINTED: [(&str, &str); 3] = [
        ("6.1", include_str!("verifier/6.1.txt")),
        ("6.12", include_str!("verifier/6.12.txt")),
        ("7.3", include_str!("verifier/7.3.txt")),
    ];

    /// The text about the object `name`.
    fn printed(text: &'static str, name: &str) -> Option<&'static str> {
        let (_, rest) = text.split_once(&format!("=== {name}\n"))?;
        rest.split("=== ").next()
    }

    #[test]
    fn the_instruction_and_the_reason_are_found_on_each_kernel() {
        for (name, parts) in [
            (
                "badaccess",
                &["prog 'unbounded': 7: (79) r2 = *(u64 *)(r1 +0); R1 unbounded memory access"][..],
            ),
            (
                "badhelper",
                &["prog 'cookie': 0: (85) call bpf_get_socket_cookie#46; ", " bpf_get_socket_cookie#46"],
            ),
            ("mem", &["prog 'on_address': 1: (61) r0 = *(u32 *)(r1 +0); R1 invalid mem access 'scalar'"]),
            (
                "loop",
                &["prog 'forever': 17: (85) call bpf_get_prandom_u32#7; infinite loop detected at insn 18"],
            ),
            ("uninit", &["prog 'unset': 0: (bf) r0 = r5; R5 !read_ok"]),
            ("lsmret", &["prog 'big': 1: (95) exit; At program exit the register R0 has smin=5 smax=5"]),
            (
                "nullptr",
                &[
                    "prog 'unchecked': 7: (79) r1 = *(u64 *)(r0 +0); R0 invalid mem access 'map_value_or_null'",
                ],
            ),
            ("gpl", &["prog 'closed': 4: (85) call bpf_probe_read_kernel#113; cannot call GPL"]),
            (
                "core",
                &["1: <invalid CO-RE relocation>; failed to resolve CO-RE relocation <byte_off> [5] struct"],
            ),
            ("kfunc", &["extern (func ksym) 'bpf_no_such_kfunc': not found in kernel or module BTFs"]),
            ("stack", &["prog 'leaks': 3: (85) call bpf_trace_printk#6; invalid "]),
        ] {
            let mut kernels = 0;
            for (kernel, text) in PRINTED {
                let Some(text) = printed(text, name) else { continue };
                let Refusal { why, .. } = refusal_in(text, "").unwrap();
                assert!(parts.iter().all(|part| why.contains(part)), "{kernel} {name}: {why}");
                let suggestion = why.find("; Suggestion: ").unwrap_or(why.len());
                assert!(parts.iter().all(|part| why.find(part) < Some(suggestion)), "{kernel} {name}: {why}");
                // Where libbpf does not print the log, it is beside what libbpf prints.
                let (before, log) = text.split_once(BEGIN_LOG).unwrap_or((text, ""));
                let log = log.split(END_LOG).next().unwrap();
                assert_eq!(refusal_in(before, log).unwrap().why, why);
                kernels += 1;
            }
            assert!(kernels > 0, "{name}");
        }
    }

    #[test]
    fn the_advice_of_newer_kernels_comes_after_the_reason() {
        let why = refusal_in(printed(PRINTED[2].1, "uninit").unwrap(), "").unwrap().why;
        let whole = "the kernel's verifier refuses prog 'unset': 0: (bf) r0 = r5; R5 !read_ok; \
                     Suggestion: Initialize R5 on every path before this instruction.";
        assert_eq!(why, whole);
        let helper = refusal_in(printed(PRINTED[2].1, "badhelper").unwrap(), "").unwrap().why;
        assert!(
            helper.contains("cannot use helper bpf_get_socket_cookie#46; Suggestion: Use a helper"),
            "{helper}"
        );
    }

    #[test]
    fn a_refusal_names_its_program() {
        let named = |printed: &str, log: &str| refusal_in(printed, log).and_then(|refusal| refusal.program);
        assert_eq!(
            named("libbpf: prog 'exec': BPF program load failed: -13\n", "R5 !read_ok"),
            Some("exec".into())
        );
        assert_eq!(named("libbpf: map 'x': failed to create: -EINVAL\n", ""), None);
    }

    #[test]
    fn without_a_log_the_first_lines_of_libbpf_say_why() {
        let why = |printed: &str| refusal_in(printed, "").map(|refusal| refusal.why);
        let missing = "libbpf: prog 'x': failed to find kernel BTF type ID of 'y': -3\nnoise\n";
        assert_eq!(why(missing).as_deref(), Some("prog 'x': failed to find kernel BTF type ID of 'y': -3"));
        let retried = "libbpf: Error in bpf_create_map_xattr(m): -EINVAL. Retrying without BTF.\n\
                       libbpf: map 'm': failed to create: -EINVAL\nlibbpf: failed to load object '/own/x.o'\n";
        assert_eq!(why(retried).as_deref(), Some("map 'm': failed to create: -EINVAL"));
        assert_eq!(why("noise"), None);
        assert_eq!(why(""), None);
    }

    #[test]
    fn an_explanation_without_a_classic_line_is_used() {
        let log = "0: (95) exit\n\nVerification failed: X\n\nReason:\n  It is\n  wrong.\n\nAt:\n  here\n";
        assert_eq!(verdict_in(log).as_deref(), Some("0: (95) exit; It is wrong."));
        assert_eq!(
            verdict_in("BPF program is too large. Processed 1000001 insn\n").as_deref().map(str::len),
            Some(48)
        );
    }

    #[test]
    fn a_short_log_has_only_the_reason() {
        let short = "arg#0 reference type('UNKNOWN ') size cannot be determined: -22\nThe sequence of 8193 jumps \
                     is too complex.\nsubprog 0 (x) main insns_self 1\nprocessed 106505 insns\n";
        assert_eq!(verdict_in(short).as_deref(), Some("The sequence of 8193 jumps is too complex."));
    }

    #[test]
    fn error_numbers_have_names() {
        assert!(error_name(4001).starts_with("LIBBPF_ERRNO__FORMAT"));
        assert!(error_name(4013).starts_with("LIBBPF_ERRNO__NLPARSE"));
        assert!(error_name(524).starts_with("ENOTSUPP"));
        assert!(error_name(2).starts_with("No such file"));
        assert!(!error_name(4014).is_empty() && !error_name(i32::MIN).is_empty());
    }
}
