//! The devices through which hookbench and the agent talk, and the files of the
//! host behind them. They are the same in a guest that boots and in one that
//! resumes from a snapshot.

use std::path::{Path, PathBuf};

use super::arguments::Arguments;
use crate::arch;
use hookbench_model::channel::{CELL_FILE, MONITOR_FILE, ORDER_FILE, WORKLOAD_FILE};

/// The files of one guest.
pub(crate) struct Files {
    /// What to attach.
    pub(crate) order: PathBuf,
    /// The cell.
    pub(crate) cell: PathBuf,
    /// The monitor's payload.
    pub(crate) monitor: PathBuf,
    /// The workload's payload.
    pub(crate) workload: PathBuf,
    /// The agent's messages.
    pub(crate) answer: PathBuf,
    /// The guest's console.
    pub(crate) console: PathBuf,
    /// The machine's firmware, if it is not the one of QEMU.
    pub(crate) firmware: Option<PathBuf>,
}

impl Files {
    /// Names the files of the guest that has `folder`.
    pub(crate) fn in_folder(folder: &Path) -> Files {
        let file = |name| folder.join(name);
        Files {
            order: file("order"),
            cell: file("cell"),
            monitor: file("of-monitor"),
            workload: file("of-workload"),
            answer: file("answer"),
            console: file("console"),
            firmware: None,
        }
    }

    /// The files that the agent reads, by their names in fw_cfg.
    pub(crate) fn inputs(&self) -> [(&'static str, &Path); 4] {
        [
            (ORDER_FILE, &self.order),
            (CELL_FILE, &self.cell),
            (MONITOR_FILE, &self.monitor),
            (WORKLOAD_FILE, &self.workload),
        ]
    }
}

/// What QEMU does when the guest stops itself for a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnStop {
    /// Nothing: the guest runs on.
    Ignore,
    /// It pauses the guest.
    Pause,
}

/// Returns QEMU's arguments for the devices.
pub(crate) fn devices(files: &Files, on_stop: OnStop) -> Arguments {
    let panic = match on_stop {
        OnStop::Pause => "panic=pause",
        OnStop::Ignore => "panic=none",
    };
    let mut arguments = Arguments::default()
        .option_with_path("-chardev", "file,id=console,path=", &files.console)
        .option("-serial", "chardev:console")
        .option_with_path("-chardev", "file,id=answer,path=", &files.answer);
    for device in arch::agent_devices() {
        arguments = arguments.option("-device", device);
    }
    arguments = arguments.option("-action", panic);
    if let Some(firmware) = &files.firmware {
        arguments = arguments.option("-bios", firmware);
    }
    for (name, path) in files.inputs() {
        arguments = arguments.option_with_path("-fw_cfg", &format!("name={name},file="), path);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_devices_are_as_they_were() {
        let files = Files { firmware: Some("/tmp/firmware".into()), ..Files::in_folder(Path::new("/tmp")) };
        let arguments = devices(&files, OnStop::Ignore).text();
        insta::assert_snapshot!(arguments.join("\n"));
    }

    #[test]
    fn commas_in_paths_do_not_separate_values() {
        let arguments = devices(&Files::in_folder(Path::new("/tmp/a,b")), OnStop::Pause).text();
        assert!(arguments.contains(&"file,id=answer,path=/tmp/a,,b/answer".into()));
        assert!(arguments.contains(&"name=opt/org.hookbench/cell,file=/tmp/a,,b/cell".into()));
    }
}
