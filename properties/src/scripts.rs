//! Scripts and programs of packages and of users: the first line of a script, what an ELF
//! program needs, and the links in a package's script `postinst`.

use hookbench_vm::{alternatives, elf, script};

use crate::memory;

/// Everything that is found is part of the bytes.
pub fn holds(bytes: &[u8]) {
    let holds_text = |text: &str| bytes.windows(text.len().max(1)).any(|window| window == text.as_bytes());
    if let Some(found) = script::read(bytes) {
        assert!(!found.interpreter.is_empty() && holds_text(&found.interpreter));
        assert!(found.program.is_none_or(|program| !program.is_empty() && holds_text(&program)));
    }
    // A thousand names of one page each, and their vectors.
    if let Some(needs) = memory::within(6 << 20, || elf::program_needs(bytes)) {
        assert!(needs.libraries.iter().chain(&needs.folders).all(|name| name.is_empty() || holds_text(name)));
    }
    let text = String::from_utf8_lossy(bytes);
    // Two replaced characters can take three times their bytes.
    let found = memory::within(512 * bytes.len() + (1 << 20), || alternatives::parse(&text));
    assert!(found.len() <= 1024);
    for link in found {
        for path in [&link.link, &link.target] {
            assert!(path.starts_with('/') && !path.contains("/..") && holds_text(path), "{path:?}");
        }
        assert!(!link.name.contains('/') && holds_text(&link.name), "{:?}", link.name);
    }
}
