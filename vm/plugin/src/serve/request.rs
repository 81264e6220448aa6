// SPDX-License-Identifier: GPL-2.0-or-later
//! What hookbench asks a serving QEMU for: a copy of the machine with files of its own. A request is one packet,
//! `NAME=VALUE` with a NUL after each.

use std::path::PathBuf;

use crate::arguments::Attribution;

/// The longest packet in bytes. A path has at most 4096.
pub(crate) const LONGEST: usize = 64 << 10;

/// The files of a copy.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// What the guest finds in fw_cfg: the names there, and the files with the content.
    pub(crate) inputs: Vec<(String, PathBuf)>,
    /// Where its answer goes.
    pub(crate) answer: PathBuf,
    /// Where its console goes.
    pub(crate) console: PathBuf,
    /// Where QEMU's own messages go.
    pub(crate) errors: PathBuf,
    /// The CPU of the host on which it runs; `None` for that of the server.
    pub(crate) cpu: Option<usize>,
    /// Which operations are attributed.
    pub(crate) attribution: Option<Attribution>,
}

impl Request {
    /// Reads a packet.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn read(packet: &[u8]) -> Result<Request, String> {
        let text = std::str::from_utf8(packet).map_err(|_| "the request is not UTF-8".to_owned())?;
        let mut request = Request::default();
        let mut attribution = Vec::new();
        for field in text.split_terminator('\0') {
            let (name, value) = field.split_once('=').ok_or_else(|| format!("wrong field {field:?}"))?;
            match name {
                "answer" => request.answer = value.into(),
                "console" => request.console = value.into(),
                "errors" => request.errors = value.into(),
                "cpu" => request.cpu = Some(value.parse().map_err(|_| format!("wrong field {field:?}"))?),
                "symbols" | "windows" | "skip" | "keep" => attribution.push(field),
                _ if name.starts_with("opt/") => request.inputs.push((name.into(), value.into())),
                _ => return Err(format!("wrong field {field:?}")),
            }
        }
        if !attribution.is_empty() {
            request.attribution = Some(Attribution::read(attribution.into_iter())?);
        }
        let paths = [&request.answer, &request.console, &request.errors];
        match paths.iter().any(|path| path.as_os_str().is_empty()) {
            true => Err("the request lacks answer=FILE, console=FILE or errors=FILE".into()),
            false => Ok(request),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_all_files_of_the_copy() {
        let packet = "opt/a=/x=y\0opt/b=/z\0answer=/1\0console=/2\0errors=/3\0skip=1\0keep=2\0windows=/w\0symbols=/s\0";
        let request = Request::read(packet.as_bytes()).unwrap();
        assert_eq!(request.inputs, [("opt/a".into(), "/x=y".into()), ("opt/b".into(), "/z".into())]);
        assert_eq!(request.answer, PathBuf::from("/1"));
        assert!(request.attribution.is_some());
    }

    #[test]
    fn what_is_missing_or_unknown_is_an_error() {
        let read = |text: &str| Request::read(text.as_bytes());
        for text in
            ["", "answer=/1\0console=/2\0", "answer", "x=1\0", "answer=/1\0console=/2\0errors=/3\0skip=1\0"]
        {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(Request::read(&[0xff]).is_err());
        assert!(read("answer=/1\0console=/2\0errors=/3\0").unwrap().attribution.is_none());
    }
}
