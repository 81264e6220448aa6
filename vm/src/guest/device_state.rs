//! The state of a stopped guest's devices: written to a file by QEMU, and made
//! that of a running guest.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::guest::Error;
use crate::guest::qmp::{self, Qmp};

/// It is some 40 KB; an answer to a command comes at once.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Stands at the end of the file once all of it is there.
const WHOLE: &[u8] = b"whole";

/// Has QEMU write the state of the devices to `path`, and returns it as that of
/// a running guest. What went wrong in writing stands in `complaints`.
pub(crate) fn save(qmp: &mut Qmp, path: &Path, complaints: &Path) -> Result<Vec<u8>, Error> {
    let mut command = |name: &str, arguments| qmp.command(name, &arguments, PATIENCE).map_err(failed);
    command("migrate-set-capabilities", qmp::ignore_shared())?;
    // By default it sends 128 MiB a second, in steps of a tenth of one.
    command("migrate-set-parameters", json!({"max-bandwidth": 1u64 << 40}))?;
    // QEMU 7.2 writes files only through a shell; the path is in its environment.
    command("migrate", json!({"uri": format!("exec:{}", shell(path))}))?;
    loop {
        let state = command("query-migrate", json!({}))?;
        match state["status"].as_str() {
            Some("completed") => break,
            Some("failed" | "cancelled") | None => return Err(unwritten(path, complaints)),
            Some(_) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    running(written(path, complaints)?)
}

/// What writes standard input to `path`, and a word behind it when that went
/// well: QEMU does not ask.
fn shell(path: &Path) -> String {
    let path = path.to_string_lossy().replace('\'', r"'\''");
    format!("{{ cat && printf {}; }} > '{path}'", String::from_utf8_lossy(WHOLE))
}

/// What is in the file at `path` once all is there.
fn written(path: &Path, complaints: &Path) -> Result<Vec<u8>, Error> {
    let begin = Instant::now();
    loop {
        if fs::metadata(complaints).is_ok_and(|metadata| metadata.len() > 0) {
            return Err(unwritten(path, complaints));
        }
        let bytes = fs::read(path).map_err(|error| Error::File { path: path.into(), error })?;
        if let Some(state) = bytes.strip_suffix(WHOLE) {
            return Ok(state.to_vec());
        }
        if begin.elapsed() > PATIENCE {
            return Err(unwritten(path, complaints));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn unwritten(path: &Path, complaints: &Path) -> Error {
    let why = fs::read(complaints).unwrap_or_default();
    let why: String = String::from_utf8_lossy(&why).trim().chars().take(200).collect();
    failed(format!("the state of its devices could not be written to {}: {why}", path.display()))
}

fn failed(message: String) -> Error {
    Error::Qemu { message }
}

/// The run state as it is in a device state: the length of its field, its name,
/// and a hundred bytes in all.
const STOPPED: &[u8] = b"\0\0\0\x0fguest-panicked\0";
const RUNNING: &[u8] = b"\0\0\0\x08running\0\0\0\0\0\0\0\0";

/// The same state of devices, of a guest that was running: it then goes on by
/// itself, as soon as it is restored.
fn running(mut device: Vec<u8>) -> Result<Vec<u8>, Error> {
    let mut places = device.windows(STOPPED.len()).enumerate().filter(|(_, bytes)| *bytes == STOPPED);
    let (Some((place, _)), None) = (places.next(), places.next()) else {
        return Err(failed("its snapshot does not say once that it stopped; is this QEMU known?".into()));
    };
    device[place..place + RUNNING.len()].copy_from_slice(RUNNING);
    Ok(device)
}

/// Before the difference between the guest's clock and the instructions that it has
/// executed, in the state of QEMU's timers: a 64-bit number, as all in it big endian.
const CLOCK: &[u8] = b"\x0ctimer/icount\0\0\0\x01";

/// The same state of devices, whose clock is `jumped` earlier.
pub(crate) fn set_back(mut device: Vec<u8>, jumped: i64) -> Result<Vec<u8>, Error> {
    let unknown = || failed("its snapshot does not say what its clock is; is this QEMU known?".into());
    let begin = device.windows(CLOCK.len()).position(|bytes| bytes == CLOCK).ok_or_else(unknown)?;
    let begin = begin + CLOCK.len();
    let field = device.get_mut(begin..begin + 8).ok_or_else(unknown)?;
    let bias = i64::from_be_bytes((&*field).try_into().map_err(|_| unknown())?);
    field.copy_from_slice(&bias.wrapping_sub(jumped).to_be_bytes());
    Ok(device)
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
        assert_eq!(running(before).unwrap(), [b"head", RUNNING, b"tail"].concat());
        for wrong in [b"".to_vec(), [STOPPED, STOPPED].concat()] {
            assert!(running(wrong).is_err());
        }
    }

    #[test]
    fn a_clock_is_set_back_and_nothing_else_changes() {
        let state = |bias: i64| [b"head", CLOCK, &bias.to_be_bytes(), b"tail"].concat();
        assert_eq!(set_back(state(5), 3).unwrap(), state(2));
        assert_eq!(set_back(state(0), 3).unwrap(), state(-3));
        for wrong in [b"".to_vec(), CLOCK.to_vec()] {
            assert!(set_back(wrong, 3).is_err());
        }
    }

    /// What `path` holds after a shell has written `bytes` to it.
    fn write(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let folder = tempfile::tempdir().unwrap();
        let complaints = folder.path().join("complaints");
        let mut command = Command::new("sh");
        command.arg("-c").arg(shell(path)).stdin(Stdio::piped());
        let mut child = command.stderr(fs::File::create(&complaints).unwrap()).spawn().unwrap();
        // One that cannot write does not read either.
        let _ = child.stdin.take().unwrap().write_all(bytes);
        child.wait().unwrap();
        written(path, &complaints)
    }

    #[test]
    fn a_state_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(write(&folder.path().join("a b'c"), b"state").unwrap(), b"state");
        let error = write(Path::new("/dev/full"), b"state").unwrap_err().to_string();
        assert!(error.contains("/dev/full: ") && error.contains("cat"), "{error}");
    }
}
