//! Single words of command lines and files, and the specification of a cell for the agent.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use hookbench_analysis::gate::{Limit, Pattern};
use hookbench_model::protocol::{CellSpec, Fault};
use hookbench_model::{Cell, KernelVersion, MonitorName, Params, Schedule, Target};

use crate::memory;

/// An accepted word that is printed and parsed again is the same. The error of any other
/// word is a short line.
pub fn holds(bytes: &[u8]) {
    let room = 64 * bytes.len() + (64 << 10);
    if let Ok(spec) = memory::within(room, || serde_json::from_slice::<CellSpec>(bytes)) {
        let json = serde_json::to_vec(&spec).expect("JSON");
        assert_eq!(serde_json::from_slice::<CellSpec>(&json).expect("the same cell"), spec);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    survives_printing::<Cell>(text);
    survives_printing::<MonitorName>(text);
    survives_printing::<Params>(text);
    survives_printing::<Schedule>(text);
    survives_printing::<Target>(text);
    survives_printing::<Limit>(text);
    survives_printing::<Pattern>(text);
    survives_printing::<KernelVersion>(text);
    if let Ok(fault) = text.parse::<Fault>() {
        assert_eq!(serde_json::to_value(fault).expect("JSON"), text);
    }
}

fn survives_printing<T>(text: &str)
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
            // Two hundred characters, each of which may be escaped.
            assert!(error.len() <= 2_500 && !error.contains(char::is_control), "{error:?}");
        }
    }
}
