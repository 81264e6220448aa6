//! Reads an explanation from JSON. The file may be anybody's: what does not hold together, or would take too much
//! memory to show, is refused.

use super::{Explanation, FORMAT, Frame};

/// The most call paths.
const MOST_FRAMES: usize = 1 << 20;
/// The most functions below each other.
const DEEPEST: usize = 1 << 12;
/// The most bytes of all stacks as text.
const MOST_TEXT: usize = 256 << 20;
/// The longest name of a function, in bytes. The kernel's limit is 512.
const LONGEST_NAME: usize = 512;
/// The most instructions at one call path. Sums of all frames then fit.
const MOST_INSTRUCTIONS: u64 = 1 << 40;

/// Why text is no explanation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnExplanation {
    /// It is not the JSON of one.
    #[error("not the JSON of an explanation: {0}")]
    Json(String),
    /// Another version of hookbench wrote it.
    #[error("the format has the version {0}; this hookbench reads version {FORMAT}")]
    Version(u32),
    /// A name is empty, too long, or cannot stand in a stack.
    #[error("the name {0} of a function is not usable")]
    Name(usize),
    /// A frame refers to something that does not exist, or its numbers do not add up.
    #[error("the call path {0} is wrong")]
    Frame(usize),
    /// There are too many call paths, or they are too deep.
    #[error("it has too many or too deep call paths")]
    TooLarge,
}

/// Reads the JSON of an explanation.
///
/// # Errors
/// See [`NotAnExplanation`].
pub fn read(json: &[u8]) -> Result<Explanation, NotAnExplanation> {
    let explanation: Explanation =
        serde_json::from_slice(json).map_err(|error| NotAnExplanation::Json(error.to_string()))?;
    check(&explanation)?;
    Ok(explanation)
}

/// Checks what the functions of an explanation rely on.
pub(super) fn check(explanation: &Explanation) -> Result<(), NotAnExplanation> {
    let Explanation { format, names, frames, .. } = explanation;
    if *format != FORMAT {
        return Err(NotAnExplanation::Version(*format));
    }
    if let Some(wrong) = names.iter().position(|name| !is_name(name)) {
        return Err(NotAnExplanation::Name(wrong));
    }
    if frames.len() > MOST_FRAMES {
        return Err(NotAnExplanation::TooLarge);
    }
    // The depth of each frame, and the length of its stack as text.
    let mut stacks: Vec<(usize, usize)> = Vec::with_capacity(frames.len());
    let mut text = 0;
    for (index, frame) in frames.iter().enumerate() {
        let caller = match frame.caller {
            Some(caller) => *stacks.get(caller).ok_or(NotAnExplanation::Frame(index))?,
            None => (0, 0),
        };
        let name = names.get(frame.name).ok_or(NotAnExplanation::Frame(index))?;
        if !adds_up(frame) {
            return Err(NotAnExplanation::Frame(index));
        }
        let stack = (caller.0 + 1, caller.1 + name.len() + 1);
        text += stack.1;
        if stack.0 > DEEPEST || text > MOST_TEXT {
            return Err(NotAnExplanation::TooLarge);
        }
        stacks.push(stack);
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b';';
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(plain)
}

/// Whether the numbers are in bounds and the parts of the difference are all of it.
fn adds_up(frame: &Frame) -> bool {
    let Frame { operation, reference, parts, .. } = frame;
    let small = |number: i64| number.unsigned_abs() <= 2 * MOST_INSTRUCTIONS;
    *operation <= MOST_INSTRUCTIONS
        && *reference <= MOST_INSTRUCTIONS
        && [parts.direct, parts.avoided, parts.indirect, parts.interrupts].into_iter().all(small)
        && parts.avoided >= 0
        && parts.added() == *operation as i64 - *reference as i64
}
