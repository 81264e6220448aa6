//! Why a cell has no number: one of three answers, which are not to be confused.

use anyhow::anyhow;
use hookbench_model::protocol::AgentMessage;
use hookbench_model::{Failure, FailureKind};

use crate::channel;

/// See the module.
#[derive(Debug)]
pub(crate) enum NoNumber {
    /// This kernel or machine cannot do it; why.
    Unsupported(String),
    /// It was measured, and the monitor or the workload did something else than it had to.
    Failed(Failure),
    /// The agent could not do its work.
    Error(anyhow::Error),
}

impl NoNumber {
    /// A failure of this kind, with no console output.
    pub(crate) fn failure(kind: FailureKind, message: String) -> NoNumber {
        NoNumber::Failed(Failure { kind, message, console: Vec::new() })
    }

    /// The reason as an error, for callers that cannot tell the reasons apart.
    pub(crate) fn into_error(self) -> anyhow::Error {
        match self {
            NoNumber::Unsupported(why) => anyhow!(why),
            NoNumber::Failed(failure) => anyhow!(failure.message),
            NoNumber::Error(error) => error,
        }
    }
}

impl From<anyhow::Error> for NoNumber {
    fn from(error: anyhow::Error) -> NoNumber {
        NoNumber::Error(error)
    }
}

impl From<NoNumber> for AgentMessage {
    fn from(reason: NoNumber) -> AgentMessage {
        match reason {
            NoNumber::Unsupported(why) => AgentMessage::Unsupported(why),
            NoNumber::Failed(failure) => AgentMessage::Failed(failure),
            NoNumber::Error(error) => channel::failed(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_an_answer_of_its_own() {
        let unsupported = NoNumber::Unsupported("why".into());
        assert_eq!(AgentMessage::from(unsupported), AgentMessage::Unsupported("why".into()));
        let kind_of = |reason: NoNumber| match AgentMessage::from(reason) {
            AgentMessage::Failed(failure) => (failure.kind, failure.message),
            other => panic!("{other:?}"),
        };
        let failed = NoNumber::failure(FailureKind::EventsMismatch, "what".into());
        assert_eq!(kind_of(failed), (FailureKind::EventsMismatch, "what".into()));
        let error = NoNumber::from(anyhow::anyhow!("cause").context("effect"));
        assert_eq!(kind_of(error), (FailureKind::Agent, "effect: cause".into()));
    }
}
