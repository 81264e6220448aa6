//! What stands on a command line or in a file as one word, and the cell as the
//! agent is asked for it.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use hookbench_analysis::gate::{Limit, Pattern};
use hookbench_model::protocol::{CellSpec, Fault};
use hookbench_model::{Cell, KernelVersion, MonitorName, Params, Schedule, Target};

use crate::memory;

/// What is understood and shown again is understood as the same; what is not
/// is quoted in a short line.
pub fn holds(bytes: &[u8]) {
    let room = 64 * bytes.len() + (64 << 10);
    if let Ok(spec) = memory::within(room, || serde_json::from_slice::<CellSpec>(bytes)) {
        let json = serde_json::to_vec(&spec).expect("JSON");
        assert_eq!(serde_json::from_slice::<CellSpec>(&json).expect("the same cell"), spec);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    shown_again::<Cell>(text);
    shown_again::<MonitorName>(text);
    shown_again::<Params>(text);
    shown_again::<Schedule>(text);
    shown_again::<Target>(text);
    shown_again::<Limit>(text);
    shown_again::<Pattern>(text);
    shown_again::<KernelVersion>(text);
    if let Ok(fault) = text.parse::<Fault>() {
        assert_eq!(serde_json::to_value(fault).expect("JSON"), text);
    }
}

fn shown_again<T>(text: &str)
where
    T: FromStr<Err: Display> + Display + Debug + PartialEq,
{
    match text.parse::<T>() {
        Ok(word) => {
            let again = word.to_string();
            assert_eq!(again.parse::<T>().ok().as_ref(), Some(&word), "{text:?} is shown as {again:?}");
        }
        Err(error) => {
            let error = error.to_string();
            // Two hundred characters, each perhaps escaped.
            assert!(error.len() <= 2_500 && !error.contains(char::is_control), "{error:?}");
        }
    }
}
