//! Where a guest runs: on one CPU of the host, the one with the fewest guests.
//! QEMU's two threads then take turns as they hand over to each other, instead
//! of looking at each other's half-made state from two CPUs.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;

/// How many guests each CPU has.
static GUESTS: Mutex<BTreeMap<usize, usize>> = Mutex::new(BTreeMap::new());

/// A guest's CPU; free again when dropped.
pub(crate) struct Place(usize);

impl Place {
    /// The CPU with the fewest guests of those that this process may use;
    /// `None` where it is not known which those are.
    pub(crate) fn take() -> Option<Place> {
        let allowed = allowed();
        let mut guests = GUESTS.lock().ok()?;
        let cpu = allowed.into_iter().min_by_key(|cpu| guests.get(cpu).copied().unwrap_or(0))?;
        *guests.entry(cpu).or_default() += 1;
        Some(Place(cpu))
    }

    /// What the guest's process calls before it becomes QEMU.
    pub(crate) fn move_here(&self) -> io::Result<()> {
        // SAFETY: the set is plain data, made zero and then filled; the number
        // came from such a set.
        unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(self.0, &mut set);
            match libc::sched_setaffinity(0, size_of_val(&set), &set) {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Ok(mut guests) = GUESTS.lock()
            && let Some(count) = guests.get_mut(&self.0)
        {
            *count = count.saturating_sub(1);
        }
    }
}

/// The CPUs that this process may use.
fn allowed() -> Vec<usize> {
    // SAFETY: the set is plain data, made zero; the kernel fills it.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(0, size_of_val(&set), &mut set) != 0 {
            return Vec::new();
        }
        (0..libc::CPU_SETSIZE as usize).filter(|&cpu| libc::CPU_ISSET(cpu, &set)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_are_spread_over_the_cpus() {
        let cpus = allowed().len();
        let places: Vec<Place> = (0..2 * cpus).filter_map(|_| Place::take()).collect();
        for cpu in allowed() {
            assert_eq!(places.iter().filter(|place| place.0 == cpu).count(), 2);
        }
    }
}
