//! The policies of AppArmor and SELinux that guests load: compiled here with Debian's compilers, each once.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, anyhow};
use hookbench_scenarios::exchange::{ALLOWING, POLICY_FOLDER};
use hookbench_scenarios::{PolicyName, PolicySource, Scenario, policy_source};
use hookbench_vm::apt::NoPackage;
use hookbench_vm::cache::Cache;
use hookbench_vm::compilers::Compilers;
use hookbench_vm::image::{Content, GuestFile};

/// The compilers, the reason why there are none, or why they could not be obtained.
type Found = Result<Result<Compilers, String>, String>;

/// Policies by their sources. A download that fails is not repeated.
#[derive(Default)]
pub(super) struct Compiled {
    compilers: OnceLock<Found>,
    policies: Mutex<BTreeMap<PolicySource, Vec<u8>>>,
}

/// A policy that a guest gets.
#[derive(Clone, Copy)]
pub(super) struct WantedPolicy {
    pub(super) scenario: &'static Scenario,
    pub(super) name: PolicyName,
    /// Whether it denies nothing, as if it were broken.
    pub(super) is_broken: bool,
    /// Whether the guest also gets the policy that denies nothing.
    pub(super) with_allowing: bool,
}

impl Compiled {
    /// The files for a guest. The inner error says why no compiler can be had.
    ///
    /// # Errors
    /// When a compiler cannot be obtained for a reason that may go away, or refuses a policy.
    pub(super) fn files(
        &self,
        wanted: WantedPolicy,
        cache: &Cache,
    ) -> Result<Result<Vec<GuestFile>, String>> {
        let WantedPolicy { scenario, name, is_broken, with_allowing } = wanted;
        let mechanism = name.policy.mechanism;
        let sources = [
            (mechanism.to_owned(), policy_source(scenario, name, is_broken)),
            (
                format!("{mechanism}.{ALLOWING}"),
                policy_source(scenario, name, true).filter(|_| with_allowing),
            ),
        ];
        let mut files = Vec::new();
        for (file, source) in sources {
            let Some(source) = source else { continue };
            let found = self.compilers.get_or_init(|| find(cache));
            let compilers = match found.as_ref().map_err(|why| anyhow!("{why}"))? {
                Ok(compilers) => compilers,
                Err(gone) => return Ok(Err(gone.clone())),
            };
            let bytes = self
                .compile(source, compilers)
                .with_context(|| format!("failed to compile {name} of {}", scenario.name))?;
            let path = format!("{}/{file}", POLICY_FOLDER.trim_start_matches('/'));
            files.push(GuestFile { path, mode: 0o644, content: Content::File(bytes) });
        }
        Ok(Ok(files))
    }

    fn compile(&self, source: PolicySource, compilers: &Compilers) -> Result<Vec<u8>> {
        let policies = || self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = policies().get(&source) {
            return Ok(bytes.clone());
        }
        let bytes = match &source {
            PolicySource::Profile(profile) => compilers.apparmor(profile)?,
            PolicySource::Modules(modules) => {
                let modules: Vec<(&str, &str)> =
                    modules.iter().map(|(name, text)| (*name, &**text)).collect();
                compilers.selinux(&modules)?
            }
        };
        policies().insert(source, bytes.clone());
        Ok(bytes)
    }
}

fn find(cache: &Cache) -> Found {
    let error = match Compilers::obtain(cache, &|_| ()) {
        Ok(compilers) => return Ok(Ok(compilers)),
        Err(error) => error,
    };
    match error.downcast_ref::<NoPackage>() {
        Some(gone) => Ok(Err(gone.reason())),
        None => Err(format!("{error:#}")),
    }
}
