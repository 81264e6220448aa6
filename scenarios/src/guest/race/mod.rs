//! Runs a race in the guest: it attaches a watcher, has a program make a call while its path is rewritten, and
//! compares the watcher's record with the file that the kernel used.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, ensure};

use super::policies::{self, Attach};
use super::{FOLDER, shared};
use crate::modules;
use crate::policy::PolicyName;
use crate::race::{Attack, EVIL, FOLDER as FILES, GOOD, Means, Page, RaceAnswer, RaceOrder, RacedCall, elf};
use crate::scene::Scene;

mod attacker;
mod board;
mod slow;
mod sweep;
mod victim;
mod watch;

pub(super) use attacker::{fork_helper, time_stamp};

/// Where root makes the device of FUSE, and where an ordinary user mounts its file system.
const FUSE_DEVICE: &str = "/run/race/fuse";
const FUSE_FOLDER: &str = "/run/race/mounted";

/// Runs the race that `order` asks for.
///
/// # Errors
/// When the guest lacks something that every kernel has, or the watcher cannot be attached though it should.
pub fn race(order: &RaceOrder) -> Result<RaceAnswer> {
    lay_out(order.call)?;
    let scenario = crate::find("userns").context("there is no scenario userns")?;
    let mut scene = Scene { folder: PathBuf::from(FOLDER), shared: shared::make()?, confine: None };
    let _policy = match &order.policy {
        None => None,
        Some(name) => {
            let policy: PolicyName = name.parse().map_err(|error| anyhow!("{error}"))?;
            match policies::attach(policy, scenario, &mut scene)? {
                Attach::Attached(attached) => Some(attached),
                Attach::Unsupported(why) => return Ok(RaceAnswer::Unsupported(why)),
            }
        }
    };
    let board = board::make().context("failed to map the memory of a race")?;
    let mut watch = watch::attach(order.watcher, order.call, board)?;
    match order.attack {
        Attack::Sweep { step, fine } => {
            ensure!(step > 0 && fine > 0, "a sweep has steps of at least one instruction");
            sweep::run(board, &mut *watch, order, (step, fine)).map(RaceAnswer::Swept)
        }
        Attack::SlowPage { means, page } => {
            let expected = if page == Page::Path { RacedCall::Openat } else { RacedCall::Openat2 };
            ensure!(order.call == expected, "a slow page with the {page} is for {expected}");
            if means == Means::Fuse {
                modules::load("fuse", "").context("failed to load the module fuse")?;
            }
            slow::run(board, &mut *watch, order.call, (means, page)).map(RaceAnswer::SlowPage)
        }
    }
}

/// Makes the files of the race.
fn lay_out(call: RacedCall) -> Result<()> {
    fs::create_dir_all(FUSE_FOLDER).context("failed to make the folder of the race")?;
    for (path, byte, code) in [(GOOD, b'G', victim::GOOD_CODE), (EVIL, b'E', victim::EVIL_CODE)] {
        let bytes = if call == RacedCall::Execve { elf::exit_with(code) } else { vec![byte] };
        fs::write(path, bytes).with_context(|| format!("failed to write {path}"))?;
        fs::set_permissions(path, Permissions::from_mode(0o755))?;
    }
    for folder in [FILES, FUSE_FOLDER] {
        fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    }
    Ok(())
}
