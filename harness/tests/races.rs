//! Races between check and use come out as they must: the record that is made before the kernel copies the path lies,
//! the one that is made of the kernel's own copy does not, and two guests find the same numbers.

use hookbench::scenario::{Ended, ScenarioSession};
use hookbench_scenarios::race::{
    Attack, CLOSED_BY, Means, Page, RaceAnswer, RaceOrder, RacedCall, SlowPage, Swept, Watcher,
};

use common::cells::session;

mod common;

fn race(session: &ScenarioSession, order: &RaceOrder) -> RaceAnswer {
    match session.race("6.1", order) {
        Ended::Done(raced) => raced.answer,
        other => panic!("{order:?}: {other:?}"),
    }
}

fn sweep(session: &ScenarioSession, watcher: Watcher) -> Swept {
    let attack = Attack::Sweep { step: 200, fine: 50 };
    match race(session, &RaceOrder { watcher, call: RacedCall::Openat, attack, policy: None }) {
        RaceAnswer::Swept(swept) => swept,
        other => panic!("{watcher}: {other:?}"),
    }
}

fn slow_page(session: &ScenarioSession, watcher: Watcher, policy: Option<&str>) -> SlowPage {
    let attack = Attack::SlowPage { means: Means::Fuse, page: Page::How };
    let policy = policy.map(String::from);
    match race(session, &RaceOrder { watcher, call: RacedCall::Openat2, attack, policy }) {
        RaceAnswer::SlowPage(slow) => slow,
        other => panic!("{watcher}: {other:?}"),
    }
}

#[test]
fn a_record_of_the_callers_memory_lies_in_a_window_and_two_guests_find_the_same() {
    let session = ScenarioSession::new(session("6.1", common::cells::LONG));
    let first = sweep(&session, Watcher::SysEnter);
    let width = first.width.unwrap();
    assert!((500..3000).contains(&width.at_least()), "{first:?}");
    assert!(width.at_most().unwrap() < 3000, "{first:?}");
    assert_eq!(sweep(&session, Watcher::SysEnter), first);
}

#[test]
fn a_record_of_the_kernels_own_name_never_lies() {
    let session = ScenarioSession::new(session("6.1", common::cells::LONG));
    let swept = sweep(&session, Watcher::BpfLsm);
    assert_eq!((swept.count.lies, swept.count.blank, swept.count.unseen, swept.width), (0, 0, 0, None));
    // The attacker came too late in some tries, and in time in others.
    assert!(swept.count.evil > 50 && swept.count.honest - swept.count.evil > 50, "{swept:?}");
}

#[test]
fn an_ordinary_user_makes_records_lie_with_fuse_until_user_namespaces_are_denied() {
    let session = ScenarioSession::new(session("6.1", common::cells::LONG));
    let open = slow_page(&session, Watcher::SysEnter, None);
    assert_eq!((open.count.tries, open.count.lies, open.refused), (100, 100, None));
    let honest = slow_page(&session, Watcher::BpfLsm, None);
    assert_eq!((honest.count.tries, honest.count.honest, honest.count.evil), (100, 100, 100));
    let closed = slow_page(&session, Watcher::SysEnter, Some(CLOSED_BY));
    let refused = closed.refused.unwrap();
    assert_eq!((closed.count.tries, &refused.call[..], refused.errno), (0, "unshare", libc::EPERM));
}
