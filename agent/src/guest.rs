//! The agent as PID 1 of a guest. It boots, waits until the kernel is quiet, stops for a snapshot, attaches a monitor,
//! reads one cell, answers with one line and ends the machine.

use std::time::Duration;

use anyhow::{Context, Result};
use hookbench_model::protocol::{
    AgentMessage, AttachOrder, CellSpec, PROGRAM_ORDER, ProgramOrder, SYMBOLS_ORDER,
};

use crate::boot::{cpus, entropy, idle, kernel, modules, payload, symbols};
use crate::cell::attachment::Attachment;
use crate::cell::prepared::Prepared;
use crate::cell::{self, budget};
use crate::channel::fw_cfg::{self, CellInput, Inputs};
use crate::channel::{self, Channel};
use crate::clock::secondary::SecondaryClocks;
use crate::fault;
use crate::no_number::NoNumber;
use crate::program;
use crate::stage::Stage;

/// Runs the guest's cell and ends the guest.
pub(crate) fn run() -> ! {
    let channel = Channel::Devices;
    if let Err(error) = answer() {
        channel.send(&channel::failed(&error));
    }
    channel.end()
}

fn answer() -> Result<()> {
    let stage = boot()?;
    let prepared = Prepared::for_guest(stage)?;
    kernel::wait_until_quiet()?;
    // The agent searches QEMU's list of files for the order. Other files make the search longer, so it comes before
    // the time at which every cell begins.
    let (jumped, inputs) = prepared.stage.at_snapshot(|jumped| (jumped, fw_cfg::read_inputs()));
    let channel = prepared.stage.channel();
    let Inputs { order, monitor, workload } = inputs.context("failed to read the order")?;
    let payloads = [monitor, workload];
    match order.as_slice() {
        [] => channel.send(&AgentMessage::Stopped { jumped }),
        SYMBOLS_ORDER => {
            channel.send(&AgentMessage::Symbols(symbols::all()?));
            channel.send(&AgentMessage::Stopped { jumped });
        }
        _ if order.starts_with(PROGRAM_ORDER) => {
            channel.send(&AgentMessage::Answered(run_program(&order, channel, &payloads)?));
        }
        _ => run_cell(&order, prepared, &payloads)?,
    }
    Ok(())
}

/// Attaches what `order` says, and runs the cell, which hookbench hands over then.
fn run_cell(order: &[u8], mut prepared: Prepared, payloads: &[fw_cfg::File]) -> Result<()> {
    let channel = prepared.stage.channel();
    let order: AttachOrder = serde_json::from_slice(order).context("failed to understand what to attach")?;
    let budget = Duration::from_secs(order.budget);
    budget::start("attaching the monitor", budget, channel).context("failed to set the budget")?;
    let attachment = match attach(order, &prepared, payloads) {
        Ok(attachment) => attachment,
        Err(reason) => {
            channel.send(&reason.into());
            return Ok(());
        }
    };
    let input = prepared.stage.when_attached(fw_cfg::read_cell);
    let CellInput { cell, sends_symbols } = input.context("failed to read the cell")?;
    let spec: CellSpec = serde_json::from_slice(&cell).context("failed to understand the cell")?;
    prepared.sends_symbols = sends_symbols;
    let budget = Duration::from_secs(spec.budget);
    budget::start("the cell", budget, channel).context("failed to set the cell's budget")?;
    if let Some(fault) = spec.fault {
        fault::commit(fault, channel)?;
    }
    if let Some(clocks) = prepared.stage.clocks() {
        prepared.secondary = Some(SecondaryClocks::prepare(&spec, clocks)?);
    }
    let answer = match cell::run(&spec, prepared, attachment) {
        Ok(measured) => AgentMessage::Measured(measured),
        Err(reason) => reason.into(),
    };
    match spec.fault {
        Some(fault) => channel.write(&fault::spoil(fault, answer)?),
        None => channel.send(&answer),
    }
    Ok(())
}

/// Runs a program of the payload. Returns what it wrote.
fn run_program(order: &[u8], channel: Channel, payloads: &[fw_cfg::File]) -> Result<String> {
    let order: ProgramOrder = serde_json::from_slice(order).context("failed to understand the order")?;
    budget::start("the program", Duration::from_secs(order.budget), channel)
        .context("failed to set the program's budget")?;
    payload::unpack_all(payloads)?;
    program::run(&order)
}

/// Starts what a guest needs and says that it is ready.
fn boot() -> Result<Stage> {
    let mut spinner = idle::Spinner::start().context("failed to keep the CPU busy")?;
    kernel::mount_all()?;
    entropy::give()?;
    let cmdline = kernel::cmdline()?;
    let mut cpus = 1;
    if cpus::are_held_back(&cmdline) {
        (cpus, spinner) = cpus::bring_up(spinner)?;
    }
    let stage = Stage::in_guest(&cmdline, spinner);
    stage.channel().send(&kernel::ready(cpus)?);
    Ok(stage)
}

fn attach(
    order: AttachOrder,
    prepared: &Prepared,
    payloads: &[fw_cfg::File],
) -> Result<Attachment, NoNumber> {
    payload::unpack_all(payloads)?;
    modules::load_all()?;
    Attachment::make(order, prepared)
}
