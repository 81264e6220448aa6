//! A FUSE file system with one file, as far as its protocol goes (linux/fuse.h): an answer for each request. Reading
//! `/dev/fuse` is done in `guest/race`.

/// The size of the file, and of each answer to a read: a page.
pub const SIZE: usize = 4096;
/// The longest request, and some room.
pub const LONGEST: usize = 1 << 17;

/// The newest minor version of the protocol that the answers follow.
const MINOR: u32 = 31;
const ROOT: u64 = 1;
const FILE: u64 = 2;
const HEADER: usize = 40;

const LOOKUP: u32 = 1;
const FORGET: u32 = 2;
const GETATTR: u32 = 3;
const OPEN: u32 = 14;
const READ: u32 = 15;
const RELEASE: u32 = 18;
const INIT: u32 = 26;
const OPENDIR: u32 = 27;
const RELEASEDIR: u32 = 29;
const INTERRUPT: u32 = 36;
const BATCH_FORGET: u32 = 42;

/// The answer to `request`; `None` if the kernel expects none. `content` makes the page of the file: it is called
/// while the kernel waits for it.
pub fn answer(request: &[u8], content: impl FnOnce() -> [u8; SIZE]) -> Option<Vec<u8>> {
    let word = |at: usize| Some(u32::from_ne_bytes(request.get(at..at + 4)?.try_into().ok()?));
    let long = |at: usize| Some(u64::from_ne_bytes(request.get(at..at + 8)?.try_into().ok()?));
    let (operation, unique, node) = (word(4)?, long(8)?, long(16)?);
    let body = match operation {
        FORGET | BATCH_FORGET | INTERRUPT => return None,
        INIT => Some(greeting(word(HEADER + 4)?)),
        // The entry is good for no time at all; so are attributes.
        LOOKUP => Some([&words([FILE, 0, 0, 0, 0])[..], &attributes(FILE)].concat()),
        GETATTR => Some([&words([0, 0])[..], &attributes(node)].concat()),
        OPEN | OPENDIR => Some(words([0, 0])),
        READ => Some(content().to_vec()),
        RELEASE | RELEASEDIR => Some(Vec::new()),
        _ => None,
    };
    let error = if body.is_some() { 0 } else { -libc::ENOSYS };
    let body = body.unwrap_or_default();
    let mut answer = Vec::with_capacity(16 + body.len());
    answer.extend((16 + body.len() as u32).to_ne_bytes());
    answer.extend(error.to_ne_bytes());
    answer.extend(unique.to_ne_bytes());
    answer.extend(body);
    Some(answer)
}

/// `struct fuse_init_out`: the protocol's version, no read-ahead, writes of a page.
fn greeting(minor: u32) -> Vec<u8> {
    let mut bytes: Vec<u8> = [7, minor.min(MINOR), 0, 0, 0, SIZE as u32]
        .iter()
        .flat_map(|word: &u32| word.to_ne_bytes())
        .collect();
    bytes.resize(64, 0);
    bytes
}

/// `struct fuse_attr` of the folder or of the file, which root of the user namespace owns.
fn attributes(node: u64) -> Vec<u8> {
    let (mode, links) = if node == ROOT { (libc::S_IFDIR | 0o755, 2) } else { (libc::S_IFREG | 0o644, 1) };
    let mut bytes = words([node, SIZE as u64, 8, 0, 0, 0]);
    // Nanoseconds of the times; mode, links, owner, group, device, block size, flags.
    let rest: [u32; 10] = [0, 0, 0, mode, links, 0, 0, 0, SIZE as u32, 0];
    bytes.extend(rest.iter().flat_map(|word| word.to_ne_bytes()));
    bytes
}

fn words<const N: usize>(words: [u64; N]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(operation: u32, node: u64) -> Option<Vec<u8>> {
        let mut request = vec![0; HEADER + 16];
        request[4..8].copy_from_slice(&operation.to_ne_bytes());
        request[8..16].copy_from_slice(&77u64.to_ne_bytes());
        request[16..24].copy_from_slice(&node.to_ne_bytes());
        answer(&request, || [7; SIZE])
    }

    #[test]
    fn answers_have_the_sizes_of_the_kernel() {
        let size = |operation| {
            let answer = ask(operation, ROOT).unwrap();
            assert_eq!(answer[..4], (answer.len() as u32).to_ne_bytes());
            assert_eq!((&answer[4..8], &answer[8..16]), (&[0; 4][..], &77u64.to_ne_bytes()[..]));
            answer.len() - 16
        };
        assert_eq!([INIT, LOOKUP, GETATTR, OPEN, READ, RELEASE].map(size), [64, 128, 104, 16, SIZE, 0]);
    }

    #[test]
    fn what_it_does_not_know_is_refused_and_what_needs_no_answer_gets_none() {
        const FLUSH: u32 = 25;
        assert_eq!(ask(FLUSH, FILE).unwrap()[4..8], (-libc::ENOSYS).to_ne_bytes());
        assert_eq!(ask(FORGET, FILE), None);
        assert_eq!(answer(&[0; 3], || [0; SIZE]), None);
    }
}
