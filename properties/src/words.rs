//! Single words of command lines and files, and the cell in a request to the agent.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use hookbench_analysis::gate::{Limit, Pattern};
use hookbench_model::protocol::{CellSpec, Fault};
use hookbench_model::{Cell, KernelVersion, MonitorName, Params, Schedule, Target};

use crate::memory;

/// Showing and parsing a word gives the same word. An error is one short line.
pub fn holds(bytes: &[u8]) {
    let room = 64 * bytes.len() + (64 << 10);
    if let Ok(spec) = memory::within(room, || serde_json::from_slice::<CellSpec>(bytes)) {
        let json = serde_json::to_vec(&spec).expect("JSON");
        assert_eq!(serde_json::from_slice::<CellSpec>(&json).expect("the same cell"), spec);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    round_trips::<Cell>(text);
    round_trips::<MonitorName>(text);
    round_trips::<Params>(text);
    round_trips::<Schedule>(text);
    round_trips::<Target>(text);
    round_trips::<Limit>(text);
    round_trips::<Pattern>(text);
    round_trips::<KernelVersion>(text);
    if let Ok(fault) = text.parse::<Fault>() {
        assert_eq!(serde_json::to_value(fault).expect("JSON"), text);
    }
}

fn round_trips<T>(text: &str)
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
            // Two hundred characters, all of which may be escaped.
            assert!(error.len() <= 2_500 && !error.contains(char::is_control), "{error:?}");
        }
    }
}
