// SPDX-License-Identifier: GPL-2.0-or-later
//! A QEMU that copies itself: where the guest executes the mark of its point, the machine waits, and each request makes
//! a copy of the process. The copy gets other files and runs on; it has all that QEMU translated so far. A copy can be a
//! server itself, at a later point.
//!
//! Only the CPU's thread exists in a copy. That is enough: under `-icount` it runs the timers, and the debug console
//! writes at once. A thread of the plugin's own ends a copy whose guest resets the machine. QEMU's thread that frees
//! memory under RCU is missing too, so a copy frees none; it is short-lived. (QEMU would start it again, but insists that
//! this thread is outside of RCU's critical sections.) The mark `Mark::Leave` ends a copy, because a QEMU that ends
//! itself waits for its other threads.

mod process;
mod qemu;
mod request;

use std::fs;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use crate::arguments::{Attribution, Serving};
use crate::symbols::Symbols;
use process::{Copy, Side, receive};
use qemu::Qemu;
use request::{LONGEST, Request};

/// How often a copy looks whether its guest has reset the machine.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// Where a machine waits to be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// The agent is ready for an order.
    Ready,
    /// The agent has attached a monitor.
    Attached,
}

/// The machine that is copied.
#[derive(Debug)]
pub(crate) struct Server {
    point: Point,
    /// Where requests come from.
    socket: OwnedFd,
    /// The machine's own files of its answer and its console.
    answer: PathBuf,
    console: PathBuf,
    qemu: Qemu,
    copies: Vec<Copy>,
    /// The functions that a copy needed last, and their file. Reading them takes longer than a copy.
    symbols: Option<(PathBuf, Rc<Symbols>)>,
}

/// What a new copy is.
#[derive(Debug)]
pub(crate) struct Born {
    /// What is to be attributed in it, with the kernel's functions.
    pub(crate) attribution: Option<(Attribution, Rc<Symbols>)>,
    /// What it serves later.
    pub(crate) server: Option<Server>,
}

impl Server {
    /// A server, if this QEMU can be one.
    ///
    /// # Errors
    /// The function that it lacks.
    pub(crate) fn open(serving: Serving) -> Result<Server, String> {
        let Serving { socket, answer, console } = serving;
        let qemu = Qemu::open()?;
        // SAFETY: hookbench opened it for the plugin alone.
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        Ok(Server { point: Point::Ready, socket, answer, console, qemu, copies: Vec::new(), symbols: None })
    }

    /// Whether this is the point at which the machine is copied.
    pub(crate) fn serves_at(&self, point: Point) -> bool {
        self.point == point
    }

    /// Makes the copies that are asked for. Returns in each of them, and never in this process: it ends when nobody can
    /// ask any more.
    pub(crate) fn serve(&mut self) -> Born {
        match self.try_serve() {
            Ok(born) => born,
            Err(error) => {
                eprintln!("hookbench's plugin: failed to serve: {error}");
                process::leave(1)
            }
        }
    }

    fn try_serve(&mut self) -> io::Result<Born> {
        process::inherit_memory()?;
        process::send(&self.socket, "ready");
        let mut packet = vec![0; LONGEST];
        loop {
            let (asked, ended) = process::wait(&self.socket, &self.copies)?;
            for index in ended.into_iter().rev() {
                let copy = self.copies.swap_remove(index);
                let status = process::status(&copy)?;
                process::send(&self.socket, &format!("ended {} {status}", copy.pid));
            }
            if !asked {
                continue;
            }
            let Some((length, passed)) = receive(&self.socket, &mut packet)? else { process::leave(0) };
            let request = Request::read(&packet[..length]);
            match request.and_then(|request| self.learn(&request).map(|()| request)) {
                Ok(request) => {
                    if self.copy(&request)? {
                        return Ok(self.born(request, passed));
                    }
                }
                Err(why) => process::send(&self.socket, &format!("failed {why}")),
            }
        }
    }

    /// What this copy is, which `request` asked for. It serves on the socket `passed`, if there is one.
    fn born(&self, request: Request, passed: Option<OwnedFd>) -> Born {
        let Request { attribution, answer, console, .. } = request;
        let symbols = self.symbols.as_ref().map(|(_, symbols)| Rc::clone(symbols));
        let attribution = attribution.zip(symbols);
        let (point, qemu, symbols) = (Point::Attached, self.qemu, self.symbols.clone());
        let server =
            passed.map(|socket| Server { point, socket, answer, console, qemu, copies: Vec::new(), symbols });
        Born { attribution, server }
    }

    /// Reads the functions that the copy needs.
    fn learn(&mut self, request: &Request) -> Result<(), String> {
        let Some(Attribution { symbols: path, .. }) = &request.attribution else { return Ok(()) };
        if self.symbols.as_ref().is_none_or(|(known, _)| known != path) {
            self.symbols = Some((path.clone(), Rc::new(Symbols::open(path)?)));
        }
        Ok(())
    }

    /// Makes a copy. Returns whether this is it.
    fn copy(&mut self, request: &Request) -> io::Result<bool> {
        let side = self.qemu.alone(process::fork);
        match side {
            Ok(Side::Parent(copy)) => {
                process::pass(&self.socket, &format!("started {}", copy.pid), &copy.end);
                self.copies.push(copy);
                Ok(false)
            }
            Ok(Side::Child) => {
                self.copies.clear();
                if let Err(why) = self.furnish(request) {
                    eprintln!("hookbench's plugin: {why}");
                    process::leave(1);
                }
                process::end_when(LOOK_INTERVAL, {
                    let qemu = self.qemu;
                    move || qemu.is_over()
                })?;
                Ok(true)
            }
            Err(error) => {
                process::send(&self.socket, &format!("failed fork: {error}"));
                Ok(false)
            }
        }
    }

    /// Gives this copy its files.
    fn furnish(&self, request: &Request) -> Result<(), String> {
        if let Some(cpu) = request.cpu {
            process::pin(cpu).map_err(|error| format!("CPU {cpu}: {error}"))?;
        }
        process::redirect_errors(&request.errors)
            .map_err(|error| format!("{}: {error}", request.errors.display()))?;
        for (from, to) in [(&self.answer, &request.answer), (&self.console, &request.console)] {
            process::redirect(from, to).map_err(|error| format!("{}: {error}", to.display()))?;
        }
        for (name, path) in &request.inputs {
            let content = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
            self.qemu.put(name, content)?;
        }
        Ok(())
    }
}

/// Ends a copy.
pub(crate) fn leave() -> ! {
    process::leave(1)
}
