//! Processes of policies and watchers, which end with them.

/// A child that is killed when this value is dropped.
pub(in crate::guest) struct Kept(pub(in crate::guest) libc::pid_t);

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: the child is ours. An error means that it has ended.
        unsafe {
            libc::kill(self.0, libc::SIGKILL);
            libc::waitpid(self.0, std::ptr::null_mut(), 0);
        }
    }
}
