//! The half that runs in the guest: it attaches a policy, tries each way of a scenario in a fresh process, and looks
//! at the effect and at the policy's records.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::exchange::{Answer, Order, Tried, Tries};
use crate::modules;
use crate::policy::PolicyName;
use crate::scenario::{Need, Scenario, Way};
use crate::scene::Scene;
use crate::subject::Subject;

mod agent;
mod audit;
mod custom;
mod kept;
mod mitigate;
mod notify;
mod policies;
mod privilege;
mod race;
mod react;
mod shared;
mod trial;

pub use mitigate::mitigate;
pub use privilege::privilege;
pub use race::race;
pub use react::react;

/// Where the files of a scenario are.
const FOLDER: &str = "/run/scene";

/// Tries the ways that `order` asks for.
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
    let attached = match policies::attach_about(policy, subject.clone(), &mut scene)? {
        policies::Attach::Attached(attached) => attached,
        policies::Attach::Unsupported(why) => return Ok(Answer::Unsupported(why)),
    };
    let mut tried =
        Tried { attached: attached.names().to_vec(), lacks: attached.lacks().to_vec(), ways: Vec::new() };
    let mut holder = Holder { policy, subject, attached: Some(attached) };
    if let Some(way) = &order.custom {
        tried.ways.push(holder.try_way(&custom::way(way)?, &mut scene)?);
    }
    for way in scenario.ways.iter().filter(|way| order.asks_for(way.name)) {
        tried.ways.push(holder.try_way(way, &mut scene)?);
    }
    for name in &order.ways {
        ensure!(tried.ways.iter().any(|tries| tries.way == *name), "{} has no way {name:?}", scenario.name);
    }
    Ok(Answer::Tried(tried))
}

/// Who holds the policy.
struct Holder {
    policy: PolicyName,
    subject: Subject,
    /// The policy, while this process holds it.
    attached: Option<Box<dyn policies::Attached>>,
}

impl Holder {
    /// Tries `way`. If that has an agent, the policy is attached by one; what a process put on itself has none.
    fn try_way(&mut self, way: &Way, scene: &mut Scene) -> Result<Tries> {
        let scenario = self.subject.scenario;
        if way.has_agent && scene.confine.is_none() && !self.policy.is_none() {
            self.attached = None;
            let mut agent = agent::start(self.policy, &self.subject, scene)?;
            scene.shared.agent.store(agent.process(), Ordering::SeqCst);
            let tries = trial::run(way, scenario, scene, &mut agent);
            scene.shared.agent.store(0, Ordering::SeqCst);
            return tries;
        }
        let attached = match self.attached.take() {
            Some(attached) => attached,
            None => match policies::attach_about(self.policy, self.subject.clone(), scene)? {
                policies::Attach::Attached(attached) => attached,
                policies::Attach::Unsupported(why) => bail!("the policy cannot be attached again: {why}"),
            },
        };
        trial::run(way, scenario, scene, &mut **self.attached.insert(attached))
    }
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

/// Runs an image of a scenario: this program, executed by a way under the name `SCENARIO/IMAGE`; or the program that
/// gives the signal of a reaction.
pub fn run_image(name: &str, arguments: &[String]) -> ExitCode {
    if name == react::SIGNALLER {
        return ExitCode::from(react::signal(arguments));
    }
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
