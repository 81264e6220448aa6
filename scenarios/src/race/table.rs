//! All races that hookbench runs, in the order of reports.

use super::exchange::{Attack, Means, Page, RaceOrder, RacedCall, Watcher};

/// The policy that closes the race of an ordinary user with FUSE.
pub const CLOSED_BY: &str = "bpf-lsm+deny";

/// All watchers.
pub const WATCHERS: [Watcher; 8] = [
    Watcher::SysEnter,
    Watcher::Kprobe,
    Watcher::SysExit,
    Watcher::BpfLsm,
    Watcher::Audit,
    Watcher::Notify,
    Watcher::NotifyDeny,
    Watcher::NotifyAddfd,
];

/// All calls.
pub const CALLS: [RacedCall; 3] = [RacedCall::Openat, RacedCall::Openat2, RacedCall::Execve];

/// The sweeps: each watcher and call, with these steps.
pub fn sweeps(step: u32, fine: u32) -> impl Iterator<Item = RaceOrder> {
    let pairs = WATCHERS.into_iter().flat_map(|watcher| CALLS.map(|call| (watcher, call)));
    // A descriptor does not answer execve.
    let possible = |&(watcher, call): &_| (watcher, call) != (Watcher::NotifyAddfd, RacedCall::Execve);
    let attack = Attack::Sweep { step, fine };
    pairs.filter(possible).map(move |(watcher, call)| RaceOrder { watcher, call, attack, policy: None })
}

/// The races with a slow page: each means and watcher, then the one that a policy closes.
pub fn slow_pages() -> impl Iterator<Item = RaceOrder> {
    const ATTACKS: [(Means, Page); 7] = [
        (Means::Dropped, Page::Path),
        (Means::Fuse, Page::Path),
        (Means::Fuse, Page::How),
        (Means::Userfaultfd, Page::Path),
        (Means::Userfaultfd, Page::How),
        (Means::RootUserfaultfd, Page::Path),
        (Means::RootUserfaultfd, Page::How),
    ];
    let order = |watcher, (means, page), policy| RaceOrder {
        watcher,
        call: if page == Page::Path { RacedCall::Openat } else { RacedCall::Openat2 },
        attack: Attack::SlowPage { means, page },
        policy,
    };
    let all =
        ATTACKS.into_iter().flat_map(move |attack| WATCHERS.map(|watcher| order(watcher, attack, None)));
    all.chain([order(Watcher::SysEnter, (Means::Fuse, Page::How), Some(CLOSED_BY.into()))])
}
