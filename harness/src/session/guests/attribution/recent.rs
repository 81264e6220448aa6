//! Values that were used recently, by key. A plan with many kernels needs hundreds, some megabytes each, but those of one
//! kernel after those of another.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Result, anyhow};

/// A value, or the reason why making it failed. All callers get the same answer.
type Made<V> = Arc<Slot<V>>;

struct Slot<V> {
    value: OnceLock<Result<Arc<V>, String>>,
    /// Whether a caller has begun to make it.
    is_begun: AtomicBool,
}

impl<V> Default for Slot<V> {
    fn default() -> Slot<V> {
        Slot { value: OnceLock::new(), is_begun: AtomicBool::new(false) }
    }
}

/// Keeps the values that were used last.
pub(in crate::session::guests) struct Recent<V> {
    /// The last is the one that was used last.
    values: Mutex<VecDeque<(String, Made<V>)>>,
    most: usize,
}

impl<V> Recent<V> {
    /// Keeps at most so many values.
    pub(in crate::session::guests) fn new(most: usize) -> Recent<V> {
        Recent { values: Mutex::default(), most }
    }

    /// The value of `key`. The first who needs it calls `make`; others wait.
    ///
    /// # Errors
    /// When `make` fails, also to those who waited.
    pub(in crate::session::guests) fn obtain(
        &self,
        key: &str,
        make: impl FnOnce() -> Result<V>,
    ) -> Result<Arc<V>> {
        let slot = self.slot(key);
        slot.is_begun.store(true, Ordering::SeqCst);
        let made = slot.value.get_or_init(|| make().map(Arc::new).map_err(|error| format!("{error:#}")));
        made.clone().map_err(|why| anyhow!(why))
    }

    /// Whether another caller is making the value of `key`. If none is and none has, the caller has to obtain it next:
    /// others get to hear that it is being made.
    pub(in crate::session::guests) fn is_being_made(&self, key: &str) -> bool {
        let slot = self.slot(key);
        slot.is_begun.swap(true, Ordering::SeqCst) && slot.value.get().is_none()
    }

    /// The value of `key` that is `good`. A value that is not is made again.
    ///
    /// # Errors
    /// When `make` fails, also to those who waited.
    pub(in crate::session::guests) fn obtain_good(
        &self,
        key: &str,
        good: impl Fn(&V) -> bool,
        make: impl Fn() -> Result<V>,
    ) -> Result<Arc<V>> {
        let value = self.obtain(key, &make)?;
        if good(&value) {
            return Ok(value);
        }
        {
            let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
            // Another caller may have had it made again.
            values.retain(|(known, made)| {
                known != key || !matches!(made.value.get(), Some(Ok(old)) if Arc::ptr_eq(old, &value))
            });
        }
        self.obtain(key, make)
    }

    /// The place of the value of `key`, as the last one.
    fn slot(&self, key: &str) -> Made<V> {
        // No code panics while it holds the lock with the values half changed.
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let found = values.iter().position(|(known, _)| known == key);
        let entry = found.and_then(|place| values.remove(place));
        let entry = entry.unwrap_or_else(|| (key.to_string(), Made::default()));
        let made = entry.1.clone();
        values.push_back(entry);
        if values.len() > self.most {
            values.pop_front();
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use anyhow::bail;

    use super::*;

    #[test]
    fn values_stay_as_long_as_they_are_used() {
        let (recent, made) = (Recent::new(2), Cell::new(0));
        let get = |key| {
            let make = || {
                made.set(made.get() + 1);
                Ok(made.get())
            };
            *recent.obtain(key, make).unwrap()
        };
        assert_eq!((get("a"), get("b"), get("a")), (1, 2, 1));
        // b was used before a.
        assert_eq!((get("c"), get("a"), get("b"), get("c")), (3, 1, 4, 5));
    }

    #[test]
    fn a_value_that_is_no_longer_good_is_made_again() {
        let (recent, made) = (Recent::new(2), Cell::new(0));
        let get = |good: fn(&i32) -> bool| {
            let make = || {
                made.set(made.get() + 1);
                Ok(made.get())
            };
            *recent.obtain_good("a", good, make).unwrap()
        };
        assert_eq!((get(|_| true), get(|_| true), get(|_| false), get(|_| true)), (1, 1, 2, 2));
    }

    #[test]
    fn who_comes_while_a_value_is_made_hears_of_it() {
        let recent = Recent::new(2);
        assert!(!recent.is_being_made("a"));
        assert!(recent.is_being_made("a"));
        recent.obtain("a", || Ok(1)).unwrap();
        assert!(!recent.is_being_made("a"));
    }

    #[test]
    fn a_failure_stays_too() {
        let recent: Recent<u8> = Recent::new(2);
        for why in ["first", "second"] {
            let error = recent.obtain("a", || bail!(why)).unwrap_err().to_string();
            assert_eq!(error, "first");
        }
    }
}
