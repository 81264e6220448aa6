//! The guest's image: the initramfs with the agent and the programs of workloads.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hookbench_results::digest::sha256;
use hookbench_results::environment::ImageRecord;
use hookbench_results::store::write_whole;
use hookbench_vm::cache::{Cache, Kind, Lease, Lock, Wanted};
use hookbench_vm::image::{self, Content, GuestFile};
use hookbench_vm::userland;

use crate::session::embedded::NOOP;

/// The file name of the image in its cache entry.
const FILE: &str = "image.cpio";

/// The image, which stays in the cache as long as this value lives.
pub(super) struct Image {
    lease: Lease,
    /// What a run records about it.
    pub(super) record: ImageRecord,
}

impl Image {
    /// Builds the image with `agent` and keeps it in the cache under its hash.
    ///
    /// # Errors
    /// When a package cannot be downloaded, or the cache cannot be written.
    pub(super) fn make(cache: &Cache, agent: &[u8], progress: &dyn Fn(&str)) -> Result<Image> {
        let userland = userland::fetch(cache, progress)?;
        let mut files = userland.files;
        files.extend([program("init", agent), program("noop", NOOP)]);
        let image = image::build(&files).context("failed to build the guest's image")?;
        let wanted = Wanted { kind: Kind::IMAGES, key: &image.sha256, source: "" };
        let make = |_: &Lock, made: &Path| {
            write_whole(&made.join(FILE), &image.bytes)?;
            Ok(format!("of hookbench {}", env!("CARGO_PKG_VERSION")))
        };
        let lease = cache
            .obtain(&wanted, progress, make)
            .context("failed to store the guest's image in the cache")?;
        let record =
            ImageRecord { sha256: image.sha256, agent_sha256: sha256(agent), packages: userland.packages };
        Ok(Image { lease, record })
    }

    /// The path of the image.
    pub(super) fn path(&self) -> PathBuf {
        self.lease.file(FILE)
    }
}

fn program(path: &str, bytes: &[u8]) -> GuestFile {
    GuestFile { path: path.into(), mode: 0o755, content: Content::File(bytes.to_vec()) }
}
