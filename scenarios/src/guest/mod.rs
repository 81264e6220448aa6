//! The half that runs in the guest: it attaches a policy, tries each way of a scenario in a fresh process, and looks
//! at the effect and at the policy's records.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::child;
use crate::exchange::{Answer, Found, Order, Setting, Tried, Tries};
use crate::modules;
use crate::policy::PolicyName;
use crate::scenario::{Need, Scenario, Way};
use crate::scene::Scene;
use crate::subject::Subject;

mod agent;
mod audit;
mod custom;
mod handover;
mod kept;
mod maker;
mod mitigate;
mod notify;
mod policies;
mod privilege;
mod race;
mod react;
mod shared;
mod timing;
mod trial;

use maker::Maker;

pub use mitigate::mitigate;
pub use privilege::privilege;
pub use race::race;
pub use react::react;

/// Where the files of a scenario are.
const FOLDER: &str = "/run/scene";

/// Sets the scenario up, and carries out the order that the guest gets then.
///
/// # Errors
/// When the guest lacks something that every kernel has, or the policy cannot be attached though it should.
pub fn run(setting: &Setting) -> Result<Answer> {
    let scenario =
        crate::find(&setting.scenario).with_context(|| format!("no scenario {:?}", setting.scenario))?;
    let mut scene = scene()?;
    if let Some(why) = (scenario.lack)() {
        return Ok(Answer::Unsupported(why));
    }
    prepare(scenario, &scene)?;
    if setting.rehearses {
        // In a child: the runner's memory and descriptors, which neighbours inherit, stay as they were.
        let status = child::run(|| rehearse(setting, scenario, &mut scene).map_err(io::Error::other));
        let status = status.context("failed to fork for the rehearsal")?;
        ensure!(status == 0, "the rehearsal of {} failed (wait status {status:#x})", scenario.name);
    }
    carry_out(&handover::receive()?, scenario, scene)
}

/// Attaches policies and removes them again, and tries all ways with nothing watching. What keeps a policy from being
/// attached, and what becomes of the ways, is what the policies' own cells find out.
fn rehearse(setting: &Setting, scenario: &'static Scenario, scene: &mut Scene) -> Result<()> {
    for name in &setting.attaches {
        drop(policies::attach(policy(name)?, scenario, scene));
    }
    for way in scenario.ways.iter().filter(|way| way.unrehearsed.is_none()) {
        trial::run(way, scenario, scene, &mut policies::nothing())
            .with_context(|| format!("failed to rehearse {} of {}", way.name, scenario.name))?;
    }
    (scenario.reset)(scene).context("failed to reset the scene after the rehearsal")
}

/// Tries the ways that `order` asks for, and times allowed neighbours. Timing comes last: then ways are tried as without
/// it, and QEMU is not slow yet.
fn carry_out(order: &Order, scenario: &'static Scenario, mut scene: Scene) -> Result<Answer> {
    let policy = policy(&order.policy)?;
    if let Some(custom) = &order.custom {
        let why_not =
            custom::is_there_already(custom, scenario, &scene).context("failed to reset the scene")?;
        if let Some(why) = why_not {
            let ways = vec![Tries::invalid(&custom.name, why)];
            return Ok(Answer::Tried(Found {
                tried: Tried { ways, ..Tried::default() },
                ..Found::default()
            }));
        }
    }
    let subject = Subject::of(scenario, policy);
    let subject = if order.is_broken { broken(subject)? } else { subject };
    let mut maker = order.timing.map(|_| Maker::start(scenario, &scene)).transpose()?;
    let attached = match policies::attach_about(policy, subject.clone(), &mut scene)? {
        policies::Attach::Attached(attached) => attached,
        policies::Attach::Unsupported(why) => return Ok(Answer::Unsupported(why)),
    };
    if maker.is_some() && scene.confine.is_some() {
        maker = Some(Maker::start(scenario, &scene)?);
    }
    let mut holder = Holder { policy, subject, attached: Some(attached) };
    let tried = try_ways(order, &mut scene, &mut holder)?;
    let timed = match order.timing.zip(maker) {
        Some((timing, mut maker)) => {
            let attached = holder.hold(&mut scene)?;
            timing::run(timing, scenario, &scene, attached, &mut maker)?
        }
        None => Vec::new(),
    };
    Ok(Answer::Tried(Found { tried, timed }))
}

/// Tries the ways that `order` asks for, as long as the policy can record what it sees.
fn try_ways(order: &Order, scene: &mut Scene, holder: &mut Holder) -> Result<Tried> {
    let scenario = holder.subject.scenario;
    let mut tried = Tried::default();
    if let Some(attached) = &holder.attached {
        (tried.attached, tried.lacks) = (attached.names().to_vec(), attached.lacks().to_vec());
    }
    if let Some(custom) = &order.custom
        && let Some(attached) = holder.attached.take()
    {
        tried.ways.push(custom::run(custom, scenario, scene, holder.policy.policy, attached)?);
        return Ok(tried);
    }
    for name in &order.ways {
        ensure!(scenario.ways.iter().any(|way| way.name == *name), "{} has no way {name:?}", scenario.name);
    }
    for way in scenario.ways.iter().filter(|way| order.asks_for(way.name)) {
        tried.ways.push(holder.try_way(way, scene)?);
        if holder.is_spent()? {
            break;
        }
    }
    Ok(tried)
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
        let attached = self.hold(scene)?;
        trial::run(way, scenario, scene, attached)
    }

    /// The policy, which this process attaches again if it does not hold it.
    fn hold(&mut self, scene: &mut Scene) -> Result<&mut dyn policies::Attached> {
        let attached = match self.attached.take() {
            Some(attached) => attached,
            None => match policies::attach_about(self.policy, self.subject.clone(), scene)? {
                policies::Attach::Attached(attached) => attached,
                policies::Attach::Unsupported(why) => bail!("the policy cannot be attached again: {why}"),
            },
        };
        Ok(&mut **self.attached.insert(attached))
    }

    /// Whether the policy cannot record the same once more.
    fn is_spent(&mut self) -> Result<bool> {
        self.attached.as_mut().map_or(Ok(false), |attached| attached.is_spent())
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
