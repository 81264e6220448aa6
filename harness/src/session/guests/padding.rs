//! The agent with more bytes, as another build would have. Tests use it to show that the agent's size is in no hook.

use std::borrow::Cow;

use crate::session::embedded::AGENT;

/// Where the fields of a 64-bit ELF header are.
const PROGRAM_HEADERS: usize = 32;
const HEADER_SIZE: usize = 54;
const HEADERS: usize = 56;

/// Where the fields of a program header are: its type, its flags, and the size of the segment in memory.
const FLAGS: usize = 4;
const MEMORY_SIZE: usize = 40;

/// A segment that is loaded, and one that is writable.
const LOAD: u32 = 1;
const WRITABLE: u32 = 2;

/// The agent. Its file and its zeroed memory have `bytes` more than it was built with.
pub(super) fn padded_agent(bytes: usize) -> Cow<'static, [u8]> {
    if bytes == 0 {
        return AGENT.into();
    }
    let mut agent = AGENT.to_vec();
    if let Some(at) = data_segment(&agent) {
        let place = at + MEMORY_SIZE..at + MEMORY_SIZE + 8;
        if let Some(size) = read(&agent, place.start, 8) {
            agent[place].copy_from_slice(&(size + bytes as u64).to_le_bytes());
        }
    }
    agent.resize(agent.len() + bytes, 0);
    agent.into()
}

/// The place of the program header of the writable segment.
fn data_segment(file: &[u8]) -> Option<usize> {
    let begin = read(file, PROGRAM_HEADERS, 8)? as usize;
    let (size, count) = (read(file, HEADER_SIZE, 2)? as usize, read(file, HEADERS, 2)? as usize);
    let is_data = |at: &usize| {
        let (kind, flags) = (read(file, *at, 4), read(file, at + FLAGS, 4));
        kind == Some(LOAD.into()) && flags.is_some_and(|flags| flags & u64::from(WRITABLE) != 0)
    };
    (0..count).map(|index| begin + index * size).find(is_data)
}

/// The little-endian number of `bytes` bytes at `at`.
fn read(file: &[u8], at: usize, bytes: usize) -> Option<u64> {
    let field = file.get(at..at + bytes)?;
    Some(field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_padded_agent_is_larger_in_its_file_and_in_memory() {
        assert!(matches!(padded_agent(0), Cow::Borrowed(agent) if agent == AGENT));
        let padded = padded_agent(4096);
        assert_eq!(padded.len(), AGENT.len() + 4096);
        let place = data_segment(AGENT).unwrap();
        let size = |agent: &[u8]| read(agent, place + MEMORY_SIZE, 8).unwrap();
        assert_eq!(size(&padded), size(AGENT) + 4096);
        let differing = AGENT.iter().zip(padded.iter()).filter(|(one, other)| one != other).count();
        assert!((1..=8).contains(&differing));
    }
}
