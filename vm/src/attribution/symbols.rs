//! The functions of a guest's kernel, as `/proc/kallsyms` lists them: a table for names, and the list for the plugin.
//! The list comes from an untrusted guest.

use std::fmt::Write as _;

/// The most functions of a kernel. Debian's kernels have some 60,000.
const MOST: usize = 1 << 20;

/// The longest name, in bytes. The kernel's limit is 512.
const LONGEST_NAME: usize = 512;

/// User space is below.
const KERNEL: u64 = 1 << 63;

/// The end of the kernel's own code.
const END: &str = "_etext";

/// Functions where faults arrive after which the kernel repeats the instruction.
const FAULTS: [&str; 7] = [
    "asm_exc_page_fault",
    "asm_exc_general_protection",
    "asm_exc_invalid_op",
    "asm_exc_device_not_available",
    "asm_exc_divide_error",
    "asm_exc_stack_segment",
    "asm_exc_segment_not_present",
];

/// The beginnings of the names of functions where interrupts and other exceptions arrive.
const INTERRUPTS: [&str; 7] = [
    "asm_exc_",
    "asm_sysvec_",
    "asm_common_interrupt",
    "asm_spurious_interrupt",
    "irq_entries_start",
    "irqentries_start",
    "spurious_entries_start",
];

/// Functions with the first instruction of a task.
const TASKS: [&str; 2] = ["ret_from_fork", "ret_from_fork_asm"];

/// A function of the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Function {
    address: u64,
    name: String,
}

/// The functions of a kernel, by address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Symbols {
    /// Sorted, one for each address.
    functions: Vec<Function>,
    /// The end of the kernel's own code.
    end: u64,
}

impl Symbols {
    /// Reads lines of `/proc/kallsyms`: `ADDRESS TYPE NAME`, for a module or a BPF program with `[MODULE]` at the end.
    /// Lines that are none, and those outside of the kernel's half of memory, are left out. Of several names of one
    /// address the first stays that is a function's and no section's.
    #[must_use]
    pub fn read(text: &str) -> Symbols {
        let lines = text.lines().filter_map(Function::read).take(MOST);
        let mut functions: Vec<(bool, Function)> = lines.collect();
        functions.sort_by_key(|(_, function)| function.address);
        let end = functions.iter().find(|(own, function)| *own && function.name == END);
        let end = end.map_or(0, |(_, function)| function.address);
        functions.dedup_by(|(_, later), (_, first)| {
            let is_same = later.address == first.address;
            if is_same && is_marker(&first.name) {
                std::mem::swap(first, later);
            }
            is_same
        });
        let functions = functions.into_iter().map(|(_, function)| function).collect();
        Symbols { functions, end }
    }

    /// Adds functions that `self` does not have: those of BPF programs, trampolines and modules, once they exist.
    #[must_use]
    pub fn with(&self, dynamic: &Symbols) -> Symbols {
        let own = self.functions.iter().filter(|function| function.address < self.end);
        let others = dynamic.functions.iter().filter(|function| function.address >= self.end);
        Symbols { functions: own.chain(others).cloned().collect(), end: self.end }
    }

    /// Whether there is the kernel's own code, with an end.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.functions.first().is_some_and(|first| first.address < self.end)
    }

    /// Returns the list for the plugin: the kernel's own functions, what kind each is, and the end.
    #[must_use]
    pub fn list(&self) -> String {
        let mut list = String::new();
        for Function { address, name } in &self.functions {
            if *address >= self.end {
                break;
            }
            let _ = writeln!(list, "{address:x}{}", kind(name));
        }
        let _ = writeln!(list, "{:x} end", self.end);
        list
    }

    /// Whether the kernel made or loaded the code at `address`.
    #[must_use]
    pub fn is_dynamic(&self, address: u64) -> bool {
        address >= self.end
    }

    /// Returns the function at `address`: its own address, and its name.
    #[must_use]
    pub fn at(&self, address: u64) -> Option<(u64, &str)> {
        let after = self.functions.partition_point(|function| function.address <= address);
        let Function { address: begin, name } = &self.functions[after.checked_sub(1)?];
        // Code that the kernel made is not that of the last function before it.
        let apart = *begin < self.end && address >= self.end;
        (!apart).then_some((*begin, name))
    }
}

impl Function {
    /// Reads a line. Returns also whether the function is the kernel's own.
    fn read(line: &str) -> Option<(bool, Function)> {
        let (address, rest) = line.split_once(' ')?;
        let address = u64::from_str_radix(address, 16).ok().filter(|address| *address >= KERNEL)?;
        let (kind, name) = rest.split_once(' ')?;
        let (name, module) =
            name.split_once('\t').map_or((name, None), |(name, module)| (name, Some(module)));
        let is_name =
            !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(|b| b.is_ascii_graphic());
        let wanted = matches!(kind, "t" | "T" | "w" | "W") && is_name;
        wanted.then(|| (module.is_none(), Function { address, name: name.into() }))
    }
}

/// Whether `name` is that of a section: `__softirqentry_text_start`.
fn is_marker(name: &str) -> bool {
    name == "_text" || name == "_stext" || name.ends_with("_text_start") || name.ends_with("_text_end")
}

/// What the plugin has to know of the function `name`.
fn kind(name: &str) -> &'static str {
    if FAULTS.contains(&name) {
        " fault"
    } else if INTERRUPTS.iter().any(|begin| name.starts_with(begin)) {
        " interrupt"
    } else if TASKS.contains(&name) {
        " task"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KALLSYMS: &str = "\
0000000000000000 A fixed_percpu_data
ffffffff81000000 T _text
ffffffff81000000 T _stext
ffffffff81000000 T startup_64
ffffffff81000000 T other
ffffffff81000040 t asm_exc_page_fault
ffffffff81000080 t asm_sysvec_apic_timer_interrupt
ffffffff810000c0 T ret_from_fork
ffffffff81000100 W alias
ffffffff81000200 T _etext
ffffffff82000000 D jiffies
ffffffffc0000000 t hookbench_call\t[hookbench]
ffffffffc0001000 t bpf_prog_6deef7357e7b4530_count\t[bpf]
";

    #[test]
    fn the_list_has_the_kernels_own_functions_and_their_kinds() {
        let list = Symbols::read(KALLSYMS).list();
        assert_eq!(
            list,
            "ffffffff81000000\nffffffff81000040 fault\nffffffff81000080 interrupt\nffffffff810000c0 task\n\
             ffffffff81000100\nffffffff81000200 end\n"
        );
    }

    #[test]
    fn an_address_has_the_name_of_its_function() {
        let symbols = Symbols::read(KALLSYMS);
        let name = |address| symbols.at(address).map(|(_, name)| name);
        assert_eq!(symbols.at(0xffff_ffff_8100_0123), Some((0xffff_ffff_8100_0100, "alias")));
        assert_eq!(name(0xffff_ffff_8100_0000), Some("startup_64"));
        assert_eq!(name(0xffff_ffff_c000_0fff), Some("hookbench_call"));
        assert_eq!(name(0xffff_ffff_c000_1000), Some("bpf_prog_6deef7357e7b4530_count"));
        assert_eq!(name(0xffff_ffff_8200_0000), Some("_etext"));
        assert_eq!((name(0), Symbols::default().at(u64::MAX)), (None, None));
    }

    #[test]
    fn functions_that_came_later_replace_what_was_there() {
        let first = Symbols::read(KALLSYMS);
        let later = Symbols::read("ffffffffc0000800 t bpf_trampoline_1\t[bpf]\n");
        let both = first.with(&later);
        assert!(both.is_whole() && !later.is_whole());
        assert_eq!(both.at(0xffff_ffff_c000_1000).unwrap().1, "bpf_trampoline_1");
        assert_eq!(both.at(0xffff_ffff_8100_0050).unwrap().1, "asm_exc_page_fault");
        assert_eq!(both.list(), first.list());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text: String, address: u64) {
            let symbols = Symbols::read(&text);
            let _ = (symbols.list(), symbols.at(address));
        }
    }
}
