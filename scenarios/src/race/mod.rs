//! Races between check and use: a program rewrites the path of a call between the moment when a watcher records it
//! and the moment when the kernel uses it. Here is what is tried and how tries are judged; `guest/race` tries it.

pub mod elf;
mod exchange;
pub mod fuse;
mod judge;
mod names;
mod table;

pub use exchange::{
    Attack, Means, Page, RACE, RaceAnswer, RaceOrder, RacedCall, Refusal, SlowPage, Swept, Watcher, Width,
};
pub use judge::{Count, Judged, Opened, Try, judge, named, width};
pub use table::{CALLS, CLOSED_BY, WATCHERS, slow_pages, sweeps};

/// The folder of the files in the guest.
pub const FOLDER: &str = "/run/race";
/// The file that a watcher may see, and the name of it.
pub const GOOD: &str = "/run/race/the-good-file";
/// The file that the attacker wants. The names differ where an eight-byte word of the path ends, and the kernel
/// copies words: a path can be torn.
pub const EVIL: &str = "/run/race/the-evil-file";
/// Where the names begin to differ.
pub const DIFFERENCE: usize = 14;
