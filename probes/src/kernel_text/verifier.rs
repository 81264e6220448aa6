//! Why a BPF object was refused, in what libbpf printed.

/// The longest explanation, in characters.
const LONGEST: usize = 500;
/// How many lines at the end of a verifier's log say why.
const LAST_LINES: usize = 2;

/// Why an object was refused, extracted from what libbpf printed: the last lines of the
/// verifier's log on the program, or else libbpf's own first lines. `None` when it
/// printed nothing.
pub fn refusal_in(printed: &str) -> Option<String> {
    let lines = || printed.lines().map(str::trim).filter(|line| !line.is_empty());
    let own = |line: &str| line.strip_prefix("libbpf: ").map(String::from);
    let reason = match lines().position(|line| line.ends_with("-- BEGIN PROG LOAD LOG --")) {
        Some(begin) => {
            let program = lines().nth(begin).and_then(own).unwrap_or_default();
            let program = program.trim_end_matches("-- BEGIN PROG LOAD LOG --").trim_end_matches([' ', ':']);
            let log: Vec<&str> = lines()
                .skip(begin + 1)
                .take_while(|line| !line.contains("-- END PROG LOAD LOG --"))
                .filter(|line| !is_bookkeeping(line))
                .collect();
            let last = log[log.len().saturating_sub(LAST_LINES)..].join("; ");
            format!("the kernel's verifier refuses {program}: {last}")
        }
        None => lines().filter_map(own).take(LAST_LINES + 1).collect::<Vec<_>>().join("; "),
    };
    (!reason.is_empty()).then(|| reason.chars().take(LONGEST).collect())
}

/// Whether a line of a verifier's log is statistics and does not say why.
fn is_bookkeeping(line: &str) -> bool {
    ["processed ", "verification time ", "stack depth "].iter().any(|begin| line.starts_with(begin))
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_the_verifier_s_last_words_or_libbpf_s_first() {
        let log = "libbpf: prog 'exec': BPF program load failed: Permission denied\n\
                   libbpf: prog 'exec': -- BEGIN PROG LOAD LOG --\n0: R1=ctx() R10=fp0\n\
                   1: (79) r1 = *(u64 *)(r1 +8)\nR1 invalid mem access 'scalar'\n\
                   processed 2 insns (limit 1000000)\n-- END PROG LOAD LOG --\n\
                   libbpf: prog 'exec': failed to load: -13\n";
        let why = "the kernel's verifier refuses prog 'exec': 1: (79) r1 = *(u64 *)(r1 +8); \
                   R1 invalid mem access 'scalar'";
        assert_eq!(refusal_in(log).as_deref(), Some(why));
        let missing = "libbpf: prog 'x': failed to find kernel BTF type ID of 'y': -3\nnoise\n";
        let why = "prog 'x': failed to find kernel BTF type ID of 'y': -3";
        assert_eq!(refusal_in(missing).as_deref(), Some(why));
        assert_eq!(refusal_in("noise"), None);
    }
}
