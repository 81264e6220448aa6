//! `fanotify`: a listener in user space that is asked before a file is opened, and
//! that lets it be opened. It sees files and not system calls.

use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Fanotify;

static INFO: MechanismInfo = MechanismInfo {
    name: "fanotify",
    sinks: &[SinkInfo::new(
        "perm",
        Watches::Files,
        Requires::config(&["CONFIG_FANOTIFY_ACCESS_PERMISSIONS"]),
        "permission events of a mount, which a listener of ours allows",
    )],
    about: "a listener that is asked about files",
};

impl Mechanism for Fanotify {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(
        &self,
        request: &crate::attach::Request,
    ) -> Result<Box<dyn crate::attach::Attached>, crate::attach::Error> {
        guest::attach(request)
    }
}

#[cfg(feature = "attach")]
mod guest {
    use anyhow::{Context, Result, anyhow};
    use hookbench_model::Behaviour;
    use nix::fcntl::AT_FDCWD;
    use nix::sys::fanotify::{
        EventFFlags, Fanotify, FanotifyResponse, InitFlags, MarkFlags, MaskFlags, Response,
    };

    use crate::attach::reader::{Counts, Reader};
    use crate::attach::{Attached, Error, Request, Seen};

    /// The events by which fanotify asks, by behaviour. There is none for what is
    /// done to a task or to memory.
    const EVENTS: &[(&str, MaskFlags)] = &[("exec", MaskFlags::FAN_OPEN_EXEC_PERM)];

    pub(super) fn attach(request: &Request) -> Result<Box<dyn Attached>, Error> {
        let Some(mask) = mask(request.measured) else {
            let name = request.measured.name;
            let why = format!("fanotify sees files: it has no permission event for {name}");
            return Err(Error::Unsupported(why));
        };
        let group = Fanotify::init(
            InitFlags::FAN_CLASS_CONTENT | InitFlags::FAN_CLOEXEC,
            EventFFlags::O_RDONLY | EventFFlags::O_CLOEXEC,
        )
        .context("failed to make a fanotify group")?;
        let index = request.measured.index();
        let reader = Reader::start(request.readers, |counts| answer(&group, mask, index, counts))?;
        let listening = Listening { group, mask, path: request.noop, reader };
        // Only now: a question that nobody answers stops whoever raised it.
        listening.mark(MarkFlags::FAN_MARK_ADD)?;
        Ok(Box::new(listening))
    }

    fn mask(behaviour: &Behaviour) -> Option<MaskFlags> {
        EVENTS.iter().find(|(name, _)| *name == behaviour.name).map(|(_, mask)| *mask)
    }

    /// A marked mount, and the process that answers.
    struct Listening {
        group: Fanotify,
        mask: MaskFlags,
        /// A file on the mount.
        path: &'static str,
        reader: Reader,
    }

    impl Listening {
        fn mark(&self, what: MarkFlags) -> Result<()> {
            self.group
                .mark(what | MarkFlags::FAN_MARK_MOUNT, self.mask, AT_FDCWD, Some(self.path))
                .with_context(|| format!("failed to mark the mount of {} or to unmark it", self.path))
        }
    }

    /// The listener: counts each question before it says yes.
    fn answer(group: &Fanotify, mask: MaskFlags, index: usize, counts: &Counts) -> Result<()> {
        counts.ready();
        loop {
            for event in group.read_events().context("failed to read fanotify's events")? {
                let file = event.fd().ok_or_else(|| anyhow!("fanotify's queue has overflowed"))?;
                if event.mask().intersects(mask) {
                    counts.event(index);
                } else {
                    counts.wrong();
                }
                group
                    .write_response(FanotifyResponse::new(file, Response::FAN_ALLOW))
                    .context("failed to answer fanotify")?;
            }
        }
    }

    impl Attached for Listening {
        fn seen(&mut self, behaviour: &Behaviour) -> Result<Seen> {
            let (seen, lost) = self.reader.counted(behaviour.index())?;
            Ok(Seen { seen, lost, of_all: false })
        }

        fn detach(&mut self) -> Result<()> {
            self.mark(MarkFlags::FAN_MARK_REMOVE)
        }
    }
}
