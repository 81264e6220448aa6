//! Plans come from files that anyone may have written.

use hookbench_plan::plan;
use proptest::prelude::*;

mod property;

proptest! {
    // The full plan has thousands of cells.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_is_read_as_a_plan_or_refused(text in ".*", bytes: Vec<u8>) {
        property::holds(text.as_bytes());
        property::holds(&bytes);
    }

    #[test]
    fn a_plan_with_anything_in_one_place_is_read_or_refused(
        at in any::<proptest::sample::Index>(), new in "[\\]\\[a-z0-9*\",= \n]{0,9}", seed in 0..plan::NAMED.len()
    ) {
        let mut text = plan::NAMED[seed].1.to_string();
        let at = (0..=at.index(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.insert_str(at, &new);
        property::holds(text.as_bytes());
    }
}
