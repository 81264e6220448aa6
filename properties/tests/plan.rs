//! The property of plans, with the plans that come with hookbench, each changed in one
//! place.

use hookbench_plan::NAMED;
use hookbench_properties::plan::holds;
use proptest::prelude::*;
use proptest::sample::Index;

proptest! {
    // The full plan has thousands of cells.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_plan_with_anything_in_one_place_is_read_or_refused(
        at: Index, new in "[\\]\\[a-z0-9*\",= \n]{0,9}", seed in 0..NAMED.len()
    ) {
        let mut text = NAMED[seed].1.to_string();
        let at = (0..=at.index(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.insert_str(at, &new);
        holds(text.as_bytes());
    }
}
