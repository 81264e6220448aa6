//! The cells that the arguments of `hookbench scenario run` select, and what their guests need.

use anyhow::{Context, Result, bail, ensure};
use hookbench_model::Cell;
use hookbench_plan::select;
use hookbench_results::Shard;
use hookbench_scenarios::{PolicyName, SCENARIOS, Scenario};

use super::args::Args;
use super::find;
use crate::cmd::run::{Output, select_kernels};
use crate::custom::workload::CustomWorkloads;
use crate::scenario::ScenarioCell;
use crate::scenario::custom::Asked;
use crate::session::guests::Needs;

/// What to try, and where the results go.
pub(super) struct Selection {
    /// The kernels, by name or path.
    kernels: Vec<String>,
    /// The scenarios.
    pub(super) scenarios: Vec<&'static Scenario>,
    /// The policies; `none` is the first.
    policies: Vec<PolicyName>,
    /// The names of the ways; empty for all of them.
    pub(super) ways: Vec<String>,
    /// The custom way that is tried in place of the scenarios' own.
    pub(super) custom: Option<Asked>,
    /// Why no neighbour is priced; empty if neighbours are.
    pub(super) unpriced: &'static str,
    /// The kernels on which policies are priced; all if there are none.
    pub(super) priced: Vec<String>,
    /// The part of the cells that this process tries.
    pub(super) shard: Option<Shard>,
    /// Where the results go.
    pub(super) output: Output,
    /// The number of guests that run at once.
    pub(super) jobs: usize,
    /// Whether the guests' consoles go to standard error.
    pub(super) console: bool,
}

impl Selection {
    /// Resolves `args`.
    ///
    /// # Errors
    /// When they name something that does not exist; the error lists what does.
    pub(super) fn from_args(args: &Args) -> Result<Selection> {
        let mut scenarios = scenarios(&args.scenario)?;
        let custom = custom(args)?;
        let ways = match &custom {
            Some(_) => Vec::new(),
            None => ways(&args.way, &scenarios)?,
        };
        let has =
            |scenario: &&Scenario| scenario.ways.iter().any(|way| ways.iter().any(|name| name == way.name));
        scenarios.retain(|scenario| ways.is_empty() || has(scenario));
        let output =
            Output { folder: args.out.clone(), resume: args.resume, save_baseline: None, baseline: None };
        let cores = || std::thread::available_parallelism().map_or(1, Into::into);
        let selection = Selection {
            kernels: select_kernels(&args.kernel)?,
            scenarios,
            policies: policies(&args.policy)?,
            unpriced: match (args.no_prices, ways.is_empty() && custom.is_none()) {
                (true, _) => "prices were switched off (--no-prices)",
                (_, false) => "not all ways were tried (--way)",
                (false, true) => "",
            },
            priced: if args.prices.is_empty() { Vec::new() } else { select_kernels(&args.prices)? },
            ways,
            custom,
            shard: args.shard,
            output,
            jobs: if args.console { 1 } else { args.jobs.unwrap_or_else(cores) },
            console: args.console,
        };
        ensure!(!selection.cells().is_empty(), "the shard has no cells; use fewer shards");
        Ok(selection)
    }

    /// The cells that this process tries, in the order of reports.
    pub(super) fn cells(&self) -> Vec<ScenarioCell<'_>> {
        let mut cells = Vec::new();
        for kernel in &self.kernels {
            for &scenario in &self.scenarios {
                cells.extend(self.policies.iter().map(|&policy| ScenarioCell { kernel, scenario, policy }));
            }
        }
        match self.shard {
            Some(shard) => cells[shard.range(cells.len())].to_vec(),
            None => cells,
        }
    }

    /// What the guests need.
    ///
    /// # Errors
    /// When the custom way cannot be a command.
    pub(super) fn needs(&self) -> Result<Needs> {
        let mut cells: Vec<Cell> = Vec::new();
        for cell in self.cells() {
            let boots_as = cell.boots_as()?;
            if !cells.contains(&boots_as) {
                cells.push(boots_as);
            }
        }
        let booted = |kernel: &&String| cells.iter().any(|cell| cell.kernel == **kernel);
        let workloads = match &self.custom {
            Some(custom) => custom.commands()?,
            None => CustomWorkloads::default(),
        };
        Ok(Needs {
            kernels: self.kernels.iter().filter(booted).cloned().collect(),
            least: usize::from(self.shard.is_none()),
            cells,
            workloads,
            ..Needs::default()
        })
    }
}

fn scenarios(names: &[String]) -> Result<Vec<&'static Scenario>> {
    if names.is_empty() {
        return Ok(SCENARIOS.to_vec());
    }
    let known: Vec<String> = SCENARIOS.iter().map(|scenario| scenario.name.to_owned()).collect();
    select("scenario", names, &known)?.iter().map(|name| find(name)).collect()
}

/// The policies, and `none`. A name with its grade in brackets is no glob.
fn policies(names: &[String]) -> Result<Vec<PolicyName>> {
    let known: Vec<String> = PolicyName::all().map(|name| name.to_string()).collect();
    let chosen = selected("policy", names, &known)?;
    let is_chosen = |name: &PolicyName| name.is_none() || chosen.contains(&name.to_string());
    Ok(PolicyName::all().filter(is_chosen).collect())
}

/// The names of the ways; empty for all.
fn ways(names: &[String], scenarios: &[&'static Scenario]) -> Result<Vec<String>> {
    let mut known: Vec<String> = Vec::new();
    for way in scenarios.iter().flat_map(|scenario| scenario.ways) {
        if !known.iter().any(|name| name == way.name) {
            known.push(way.name.to_owned());
        }
    }
    let names: Vec<String> = names.iter().flat_map(|names| names.split(',')).map(String::from).collect();
    if names.is_empty() { Ok(names) } else { selected("way", &names, &known) }
}

/// The names that `patterns` select from `known`: exact names first, then globs; all without any.
fn selected(kind: &str, patterns: &[String], known: &[String]) -> Result<Vec<String>> {
    let (exact, globs): (Vec<String>, Vec<String>) =
        patterns.iter().cloned().partition(|pattern| known.contains(pattern));
    let mut chosen = match (&exact[..], &globs[..]) {
        ([], []) => known.to_vec(),
        (_, []) => Vec::new(),
        _ => select(kind, &globs, known)?,
    };
    chosen.extend(exact);
    Ok(chosen)
}

fn custom(args: &Args) -> Result<Option<Asked>> {
    let user = match &*args.user {
        "root" => 0,
        number => number.parse().with_context(|| format!("--as takes root or a number, not {number:?}"))?,
    };
    let mut custom = None;
    for text in &args.way {
        let asked = Asked::read(text, args.effect.as_deref(), user)?;
        if asked.is_some() && args.way.len() > 1 {
            bail!("a run tries one custom way, and no other ways");
        }
        let (allowed, bring, window) = (args.allowed, args.bring.clone(), args.window);
        custom = asked.map(|asked| Asked { allowed, bring, window, ..asked });
    }
    ensure!(custom.is_some() || args.effect.is_none(), "--effect needs a custom way, --way cmd:COMMAND");
    Ok(custom)
}

#[cfg(test)]
mod tests {
    use super::super::args::tests::args;
    use super::*;

    fn cells(line: &str) -> Result<Vec<String>> {
        let selection = Selection::from_args(&args(line))?;
        Ok(selection.cells().iter().map(|cell| cell.to_string()).collect())
    }

    #[test]
    fn cells_are_selected_by_names_and_globs_and_always_with_none() {
        let found = cells("--kernel 6.1 --scenario userns --policy 'bpf-lsm+deny[complete]'").unwrap();
        assert_eq!(found, ["6.1/userns/none", "6.1/userns/bpf-lsm+deny[complete]"]);
        let found = cells("--kernel 5.10,6.1 --scenario user* --policy bpf-lsm+d*").unwrap();
        assert_eq!(found.len(), 2 * 3, "{found:?}");
        let all = SCENARIOS.len() * PolicyName::all().count();
        assert_eq!(cells("").unwrap().len(), all);
        for (wrong, known) in [
            ("--kernel 4.4", "6.1"),
            ("--scenario user", "userns"),
            ("--policy bpf-lsm", "bpf-lsm+deny"),
            ("--scenario userns --way clone9", "clone3"),
            ("--effect exit:0", "--way cmd:COMMAND"),
            ("--way cmd:./x", "--effect"),
            ("--way cmd:./x --way unshare --effect exit:0", "one custom way"),
            ("--way cmd:./x --effect exit:0 --as nobody", "root or a number"),
        ] {
            let error = cells(wrong).unwrap_err().to_string();
            assert!(error.contains(known), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_way_selects_the_scenarios_that_have_it() {
        let found = cells("--way clone3 --policy none").unwrap();
        assert_eq!(found, ["6.1/userns/none"]);
    }

    #[test]
    fn shards_cover_all_cells() {
        let all = cells("--kernel 6.1,7.3").unwrap();
        let parts =
            ["1/3", "2/3", "3/3"].map(|shard| cells(&format!("--kernel 6.1,7.3 --shard {shard}")).unwrap());
        assert_eq!(parts.concat(), all);
    }
}
