//! The half that runs in the guest: it attaches a policy, tries each way of a scenario in a fresh process, and looks
//! at the effect and at the policy's records.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};

use crate::exchange::{Answer, Found, Order, Tried};
use crate::modules;
use crate::policy::PolicyName;
use crate::scenario::{Need, Scenario};
use crate::scene::Scene;
use crate::subject::Subject;

mod audit;
mod custom;
mod kept;
mod maker;
mod mitigate;
mod policies;
mod privilege;
mod race;
mod shared;
mod timing;
mod trial;

use maker::Maker;

pub use mitigate::mitigate;
pub use privilege::privilege;
pub use race::race;

/// Where the files of a scenario are.
const FOLDER: &str = "/run/scene";

/// Tries the ways that `order` asks for, and times allowed neighbours. Timing comes last: then ways are tried as without
/// it, and QEMU is not slow yet.
///
/// # Errors
/// When the guest lacks something that every kernel has, or the policy cannot be attached though it should.
pub fn run(order: &Order) -> Result<Answer> {
    let scenario =
        crate::find(&order.scenario).with_context(|| format!("no scenario {:?}", order.scenario))?;
    let (policy, mut scene) = (policy(&order.policy)?, scene()?);
    prepare(scenario, &scene)?;
    let subject = Subject::of(scenario, policy);
    let subject = if order.is_broken { broken(subject)? } else { subject };
    let mut maker = order.timing.map(|_| Maker::start(scenario, &scene)).transpose()?;
    let mut attached = match policies::attach_about(policy, subject, &mut scene)? {
        policies::Attach::Attached(attached) => attached,
        policies::Attach::Unsupported(why) => return Ok(Answer::Unsupported(why)),
    };
    if maker.is_some() && scene.confine.is_some() {
        maker = Some(Maker::start(scenario, &scene)?);
    }
    let tried = try_ways(order, scenario, &scene, &mut *attached)?;
    let timed = match order.timing.zip(maker) {
        Some((timing, mut maker)) => timing::run(timing, scenario, &scene, &mut *attached, &mut maker)?,
        None => Vec::new(),
    };
    Ok(Answer::Tried(Found { tried, timed }))
}

fn try_ways(
    order: &Order,
    scenario: &Scenario,
    scene: &Scene,
    attached: &mut dyn policies::Attached,
) -> Result<Tried> {
    let (names, lacks) = (attached.names().to_vec(), attached.lacks().to_vec());
    let mut tried = Tried { attached: names, lacks, ..Tried::default() };
    if let Some(way) = &order.custom {
        let way = custom::way(way)?;
        tried.ways.push(trial::run(&way, scenario, scene, attached)?);
    }
    for way in scenario.ways.iter().filter(|way| order.asks_for(way.name)) {
        tried.ways.push(trial::run(way, scenario, scene, attached)?);
    }
    for name in &order.ways {
        ensure!(tried.ways.iter().any(|tries| tries.way == *name), "{} has no way {name:?}", scenario.name);
    }
    Ok(tried)
}

/// The policy called `name`.
fn policy(name: &str) -> Result<PolicyName> {
    name.parse().map_err(|error| anyhow!("{error}"))
}

/// A scene in which nothing confines ways yet.
fn scene() -> Result<Scene> {
    Ok(Scene { folder: PathBuf::from(FOLDER), shared: shared::make()?, confine: None })
}

/// A subject that nothing is about. Its files exist, for a policy that needs that.
fn broken(subject: Subject) -> Result<Subject> {
    let broken = subject.broken();
    for (path, _) in &broken.files {
        fs::write(path, "").with_context(|| format!("failed to write {path}"))?;
    }
    Ok(broken)
}

/// Runs an image of a scenario: this program, executed by a way under the name `SCENARIO/IMAGE`.
pub fn run_image(name: &str, arguments: &[String]) -> ExitCode {
    let found = name.split_once('/').and_then(|(scenario, image)| {
        let images = crate::find(scenario)?.images;
        images.iter().find(|(known, _)| *known == image)
    });
    match found {
        Some((_, run)) => ExitCode::from(run(arguments) as u8),
        None => {
            eprintln!(
                "hookbench-scenarios: there is no image {name:?}; run `hookbench scenario run` instead"
            );
            ExitCode::from(2)
        }
    }
}

fn prepare(scenario: &Scenario, scene: &Scene) -> Result<()> {
    fs::create_dir_all(&scene.folder).context("failed to make the folder of the scene")?;
    fs::set_permissions(&scene.folder, fs::Permissions::from_mode(0o777))?;
    for need in scenario.ways.iter().flat_map(|way| way.needs) {
        if let Need::Loaded(name) = need {
            modules::load(name, "").with_context(|| format!("failed to load the module {name}"))?;
        }
    }
    (scenario.set_up)(scene).with_context(|| format!("failed to set {} up", scenario.name))
}

impl Order {
    fn asks_for(&self, way: &str) -> bool {
        (self.ways.is_empty() && self.custom.is_none()) || self.ways.iter().any(|asked| asked == way)
    }
}
