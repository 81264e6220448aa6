//! The state of a stopped guest's devices: QEMU writes it to a file, and hookbench
//! changes it into the state of a running guest.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::ending::Error;
use super::qmp::{self, Qmp};

/// How long hookbench waits for QEMU. The state is some 40 KB, and QEMU answers a
/// command at once.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How often hookbench looks whether QEMU is done.
const LOOK_INTERVAL: Duration = Duration::from_millis(2);

/// Stands at the end of the file once the state is complete.
const COMPLETE: &[u8] = b"whole";

/// How much of QEMU's errors an error quotes, in characters.
const QUOTED: usize = 200;

/// Makes QEMU write the state of the devices to `path`, and returns it as the
/// state of a running guest. QEMU reports problems of writing in the file
/// `qemu_errors`.
///
/// # Errors
/// When QEMU does not write the state, or the state has another format.
pub(super) fn save(qmp: &mut Qmp, path: &Path, qemu_errors: &Path) -> Result<Vec<u8>, Error> {
    let mut command = |name: &str, arguments| qmp.command(name, &arguments, PATIENCE);
    command("migrate-set-capabilities", qmp::ignore_shared())?;
    // By default QEMU sends 128 MiB per second, in steps of a tenth of a second.
    command("migrate-set-parameters", json!({"max-bandwidth": 1u64 << 40}))?;
    // QEMU 7.2 writes files only through a shell.
    command("migrate", json!({"uri": format!("exec:{}", shell_command(path))}))?;
    loop {
        let state = command("query-migrate", json!({}))?;
        match state["status"].as_str() {
            Some("completed") => break,
            Some("failed" | "cancelled") | None => return Err(not_written(path, qemu_errors)),
            Some(_) => std::thread::sleep(LOOK_INTERVAL),
        }
    }
    mark_running(wait_for_file(path, qemu_errors)?)
}

/// Returns a command that writes standard input to `path`, and then
/// [`COMPLETE`] if that succeeded: QEMU does not look at the result.
fn shell_command(path: &Path) -> String {
    let path = path.to_string_lossy().replace('\'', r"'\''");
    format!("{{ cat && printf {}; }} > '{path}'", String::from_utf8_lossy(COMPLETE))
}

/// Returns the contents of the file at `path` once it is complete.
fn wait_for_file(path: &Path, qemu_errors: &Path) -> Result<Vec<u8>, Error> {
    let begin = Instant::now();
    loop {
        if fs::metadata(qemu_errors).is_ok_and(|metadata| metadata.len() > 0) {
            return Err(not_written(path, qemu_errors));
        }
        let bytes = fs::read(path).map_err(|error| Error::file(path, error))?;
        if let Some(state) = bytes.strip_suffix(COMPLETE) {
            return Ok(state.to_vec());
        }
        if begin.elapsed() > PATIENCE {
            return Err(not_written(path, qemu_errors));
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
}

fn not_written(path: &Path, qemu_errors: &Path) -> Error {
    let why = fs::read(qemu_errors).unwrap_or_default();
    let why: String = String::from_utf8_lossy(&why).trim().chars().take(QUOTED).collect();
    Error::qemu(format!("it could not write the state of its devices to {}: {why}", path.display()))
}

/// The run state in a device state: the length of the field, and the name. The
/// whole field has a hundred bytes.
const STOPPED: &[u8] = b"\0\0\0\x0fguest-panicked\0";
const RUNNING: &[u8] = b"\0\0\0\x08running\0\0\0\0\0\0\0\0";

/// Changes the run state to running. A guest with this state runs as soon as QEMU
/// has restored it.
fn mark_running(mut state: Vec<u8>) -> Result<Vec<u8>, Error> {
    let mut places = state.windows(STOPPED.len()).enumerate().filter(|(_, bytes)| *bytes == STOPPED);
    let (Some((place, _)), None) = (places.next(), places.next()) else {
        return Err(Error::qemu(
            "its snapshot does not contain the run state exactly once; hookbench may not know this version of QEMU",
        ));
    };
    state[place..place + RUNNING.len()].copy_from_slice(RUNNING);
    Ok(state)
}

/// What precedes the difference between the guest's clock and its executed
/// instructions in the state of QEMU's timers. The difference is a 64-bit number,
/// big endian like all numbers there.
const CLOCK: &[u8] = b"\x0ctimer/icount\0\0\0\x01";

/// Sets the clock in `state` back by `jumped` ticks.
///
/// # Errors
/// When the state has another format.
pub(super) fn set_clock_back(mut state: Vec<u8>, jumped: i64) -> Result<Vec<u8>, Error> {
    let unknown = || {
        Error::qemu("its snapshot does not contain the clock; hookbench may not know this version of QEMU")
    };
    let begin = state.windows(CLOCK.len()).position(|bytes| bytes == CLOCK).ok_or_else(unknown)?;
    let begin = begin + CLOCK.len();
    let field = state.get_mut(begin..begin + 8).ok_or_else(unknown)?;
    let bias = i64::from_be_bytes((&*field).try_into().map_err(|_| unknown())?);
    field.copy_from_slice(&bias.wrapping_sub(jumped).to_be_bytes());
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    #[test]
    fn a_stopped_guest_is_made_a_running_one_and_nothing_else_changes() {
        assert_eq!(STOPPED.len(), RUNNING.len());
        let before = [b"head", STOPPED, b"tail"].concat();
        assert_eq!(mark_running(before).unwrap(), [b"head", RUNNING, b"tail"].concat());
        for wrong in [b"".to_vec(), [STOPPED, STOPPED].concat()] {
            assert!(mark_running(wrong).is_err());
        }
    }

    #[test]
    fn a_clock_is_set_back_and_nothing_else_changes() {
        let state = |bias: i64| [b"head", CLOCK, &bias.to_be_bytes(), b"tail"].concat();
        assert_eq!(set_clock_back(state(5), 3).unwrap(), state(2));
        assert_eq!(set_clock_back(state(0), 3).unwrap(), state(-3));
        for wrong in [b"".to_vec(), CLOCK.to_vec()] {
            assert!(set_clock_back(wrong, 3).is_err());
        }
    }

    /// Returns what `path` holds after a shell has written `bytes` to it.
    fn write(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let folder = tempfile::tempdir().unwrap();
        let errors = folder.path().join("errors");
        let mut command = Command::new("sh");
        command.arg("-c").arg(shell_command(path)).stdin(Stdio::piped());
        let mut child = command.stderr(fs::File::create(&errors).unwrap()).spawn().unwrap();
        // A shell that cannot write does not read either.
        let _ = child.stdin.take().unwrap().write_all(bytes);
        child.wait().unwrap();
        wait_for_file(path, &errors)
    }

    #[test]
    fn a_state_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(write(&folder.path().join("a b'c"), b"state").unwrap(), b"state");
        let error = write(Path::new("/dev/full"), b"state").unwrap_err().to_string();
        assert!(error.contains("/dev/full: ") && error.contains("cat"), "{error}");
    }
}
