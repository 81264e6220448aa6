//! What the kernel says about its audit subsystem (linux/audit.h, linux/netlink.h).

/// The status of the audit subsystem: `struct audit_status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditStatus {
    /// 1 when it is on.
    pub enabled: u32,
    /// What it does when it loses a record; 2 is a panic.
    pub failure: u32,
    /// The process that receives its records; 0 for none.
    pub pid: u32,
    /// How many records may be made each second; 0 for any number.
    pub rate_limit: u32,
    /// How many records may wait.
    pub limit: u32,
    /// How many records have been lost since boot.
    pub lost: u32,
    /// How many wait.
    pub backlog: u32,
}

/// The status in `answer`, if that is long enough.
pub fn status_in(answer: &[u8]) -> Option<AuditStatus> {
    let field = |at: usize| answer.get(4 * at..)?.first_chunk().copied().map(u32::from_ne_bytes);
    Some(AuditStatus {
        enabled: field(1)?,
        failure: field(2)?,
        pid: field(3)?,
        rate_limit: field(4)?,
        limit: field(5)?,
        lost: field(6)?,
        backlog: field(7)?,
    })
}

/// The error number of a `struct nlmsgerr`, 0 for an acknowledgement.
pub fn error_in(answer: &[u8]) -> Option<i32> {
    // The kernel sends it as a negative number. i32::MIN has no positive counterpart.
    answer.first_chunk().copied().map(i32::from_ne_bytes).map(i32::wrapping_neg)
}

/// The serial number in a record's `audit(SECONDS.MILLIS:SERIAL)`.
pub fn serial_in(record: &str) -> Option<u64> {
    let (_, rest) = record.split_once("audit(")?;
    let (stamp, _) = rest.split_once(')')?;
    stamp.rsplit_once(':')?.1.parse().ok()
}

/// The number in a record's `syscall=NUMBER`.
pub fn syscall_in(record: &str) -> Option<u32> {
    record.split(' ').find_map(|field| field.strip_prefix("syscall="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = "audit(1767225600.123:45): arch=c000003e syscall=59 success=yes exit=0 a0=1";

    #[test]
    fn a_record_says_its_event_and_its_system_call() {
        assert_eq!((serial_in(RECORD), syscall_in(RECORD)), (Some(45), Some(59)));
        assert_eq!((serial_in("audit()"), syscall_in("a syscall=")), (None, None));
    }

    #[test]
    fn an_acknowledgement_is_no_error_and_any_number_may_be_one() {
        let error = |number: i32| error_in(&number.to_ne_bytes());
        assert_eq!((error(0), error(-22), error_in(b"abc")), (Some(0), Some(22), None));
        assert_eq!(error(i32::MIN), Some(i32::MIN));
    }

    #[test]
    fn a_status_has_its_fields_in_the_kernels_places() {
        let words: Vec<u8> = (0..8_u32).flat_map(u32::to_ne_bytes).collect();
        assert_eq!(
            status_in(&words),
            Some(AuditStatus {
                enabled: 1,
                failure: 2,
                pid: 3,
                rate_limit: 4,
                limit: 5,
                lost: 6,
                backlog: 7
            })
        );
        assert_eq!(status_in(&words[..31]), None);
    }
}
