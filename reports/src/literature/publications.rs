//! The published measurements as data: their numbers, their addresses, and the cells that
//! match each condition. The parent module compares them.

use hookbench_model::Schedule;

/// A publication.
#[derive(Debug, PartialEq, Eq)]
pub struct Publication {
    /// Publisher, title and year.
    pub title: &'static str,
    /// Its address.
    pub url: &'static str,
    /// The measured operation, and how it was measured.
    pub about: &'static str,
    /// The unit of its numbers.
    pub unit: &'static str,
    /// The number that its ratios are relative to, in its unit.
    pub base: u64,
    /// The workload that matches it.
    pub workload: &'static str,
    pub(super) conditions: &'static [PublishedCondition],
    pub(super) remarks: &'static [RatioRemark],
}

/// One published condition and the cells that match it, best first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PublishedCondition {
    pub(super) name: &'static str,
    pub(super) published: u64,
    pub(super) monitor: &'static str,
    /// Whether it matches the kernel of the pair that has audit compiled out.
    pub(super) compiled_out: bool,
    /// The parameter that the cell must have: name and value.
    pub(super) param: (&'static str, &'static str),
    pub(super) schedules: [Schedule; 3],
    pub(super) likeness: &'static str,
}

/// The ratio of two conditions, by the monitors that match them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RatioRemark {
    pub(super) over: &'static str,
    pub(super) under: &'static str,
    pub(super) text: &'static str,
}

/// Without a reader there is no delivery, and the default schedule is the fair one.
const QUIET: [Schedule; 3] = [Schedule::Paced, Schedule::Delivered, Schedule::Burst];
/// With a reader, the published numbers include the delivery of the record.
const READ: [Schedule; 3] = [Schedule::Delivered, Schedule::Paced, Schedule::Burst];
const IGNORED: (&str, &str) = ("ld_preload", "ignored");
const RECORDED: (&str, &str) = ("ld_preload", "recorded");

/// KP Singh's case study as LWN reported it.
pub static LWN: Publication = Publication {
    title: "LWN, “Kernel runtime security instrumentation” (2019)",
    url: "https://lwn.net/Articles/798157/",
    about: "mean time of executing a no-op binary 100 times, a rough number according to its author",
    unit: "µs",
    base: 518,
    workload: "execve-noop",
    conditions: &[
        PublishedCondition {
            name: "audit compiled out",
            published: 518,
            monitor: "none",
            compiled_out: true,
            param: IGNORED,
            schedules: QUIET,
            likeness: "like for like: the same kernel built without CONFIG_AUDIT, `audit-pair-n`",
        },
        PublishedCondition {
            name: "audit compiled out",
            published: 518,
            monitor: "none",
            compiled_out: false,
            param: IGNORED,
            schedules: QUIET,
            likeness: "not like for like: this kernel has audit compiled in; `none` is the closest cell",
        },
        PublishedCondition {
            name: "audit compiled out",
            published: 518,
            monitor: "audit+off",
            compiled_out: false,
            param: IGNORED,
            schedules: QUIET,
            likeness: "not like for like: audit is compiled in and off (audit=0)",
        },
        PublishedCondition {
            name: "audit without rules",
            published: 522,
            monitor: "audit+idle",
            compiled_out: false,
            param: IGNORED,
            schedules: QUIET,
            likeness: "like for like",
        },
        PublishedCondition {
            name: "audit recording execve",
            published: 663,
            monitor: "audit+auditd",
            compiled_out: false,
            param: IGNORED,
            schedules: READ,
            likeness: "like for like: LWN does not name the reader; auditd is the usual one",
        },
        PublishedCondition {
            name: "audit recording execve",
            published: 663,
            monitor: "audit+rules",
            compiled_out: false,
            param: IGNORED,
            schedules: QUIET,
            likeness: "not like for like: no program reads the records",
        },
        PublishedCondition {
            name: "KRSI recording LD_PRELOAD",
            published: 543,
            monitor: "bpf-lsm+perfbuf",
            compiled_out: false,
            param: RECORDED,
            schedules: READ,
            likeness: "like for like: KRSI used the perf ring buffer",
        },
        PublishedCondition {
            name: "KRSI recording LD_PRELOAD",
            published: 543,
            monitor: "bpf-lsm+ringbuf",
            compiled_out: false,
            param: RECORDED,
            schedules: READ,
            likeness: "not like for like: the BPF ring buffer is newer than KRSI's prototype",
        },
        PublishedCondition {
            name: "KRSI recording LD_PRELOAD",
            published: 543,
            monitor: "bpf-lsm+perfbuf",
            compiled_out: false,
            param: IGNORED,
            schedules: READ,
            likeness: "not like for like: LD_PRELOAD is not read",
        },
        PublishedCondition {
            name: "KRSI recording LD_PRELOAD",
            published: 543,
            monitor: "bpf-lsm+ringbuf",
            compiled_out: false,
            param: IGNORED,
            schedules: READ,
            likeness: "not like for like: another buffer, and LD_PRELOAD is not read",
        },
    ],
    remarks: &[RatioRemark {
        over: "audit+auditd",
        under: "audit+idle",
        text: "audit recording execve (auditd) to audit without rules",
    }],
};

/// Cloudflare's live patch of user namespaces.
pub static CLOUDFLARE: Publication = Publication {
    title: "Cloudflare, “Live-patching security vulnerabilities inside the Linux kernel with eBPF LSM” (2022)",
    url: "https://blog.cloudflare.com/live-patch-security-vulnerabilities-with-ebpf-lsm/",
    about: "one unshare(CLONE_NEWUSER) by root, entry to exit of the system call; one call each, on different CPUs",
    unit: "cycles",
    base: 63_294,
    workload: "unshare-burst",
    conditions: &[
        PublishedCondition {
            name: "no policy",
            published: 63_294,
            monitor: "none",
            compiled_out: false,
            param: ("as", "root"),
            schedules: QUIET,
            likeness: "like for like",
        },
        PublishedCondition {
            name: "policy attached, root allowed",
            published: 70_138,
            monitor: "bpf-lsm+deny",
            compiled_out: false,
            param: ("as", "root"),
            schedules: QUIET,
            likeness: "like for like in the timed and allowed operation; theirs hooks cred_prepare, ours userns_create",
        },
    ],
    remarks: &[],
};

/// The reasons why the two kinds of numbers differ, for readers of the comparison.
pub const WHY_THEY_DIFFER: &str = "Instructions differ from microseconds and cycles. A count of instructions does \
     not include cache misses, mispredicted branches, frequency changes or a second CPU. An execve that waits for \
     memory takes more time per instruction than code that runs from warm caches, so a monitor's share of the \
     instructions can differ from its share of the time. Under the delivered schedule, one CPU here also pays for \
     the reader, which may have had a CPU for itself there. Compare the direction and the order of the ratios, not \
     their digits.";
