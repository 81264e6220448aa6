//! An attached monitor. The agent attaches it before it knows the rest of the cell, so that a machine that has attached
//! it can serve many cells.

use std::fs;

use anyhow::{Context, anyhow};
use hookbench_model::protocol::{AttachOrder, CellSpec};
use hookbench_model::{BEHAVIOURS, Behaviour, KernelVersion};
use hookbench_probes::attach::{AttachRequest, Attached, Error, ReaderPriority};
use hookbench_probes::modules::MODULE;
use hookbench_probes::{Monitor, Watches};

use super::meter::{Cost, Meter};
use super::prepared::Prepared;
use super::{login, patience};
use crate::no_number::NoNumber;

/// See the module.
pub(crate) struct Attachment {
    order: AttachOrder,
    pub(super) monitor: Monitor,
    pub(super) attached: Box<dyn Attached>,
    /// What attaching cost; nothing for `none`.
    pub(super) cost: Option<Cost>,
}

impl Attachment {
    /// Attaches what `order` says.
    ///
    /// # Errors
    /// The reason why cells with this order have no number.
    pub(crate) fn make(order: AttachOrder, prepared: &Prepared) -> Result<Attachment, NoNumber> {
        let monitor = hookbench_probes::find(&order.attach)
            .ok_or_else(|| anyhow!("the agent has no monitor {}", order.attach))?;
        if let Some(why) = prepared.stage.refusal(monitor) {
            return Err(NoNumber::Unsupported(why));
        }
        login::check(&order)?;
        let behaviour = behaviour_of(&order)?;
        if let Some(why) = unable(monitor, behaviour, prepared.kernel).filter(|_| order.behaviour.is_some()) {
            return Err(NoNumber::Unsupported(why));
        }
        let module = match monitor.sink.requires.module {
            Some(_) => fs::read(format!("/{MODULE}")).context("failed to read the kernel module")?,
            None => Vec::new(),
        };
        // If nothing is attached, there is nothing to meter or to wait for.
        let meter = if order.attach.is_none() { None } else { Some(Meter::start(prepared.rate)?) };
        let attached = monitor.mechanism.attach(&request(&order, monitor, behaviour, &module));
        let mut attached = attached.map_err(|error| match error {
            Error::Unsupported(why) => NoNumber::Unsupported(why),
            Error::Failed(error) => error.context(format!("failed to attach {}", order.attach)).into(),
        })?;
        let cost = meter.map(|meter| meter.cost(patience::SETTLE)).transpose()?;
        let cost = cost.filter(|_| attached.evidence().is_none_or(|custom| custom.has_attach_cost()));
        Ok(Attachment { order, monitor, attached, cost })
    }

    /// Attaches what the cell `spec` needs.
    ///
    /// # Errors
    /// The reason why the cell has no number.
    pub(crate) fn for_cell(spec: &CellSpec, prepared: &Prepared) -> Result<Attachment, NoNumber> {
        let monitor = hookbench_probes::find(&spec.monitor)
            .ok_or_else(|| anyhow!("the agent has no monitor {}", spec.monitor))?;
        let workload = hookbench_workloads::for_cell(spec)
            .ok_or_else(|| anyhow!("the agent has no workload {:?}", spec.workload))?;
        let behaviour = Behaviour::find(workload.info().behaviour)
            .ok_or_else(|| anyhow!("unknown behaviour {}", workload.info().behaviour))?;
        Attachment::make(monitor.order(spec, behaviour, spec.budget), prepared)
    }

    /// The same, for the cell `spec`, whose workload performs `behaviour`.
    ///
    /// # Errors
    /// When another monitor is attached than the cell's.
    pub(super) fn of(self, spec: &CellSpec, behaviour: &Behaviour) -> Result<Attachment, NoNumber> {
        let Attachment { order, monitor, .. } = &self;
        let needed = monitor.order(spec, behaviour, order.budget);
        if needed != *order || spec.monitor != order.attach {
            return Err(anyhow!("the cell needs {needed:?} attached, but this is attached: {order:?}").into());
        }
        Ok(self)
    }
}

/// What the order is about. A monitor that is the same for all behaviours gets the first.
///
/// # Errors
/// When there is no such behaviour.
fn behaviour_of(order: &AttachOrder) -> Result<&'static Behaviour, NoNumber> {
    let found = match &order.behaviour {
        Some(name) => Behaviour::find(name),
        None => BEHAVIOURS.first(),
    };
    Ok(found.ok_or_else(|| anyhow!("unknown behaviour {:?}", order.behaviour))?)
}

/// Why `monitor` cannot watch `behaviour` on this kernel; `None` if it can.
fn unable(monitor: Monitor, behaviour: &Behaviour, kernel: KernelVersion) -> Option<String> {
    let by_hook = matches!(monitor.sink.watches, Watches::LsmHook | Watches::Function);
    let is_missing = by_hook && kernel < behaviour.since;
    let missing = is_missing.then(|| {
        let Behaviour { name, function, since, .. } = behaviour;
        format!("this kernel has no {function} for {name} (since {since})")
    });
    monitor.blindness(behaviour).or(missing)
}

fn request<'a>(
    order: &'a AttachOrder,
    monitor: Monitor,
    behaviour: &'static Behaviour,
    module: &'a [u8],
) -> AttachRequest<'a> {
    AttachRequest {
        sink: order.attach.custom().map_or(monitor.sink.name, |(_, name)| name),
        behaviour,
        noop: hookbench_workloads::noop_path(),
        readers: if order.readers_first { ReaderPriority::Above } else { ReaderPriority::Below },
        tuning: &order.tuning,
        ld_preload: order.ld_preload.then_some(hookbench_workloads::LD_PRELOAD),
        module,
        login_uid: order.login_uid,
    }
}
