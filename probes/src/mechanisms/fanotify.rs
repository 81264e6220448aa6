//! `fanotify`: a listener in user space, which the kernel asks before a file is opened and
//! which allows it. It sees files, not system calls.

use crate::mechanism::mechanism;
use crate::{MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Fanotify, INFO, guest::attach);

static INFO: MechanismInfo = MechanismInfo::new(
    "fanotify",
    &[SinkInfo::new(
        "perm",
        Watches::Files,
        Requires::config(&["CONFIG_FANOTIFY_ACCESS_PERMISSIONS"]),
        "permission events of a mount, which hookbench's listener allows",
    )],
    "a listener that the kernel asks about files",
)
.refusing();

#[cfg(feature = "attach")]
mod guest {
    use anyhow::{Context, Result, anyhow};
    use hookbench_model::Behaviour;
    use nix::fcntl::AT_FDCWD;
    use nix::sys::fanotify::{
        EventFFlags, Fanotify, FanotifyResponse, InitFlags, MarkFlags, MaskFlags, Response,
    };

    use crate::attach::reader::{Reader, SharedCounts};
    use crate::attach::{AttachRequest, Attached, Error, EventCounts};

    /// The events by which fanotify asks, by behaviour. It has none for tasks and memory.
    const EVENTS: &[(&str, MaskFlags)] =
        &[("exec", MaskFlags::FAN_OPEN_EXEC_PERM), ("open", MaskFlags::FAN_OPEN_PERM)];

    pub(super) fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
        let Some(mask) = event_of(request.behaviour) else {
            let name = request.behaviour.name;
            let why = format!("fanotify sees files: it has no permission event for {name}");
            return Err(Error::Unsupported(why));
        };
        let group = Fanotify::init(
            InitFlags::FAN_CLASS_CONTENT | InitFlags::FAN_CLOEXEC,
            EventFFlags::O_RDONLY | EventFFlags::O_CLOEXEC,
        )
        .context("failed to make a fanotify group")?;
        let reader = Reader::start(request.readers, |counts| answer_events(&group, mask, counts))?;
        let listening = Listening { group, mask, path: request.noop, reader };
        // Only now: a question without an answer blocks the task that raised it.
        listening.mark(MarkFlags::FAN_MARK_ADD)?;
        Ok(Box::new(listening))
    }

    fn event_of(behaviour: &Behaviour) -> Option<MaskFlags> {
        EVENTS.iter().find(|(name, _)| *name == behaviour.name).map(|(_, mask)| *mask)
    }

    /// A marked mount, and the reader that answers.
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

    /// The listener: counts each question before it allows the file.
    fn answer_events(group: &Fanotify, mask: MaskFlags, counts: &SharedCounts) -> Result<()> {
        counts.ready();
        loop {
            for event in group.read_events().context("failed to read fanotify's events")? {
                let file = event.fd().ok_or_else(|| anyhow!("fanotify's queue has overflowed"))?;
                if event.mask().intersects(mask) {
                    counts.event();
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
        fn seen(&mut self) -> Result<EventCounts> {
            Ok(self.reader.counted()?.into())
        }

        fn detach(&mut self) -> Result<()> {
            self.mark(MarkFlags::FAN_MARK_REMOVE)
        }
    }
}
