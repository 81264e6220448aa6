//! The functions that a guest's kernel lists.

use hookbench_vm::attribution::Symbols;

use crate::memory;

/// The list for the plugin is sorted and ends with an end. A name is one printable word. Reading takes memory in
/// proportion to the bytes.
pub fn holds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let room = 64 * text.len() + (64 << 10);
    let symbols = memory::within(room, || Symbols::read(&text));
    let list = symbols.list();
    let addresses: Vec<u64> = list
        .lines()
        .map(|line| {
            let address = line.split(' ').next().expect("a word");
            u64::from_str_radix(address, 16).expect("an address")
        })
        .collect();
    assert!(addresses.is_sorted_by(|one, next| one < next), "{list}");
    assert!(list.ends_with(" end\n"));
    for address in addresses {
        if let Some((begin, name)) = symbols.at(address) {
            assert!(begin <= address && name.bytes().all(|byte| byte.is_ascii_graphic()), "{name:?}");
        }
    }
    // Functions that are added to themselves are the same.
    assert_eq!(symbols.with(&symbols), symbols);
}
