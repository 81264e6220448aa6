//! Reads from a BPF object what hookbench needs before a guest boots: whether it is one, its
//! programs, and which of them its arrays of programs hold. The bytes may be anything.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::str;

use anyhow::{Context, Result, bail, ensure};
use object::elf::{
    EM_BPF, EM_NONE, ET_REL, FileHeader32, FileHeader64, SHF_EXECINSTR, SHT_PROGBITS, STT_FUNC, STT_OBJECT,
};
use object::read::elf::{FileHeader, Rel, SectionHeader, SectionTable, Sym, SymbolTable};
use object::{BigEndian, LittleEndian, SectionIndex, SymbolIndex};

use super::tail_calls::{TailCalls, held_programs};

pub use super::tail_calls::HeldProgram;

type Header = FileHeader64<LittleEndian>;

/// The section that holds the maps.
const MAPS: &[u8] = b".maps";
/// The most symbols and the most relocations that hookbench looks at.
const MOST: usize = 1 << 17;
/// The most sections. Each may be the whole file.
const MOST_SECTIONS: usize = 1 << 12;
/// The longest name in bytes, which is the kernel's KSYM_NAME_LEN.
const LONGEST_NAME: usize = 512;

/// What a BPF object contains.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct BpfObject {
    /// The names of its programs, in the order of its symbols.
    pub programs: Vec<String>,
    /// The programs that its arrays of programs hold when it is loaded.
    pub held: Vec<HeldProgram>,
}

/// Reads a BPF object.
///
/// # Errors
/// When `bytes` are not a BPF object that the kernels of hookbench's guests can load.
pub fn read(bytes: &[u8]) -> Result<BpfObject> {
    check_header(bytes)?;
    let header = Header::parse(bytes).context("its ELF header is damaged")?;
    let elf = Elf::open(header, bytes).context("it is damaged or cut off")?;
    let functions = elf.functions().context("it is damaged or cut off")?;
    ensure!(
        !functions.is_empty(),
        "it has no program: no function in it has a section such as SEC(\"kprobe/…\")"
    );
    let calls = elf.tail_calls(&functions).context("it is damaged or cut off")?;
    let programs: Vec<String> = functions.into_iter().map(|function| function.name).collect();
    let held = held_programs(&programs, &calls);
    Ok(BpfObject { programs, held })
}

/// Refuses what is not an ELF file of BPF, with what it is instead.
fn check_header(bytes: &[u8]) -> Result<()> {
    const REMEDY: &str = "compile it with `clang -O2 -g -target bpf -c`";
    let Some(identification) = bytes.strip_prefix(b"\x7fELF") else {
        bail!("it is not an ELF file; {REMEDY}")
    };
    let [class, order, ..] = identification else { bail!("it is cut off") };
    let (kind, machine) = match (class, order) {
        (1, 1) => header_of(FileHeader32::<LittleEndian>::parse(bytes), LittleEndian),
        (1, _) => header_of(FileHeader32::<BigEndian>::parse(bytes), BigEndian),
        (_, 1) => header_of(Header::parse(bytes), LittleEndian),
        _ => header_of(FileHeader64::<BigEndian>::parse(bytes), BigEndian),
    }?;
    // Old compilers wrote no machine; libbpf loads their objects too.
    ensure!(
        machine == EM_BPF || machine == EM_NONE,
        "it is an ELF file for {}, not for BPF; {REMEDY}",
        machine_name(machine)
    );
    ensure!(*class == 2, "it is a 32-bit ELF file, and BPF is 64-bit; {REMEDY}");
    ensure!(
        *order == 1,
        "it is big-endian, and hookbench's guests are little-endian; compile it with -target bpfel"
    );
    ensure!(
        kind == ET_REL,
        "it is linked; pass the object file that `clang -c` or `bpftool gen object` writes"
    );
    Ok(())
}

/// The kind of file and the machine.
fn header_of<H: FileHeader>(header: object::Result<&H>, endian: H::Endian) -> Result<(u16, u16)> {
    let header = header.context("its ELF header is damaged or cut off")?;
    Ok((header.e_type(endian), header.e_machine(endian)))
}

fn machine_name(machine: u16) -> String {
    match machine {
        object::elf::EM_X86_64 => "x86-64".into(),
        object::elf::EM_386 => "x86".into(),
        object::elf::EM_AARCH64 => "arm64".into(),
        object::elf::EM_RISCV => "RISC-V".into(),
        object::elf::EM_S390 => "s390".into(),
        other => format!("the machine {other}"),
    }
}

/// A function in a section with instructions.
struct Function {
    name: String,
    symbol: SymbolIndex,
    section: SectionIndex,
    begin: u64,
    end: u64,
}

/// Where the bytes of a map's description lie in the section of maps.
struct MapRange {
    /// The index of its symbol.
    symbol: SymbolIndex,
    begin: u64,
    end: u64,
}

struct Elf<'a> {
    bytes: &'a [u8],
    sections: SectionTable<'a, Header>,
    symbols: SymbolTable<'a, Header>,
    /// How many more relocations hookbench reads. Many sections can share them.
    relocations_left: Cell<usize>,
}

impl<'a> Elf<'a> {
    fn open(header: &'a Header, bytes: &'a [u8]) -> Result<Elf<'a>> {
        let sections = header.sections(LittleEndian, bytes)?;
        ensure!(sections.len() <= MOST_SECTIONS, "it has more than {MOST_SECTIONS} sections");
        let symbols = sections.symbols(LittleEndian, bytes, object::elf::SHT_SYMTAB)?;
        ensure!(symbols.len() <= MOST, "it has more than {MOST} symbols");
        Ok(Elf { bytes, sections, symbols, relocations_left: Cell::new(MOST) })
    }

    fn name(&self, symbol: &<Header as FileHeader>::Sym) -> Result<String> {
        let name = symbol.name(LittleEndian, self.symbols.strings())?;
        ensure!(name.len() <= LONGEST_NAME, "a name is longer than {LONGEST_NAME} bytes");
        Ok(str::from_utf8(name).context("a name is not text")?.to_owned())
    }

    /// The index of the section `name`.
    fn section(&self, name: &[u8]) -> Option<SectionIndex> {
        self.sections.section_by_name(LittleEndian, name).map(|(index, _)| index)
    }

    /// The programs. Functions in `.text` are called by programs, unless there are no others.
    fn functions(&self) -> Result<Vec<Function>> {
        let mut all = Vec::new();
        for (index, symbol) in self.symbols.enumerate() {
            let Some(section) = self.symbols.symbol_section(LittleEndian, symbol, index)? else { continue };
            let header = self.sections.section(section)?;
            let has_code = header.sh_type(LittleEndian) == SHT_PROGBITS
                && header.sh_flags(LittleEndian) & u64::from(SHF_EXECINSTR) != 0;
            if symbol.st_type() == STT_FUNC && has_code {
                let begin = symbol.st_value(LittleEndian);
                let end = begin.saturating_add(symbol.st_size(LittleEndian));
                all.push(Function { name: self.name(symbol)?, symbol: index, section, begin, end });
            }
        }
        let text = self.section(b".text");
        if all.len() > 1 {
            all.retain(|function| Some(function.section) != text);
        }
        Ok(all)
    }

    fn maps(&self, section: SectionIndex) -> Result<Vec<MapRange>> {
        let mut maps = Vec::new();
        for (index, symbol) in self.symbols.enumerate() {
            if symbol.st_type() == STT_OBJECT
                && self.symbols.symbol_section(LittleEndian, symbol, index)? == Some(section)
            {
                let begin = symbol.st_value(LittleEndian);
                let end = begin.saturating_add(symbol.st_size(LittleEndian));
                maps.push(MapRange { symbol: index, begin, end });
            }
        }
        maps.sort_by_key(|map| map.begin);
        Ok(maps)
    }

    /// Calls `found` with the offset and the symbol of each relocation of the section.
    fn relocations(&self, section: SectionIndex, mut found: impl FnMut(u64, SymbolIndex)) -> Result<()> {
        for (_, header) in self.sections.enumerate() {
            if header.sh_info(LittleEndian) as usize != section.0 {
                continue;
            }
            let Some((relocations, _)) = header.rel(LittleEndian, self.bytes)? else { continue };
            let left = self.relocations_left.get().checked_sub(relocations.len());
            self.relocations_left.set(left.with_context(|| format!("it has more than {MOST} relocations"))?);
            for relocation in relocations {
                if let Some(index) = relocation.symbol(LittleEndian) {
                    found(relocation.r_offset(LittleEndian), index);
                }
            }
        }
        Ok(())
    }

    /// Which programs the arrays of programs hold, and which programs use those arrays.
    fn tail_calls(&self, functions: &[Function]) -> Result<TailCalls> {
        let mut calls = TailCalls::default();
        let Some(section) = self.section(MAPS) else { return Ok(calls) };
        let maps = self.maps(section)?;
        let programs = by_symbol(functions, |function| function.symbol);
        self.relocations(section, |offset, symbol| {
            let map = covering(&maps, |map| (map.begin, map.end), offset);
            if let (Some(map), Some(&program)) = (map, programs.get(&symbol.0)) {
                calls.slots.entry(map).or_default().insert(program);
            }
        })?;
        if calls.slots.is_empty() {
            return Ok(calls);
        }
        let mut sections: Vec<SectionIndex> = functions.iter().map(|function| function.section).collect();
        sections.extend(self.section(b".text"));
        sections.sort_by_key(|section| section.0);
        sections.dedup();
        let by_map = by_symbol(&maps, |map| map.symbol);
        for section in sections {
            let mut inside: Vec<(usize, &Function)> =
                functions.iter().enumerate().filter(|(_, function)| function.section == section).collect();
            inside.sort_by_key(|(_, function)| function.begin);
            self.relocations(section, |offset, symbol| {
                let Some(&map) = by_map.get(&symbol.0) else { return };
                match covering(&inside, |(_, function)| (function.begin, function.end), offset) {
                    Some(at) => calls.users.entry(inside[at].0).or_default().insert(map),
                    None => calls.shared.insert(map),
                };
            })?;
        }
        Ok(calls)
    }
}

/// The indices of `items` by their symbols.
fn by_symbol<T>(items: &[T], symbol: impl Fn(&T) -> SymbolIndex) -> BTreeMap<usize, usize> {
    items.iter().enumerate().map(|(index, item)| (symbol(item).0, index)).collect()
}

/// The index of the item that covers `offset`; the items are sorted.
fn covering<T>(items: &[T], range: impl Fn(&T) -> (u64, u64), offset: u64) -> Option<usize> {
    let at = items.partition_point(|item| range(item).0 <= offset).checked_sub(1)?;
    (offset < range(&items[at]).1).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns an ELF header of this class, byte order, kind and machine, with nothing in it.
    fn header(class: u8, order: u8, kind: u16, machine: u16) -> Vec<u8> {
        let word = |word: u16| if order == 1 { word.to_le_bytes() } else { word.to_be_bytes() };
        let mut bytes = [b"\x7fELF".as_slice(), &[class, order, 1], &[0; 9]].concat();
        bytes.extend([word(kind), word(machine), word(1), word(0)].concat());
        bytes.resize(64, 0);
        bytes
    }

    #[test]
    fn what_is_not_a_bpf_object_is_refused_with_what_it_is() {
        let x86 = object::elf::EM_X86_64;
        for (bytes, part) in [
            (b"no ELF file".to_vec(), "not an ELF file; compile it with"),
            (Vec::new(), "not an ELF file"),
            (b"\x7fELF\x02".to_vec(), "cut off"),
            (header(2, 1, ET_REL, EM_BPF)[..40].to_vec(), "cut off"),
            (header(2, 1, ET_REL, x86), "for x86-64, not for BPF"),
            (header(2, 1, ET_REL, 999), "for the machine 999, not for BPF"),
            (header(1, 1, ET_REL, EM_BPF), "32-bit"),
            (header(2, 2, ET_REL, EM_BPF), "big-endian"),
            (header(2, 2, ET_REL, x86), "x86-64"),
            (header(2, 1, 3, EM_BPF), "it is linked"),
            (header(2, 1, ET_REL, EM_BPF), "no program"),
        ] {
            let error = format!("{:#}", read(&bytes).unwrap_err());
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn this_test_program_is_not_a_bpf_object() {
        let bytes = std::fs::read("/proc/self/exe").unwrap();
        assert!(read(&bytes).unwrap_err().to_string().contains("not for BPF"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>, at in 0usize..64, byte: u8) {
            let _ = read(&bytes);
            let mut file = header(2, 1, ET_REL, EM_BPF);
            file[at] = byte;
            file.extend(&bytes);
            let _ = read(&file);
        }
    }
}
