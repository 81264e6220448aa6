//! What chains from a signal to a mitigation let pass.

use hookbench::scenario::{Ended, ScenarioSession};
use hookbench_scenarios::react::{Caller, Chain, Reacted, Summary};

use common::cells::session;

mod common;

fn reacted(session: &ScenarioSession, chain: Chain) -> Reacted {
    match session.react("6.1", chain) {
        Ended::Done(reacted) => reacted,
        other => panic!("{chain}: {other:?}"),
    }
}

#[test]
fn a_chain_in_the_kernel_lets_nothing_pass_and_one_with_a_daemon_does() {
    let session = ScenarioSession::new(session("6.1", common::cells::LONG));
    let in_kernel = reacted(&session, Chain::BpfMap);
    for caller in [Caller::Busy, Caller::Rested, Caller::Other] {
        let Summary { read, refused, most_passed, .. } = in_kernel.summary(caller).unwrap();
        assert_eq!((read, refused.is_some(), most_passed), (None, true, 0), "{caller}");
    }
    let by_daemon = reacted(&session, Chain::BpfRingbuf).summary(Caller::Rested).unwrap();
    assert!(by_daemon.read < by_daemon.refused && by_daemon.passed > 0, "{by_daemon:?}");
    let killed = reacted(&session, Chain::AuditKill);
    let [own, other] = [Caller::Rested, Caller::Other].map(|caller| killed.summary(caller).unwrap());
    assert!(own.refused.is_some() && own.passed > 0, "{own:?}");
    assert_eq!(other.refused, None, "{other:?}");
    assert_eq!(reacted(&session, Chain::AuditKill), killed, "the clock counts instructions");
}
