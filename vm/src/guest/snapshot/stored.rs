//! A snapshot on the disk: its files, and where they lie.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cache::Lease;
use crate::files::scratch::Scratch;
use crate::guest::ending::Error;

/// The files of a snapshot.
pub(super) const MEMORY: &str = "memory";
pub(super) const DEVICE_STATE: &str = "device";
pub(super) const MESSAGES: &str = "said";
pub(super) const CONSOLE: &str = "console";

/// A guest that can resume from here any number of times.
#[derive(Debug, Clone)]
pub struct Snapshot {
    location: Location,
    messages: Vec<u8>,
    console: Vec<u8>,
}

/// Where the files of a snapshot lie.
#[derive(Debug, Clone)]
pub(super) enum Location {
    /// In the cache, for all runs.
    Cache(Lease),
    /// In a folder of this process, as long as the process lives: the cache is not
    /// writable.
    Process(Arc<Scratch>),
    /// In the folder in which hookbench is making the snapshot.
    Unfinished(PathBuf),
}

impl Location {
    fn file(&self, name: &str) -> PathBuf {
        match self {
            Location::Cache(lease) => lease.file(name),
            Location::Process(scratch) => scratch.path().join(name),
            Location::Unfinished(folder) => folder.join(name),
        }
    }
}

impl Snapshot {
    /// Reads the snapshot at `location`.
    pub(super) fn read(location: Location) -> Result<Snapshot, Error> {
        let read = |name: &str| {
            let path = location.file(name);
            fs::read(&path).map_err(|error| Error::file(path, error))
        };
        let (messages, console) = (read(MESSAGES)?, read(CONSOLE)?);
        Ok(Snapshot { location, messages, console })
    }

    /// Returns the agent's messages before the guest stopped.
    pub(crate) fn messages(&self) -> &[u8] {
        &self.messages
    }

    /// Returns what the console had shown.
    pub(crate) fn console(&self) -> &[u8] {
        &self.console
    }

    /// Returns the path of the guest's memory.
    pub(crate) fn memory(&self) -> PathBuf {
        self.location.file(MEMORY)
    }

    /// Returns the path of the state of the guest's devices.
    pub(crate) fn device_state(&self) -> PathBuf {
        self.location.file(DEVICE_STATE)
    }
}
