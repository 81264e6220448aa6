//! Threads that take items from a queue, one after the other, and tell one listener about them.

use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

use anyhow::Result;

use super::queue::Queue;
use crate::interrupt::Interrupt;

/// Does `work` with each of `items` on `jobs` threads, until all are done or `interrupt` is requested. A thread prefers
/// items of one `group`. `work` gets
/// the item and a function that tells `heard`; that function returns whether anybody still listens. If `heard` fails,
/// the interrupt is requested.
///
/// # Errors
/// Only those of `heard`.
pub(crate) fn run<T: Sync, E: Send>(
    items: &[T],
    group: impl Fn(&T) -> String,
    jobs: usize,
    interrupt: &Interrupt,
    work: impl Fn(&T, &dyn Fn(E) -> bool) + Sync,
    mut heard: impl FnMut(E) -> Result<()>,
) -> Result<()> {
    let waiting = Mutex::new(Queue::new(items, group));
    let (tell, hear) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, items.len().max(1)) {
            let (tell, waiting, work) = (tell.clone(), &waiting, &work);
            scope.spawn(move || {
                let mut current = None;
                let mut next = || waiting.lock().ok().and_then(|mut waiting| waiting.next(&mut current));
                while let Some(item) = (!interrupt.is_requested()).then(&mut next).flatten() {
                    work(item, &|event| tell.send(event).is_ok());
                }
            });
        }
        drop(tell);
        for event in hear {
            if let Err(error) = heard(event) {
                // The results of the running items could not be kept either.
                interrupt.request();
                return Err(error);
            }
        }
        Ok(())
    })
}
