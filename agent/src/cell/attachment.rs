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
        let behaviours = watched_behaviours(monitor, &order, prepared.kernel)?;
        let module = match monitor.sink.requires.module {
            Some(_) => fs::read(format!("/{MODULE}")).context("failed to read the kernel module")?,
            None => Vec::new(),
        };
        // If nothing is attached, there is nothing to meter or to wait for.
        let meter = if order.attach.is_none() { None } else { Some(Meter::start(prepared.rate)?) };
        let attached = monitor.mechanism.attach(&request(&order, monitor, &behaviours, &module));
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
    /// When another monitor is attached than the cell's, or it cannot see the behaviour on this kernel.
    pub(super) fn of(
        self,
        spec: &CellSpec,
        behaviour: &Behaviour,
        kernel: KernelVersion,
    ) -> Result<Attachment, NoNumber> {
        let Attachment { order, monitor, .. } = &self;
        let needed = monitor.order(spec, behaviour, order.budget);
        if needed != *order || spec.monitor != order.attach {
            return Err(anyhow!("the cell needs {needed:?} attached, but this is attached: {order:?}").into());
        }
        if monitor.sink.sees() && !can_watch(*monitor, behaviour, kernel) {
            return Err(NoNumber::Unsupported(format!(
                "this kernel has no {} for {} (since {})",
                behaviour.function, behaviour.name, behaviour.since
            )));
        }
        Ok(self)
    }
}

/// Whether the kernel has what `monitor` watches of `behaviour`.
fn can_watch(monitor: Monitor, behaviour: &Behaviour, kernel: KernelVersion) -> bool {
    let by_hook = matches!(monitor.sink.watches, Watches::LsmHook | Watches::Function);
    !by_hook || behaviour.since <= kernel
}

/// The behaviours that the monitor watches: that of `order`, or all that the kernel has.
///
/// # Errors
/// When it can watch none.
fn watched_behaviours(
    monitor: Monitor,
    order: &AttachOrder,
    kernel: KernelVersion,
) -> Result<Vec<&'static Behaviour>, NoNumber> {
    let is_wanted = |row: &&Behaviour| order.behaviour.as_deref().is_none_or(|name| name == row.name);
    let wanted: Vec<&'static Behaviour> = BEHAVIOURS.iter().filter(is_wanted).collect();
    let watched: Vec<_> = wanted.iter().copied().filter(|row| can_watch(monitor, row, kernel)).collect();
    match (watched.is_empty(), wanted.first()) {
        (false, _) => Ok(watched),
        (true, Some(row)) => Err(NoNumber::Unsupported(format!(
            "this kernel has no {} for {} (since {})",
            row.function, row.name, row.since
        ))),
        (true, None) => Err(anyhow!("unknown behaviour {:?}", order.behaviour).into()),
    }
}

fn request<'a>(
    order: &'a AttachOrder,
    monitor: Monitor,
    behaviours: &'a [&'static Behaviour],
    module: &'a [u8],
) -> AttachRequest<'a> {
    AttachRequest {
        sink: order.attach.custom().map_or(monitor.sink.name, |(_, name)| name),
        behaviours,
        measured: behaviours[0],
        noop: hookbench_workloads::noop_path(),
        readers: if order.readers_first { ReaderPriority::Above } else { ReaderPriority::Below },
        tuning: &order.tuning,
        ld_preload: order.ld_preload.then_some(hookbench_workloads::LD_PRELOAD),
        module,
        login_uid: order.login_uid,
    }
}
