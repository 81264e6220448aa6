//! The fork servers of a session: a machine per kernel and boot line that boots once, and copies of it that have
//! attached a monitor each. A cell gets a copy of one of these.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use hookbench_results::digest::sha256;
use hookbench_vm::guest::{ForkServer, GuestOptions};

use super::attribution::Recent;

/// How many booted machines wait at once. Each keeps the memory that its guest has touched, and a plan has the cells of
/// one kernel after those of another.
const MOST_BOOTED: usize = 4;

/// How many machines with a monitor wait at once: those of the cells that run, and of the next ones.
const MOST_ATTACHED: usize = 6;

/// See the module.
pub(super) struct ForkServers {
    booted: Recent<ForkServer>,
    attached: Recent<ForkServer>,
}

impl Default for ForkServers {
    fn default() -> ForkServers {
        ForkServers { booted: Recent::new(MOST_BOOTED), attached: Recent::new(MOST_ATTACHED) }
    }
}

impl ForkServers {
    /// The machine that `key` stands for, before a monitor is attached. The first guest that needs it calls `start`, others
    /// wait.
    ///
    /// # Errors
    /// When it does not become ready.
    pub(super) fn booted(
        &self,
        key: &str,
        start: impl Fn() -> Result<ForkServer>,
    ) -> Result<Arc<ForkServer>> {
        self.booted.obtain_good(key, is_alive, start)
    }

    /// Whether another guest has the machine booted that `key` stands for. If not, the caller has to ask for it next.
    pub(super) fn is_booting(&self, key: &str) -> bool {
        self.booted.is_being_made(key)
    }

    /// A copy of `booted`, which `key` stands for, that has carried out `order` with the payload of `options`.
    ///
    /// # Errors
    /// When it cannot be carried out there.
    pub(super) fn attached(
        &self,
        key: &str,
        booted: &Arc<ForkServer>,
        order: &[u8],
        options: &GuestOptions<'_>,
    ) -> Result<Arc<ForkServer>> {
        // That a machine which died attached nothing says nothing about the next one.
        let mut key = format!("{key}-{}", booted.number());
        let payload = options.payload;
        for file in [payload.monitor, payload.workload].into_iter().flatten() {
            let bytes = fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
            key += &sha256(&bytes);
        }
        key += &String::from_utf8_lossy(order);
        self.attached.obtain_good(&key, is_alive, || Ok(booted.attach(order, options)?))
    }
}

fn is_alive(server: &ForkServer) -> bool {
    !server.has_ended()
}

/// From so many programs on one machine on, it is booted once and copied for the next ones.
const MANY_PROGRAMS: usize = 4;

/// How often machines were needed for programs, whose number nobody knows before.
#[derive(Default)]
pub(super) struct Repeats(Mutex<BTreeMap<String, usize>>);

impl Repeats {
    /// Whether the machine that `key` stands for is needed often. Counts this time.
    pub(super) fn are_many(&self, key: &str) -> bool {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = numbers.entry(key.to_owned()).or_default();
        *number += 1;
        *number >= MANY_PROGRAMS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_programs_of_a_machine_are_few() {
        let repeats = Repeats::default();
        let many: Vec<bool> = (0..6).map(|_| repeats.are_many("a")).collect();
        assert_eq!(many, [false, false, false, true, true, true]);
        assert!(!repeats.are_many("b"));
    }
}
