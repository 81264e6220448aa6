//! Tests of correlations.

use super::*;
use crate::fixture::{failed, measured, run, with};
use hookbench_model::measurement::Refused;
use hookbench_model::{Measured, Outcome};
use hookbench_results::environment::KernelRecord;

fn hardware(measurements: Vec<Measurement>, kernel: &str) -> Run {
    let of = |mut measurement: Measurement| {
        measurement.clock = Clock::Tsc;
        (measurement.cell.target, measurement.cell.kernel) = (Target::Host, kernel.into());
        measurement
    };
    let mut run = run(measurements.into_iter().map(of).collect());
    (run.environment.target, run.environment.clock) = (Target::Host, Clock::Tsc);
    run
}

fn both() -> (Run, Run) {
    let tcg = [("none", 1000), ("a+x", 1100), ("b+x", 1200), ("c+x", 4000), ("d+x", 5000)];
    let host = [("none", 500), ("a+x", 560), ("b+x", 590), ("c+x", 8000), ("e+x", 1)];
    let of = |cells: &[(&str, u64)]| cells.iter().map(|(name, p50)| measured(name, &[*p50])).collect();
    (hardware(of(&host), "6.1.0-56-cloud-amd64"), run(of(&tcg)))
}

#[test]
fn the_pair_that_deviates_most_is_first() {
    let (host, tcg) = both();
    let found = Correlation::new(&host, &tcg, &[]).unwrap();
    assert_eq!(found, Correlation::new(&tcg, &host, &[]).unwrap());
    assert_eq!(
        found.kernels,
        [HardwareAndTcg { hardware: "6.1.0-56-cloud-amd64".into(), tcg: "6.1".into() }]
    );
    assert_eq!(found.pairs.len(), 4);
    assert_eq!(found.pairs[0].cell.monitor.to_string(), "c+x");
    assert_eq!(found.pairs[0].ratio, 2.0);
    let median = found.median_ratio.unwrap();
    assert!((median - (0.5f64 * 560.0 / 1100.0).sqrt()).abs() < 1e-12, "{median}");
    assert!((found.pairs[0].deviation - 2.0 / median).abs() < 1e-12);
    assert_eq!((found.order.spearman, found.order.kendall), (Some(1.0), Some(1.0)));
    assert_eq!(found.operations.len(), 1);
    let left: Vec<_> =
        found.left_out.iter().map(|omitted| (omitted.cell.monitor.to_string(), omitted.why)).collect();
    let expected = [("e+x", "not measured in TCG"), ("d+x", "not measured on hardware")];
    assert_eq!(left.len(), 2);
    assert!(expected.iter().all(|(name, why)| left.contains(&((*name).to_string(), *why))), "{left:?}");
}

#[test]
fn a_reversed_order_is_negative_and_two_cells_have_no_order() {
    let tcg = run(vec![measured("a+x", &[1]), measured("b+x", &[2]), measured("c+x", &[3])]);
    let host = hardware(vec![measured("a+x", &[9]), measured("b+x", &[8]), measured("c+x", &[7])], "6.1");
    let order = Correlation::new(&host, &tcg, &[]).unwrap().order;
    assert_eq!((order.cells, order.spearman, order.kendall), (3, Some(-1.0), Some(-1.0)));
    let (mut host, tcg) = both();
    host.measurements.truncate(2);
    assert_eq!(
        Correlation::new(&host, &tcg, &[]).unwrap().order,
        RankAgreement { cells: 2, spearman: None, kendall: None }
    );
}

#[test]
fn several_kernels_of_a_series_need_a_map() {
    let (host, mut tcg) = both();
    tcg.measurements.extend(tcg.measurements.clone().into_iter().map(|mut measurement| {
        measurement.cell.kernel = "/k/6.1".into();
        measurement
    }));
    tcg.environment.kernels.push(KernelRecord {
        name: "/k/6.1".into(),
        version: "6.1.7".into(),
        ..Default::default()
    });
    let error = Correlation::new(&host, &tcg, &[]).unwrap_err().to_string();
    assert!(error.contains("/k/6.1, 6.1") && error.contains("--map-kernel"), "{error}");
    let mapped = |to: &str| [("6.1.0-56-cloud-amd64".to_string(), to.to_string())];
    let found = Correlation::new(&host, &tcg, &mapped("/k/6.1")).unwrap();
    assert!(found.pairs.iter().all(|pair| pair.cell.kernel == "/k/6.1"));
    assert!(matches!(Correlation::new(&host, &tcg, &mapped("6.2")), Err(CorrelationError::NoKernel(..))));
}

#[test]
fn runs_and_cells_that_cannot_be_compared_are_refused_or_omitted() {
    let (host, tcg) = both();
    assert_eq!(Correlation::new(&tcg, &tcg, &[]), Err(CorrelationError::Targets(Target::Tcg, Target::Tcg)));
    let other = hardware(vec![measured("none", &[1])], "5.10");
    assert!(matches!(Correlation::new(&other, &tcg, &[]), Err(CorrelationError::NoCommonCell(..))));
    let mut ended = host.clone();
    ended.measurements[1].outcome = failed();
    ended.measurements[2] = Measurement {
        outcome: Outcome::Measured(Measured {
            samples: vec![3],
            refused: Some(Refused { operations: 1, errno: "EPERM".into(), happened: None }),
            ..Default::default()
        }),
        ..ended.measurements[2].clone()
    };
    let found = Correlation::new(&ended, &tcg, &[]).unwrap();
    assert_eq!((found.pairs.len(), found.left_out.len()), (2, 4));
    assert!(with("a+x", failed()).measured().is_none());
}
