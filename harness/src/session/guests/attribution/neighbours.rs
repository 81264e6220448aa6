//! The baselines of the allowed neighbours of a scenario: their call paths without a policy. They are made like those of
//! cells, by a guest with the boot line of the policy's, and the cache keeps them in the same folder.

use std::sync::Arc;

use anyhow::Result;
use hookbench_analysis::attribution::Baseline;
use hookbench_results::digest::sha256;
use hookbench_vm::cache::Cache;
use serde::{Deserialize, Serialize};

use super::Attributor;
use super::baselines::key_of;
use crate::session::embedded::PLUGIN;

/// The version of the entries in the cache. Raise it when the way to make them changes.
const FORMAT: &str = "neighbours 1";

/// The neighbours of a scenario without a policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Neighbours(pub Vec<Neighbour>);

/// A neighbour without a policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Neighbour {
    /// Its name.
    pub way: String,
    /// Its call paths, or why they are not known.
    pub baseline: Result<Baseline, String>,
}

impl Neighbours {
    /// The call paths of `way`.
    ///
    /// # Errors
    /// Why they are not known.
    pub fn find(&self, way: &str) -> Result<&Baseline, &str> {
        match self.0.iter().find(|neighbour| neighbour.way == way) {
            Some(neighbour) => neighbour.baseline.as_ref().map_err(|why| &**why),
            None => Err("it was not timed"),
        }
    }
}

impl Attributor {
    /// The neighbours that depend on `all`: from the cache, or made by `make`. `about` tells users what it is.
    ///
    /// # Errors
    /// When `make` fails, or what is in the cache cannot be read.
    pub(in crate::session::guests) fn neighbours(
        &self,
        cache: &Cache,
        all: &[&str],
        about: &str,
        make: impl FnOnce() -> Result<Neighbours>,
    ) -> Result<Arc<Neighbours>> {
        let plugin = sha256(PLUGIN);
        let key = key_of(&[&[FORMAT, &plugin], all].concat());
        self.neighbours.obtain(cache, &key, about, make)
    }
}
