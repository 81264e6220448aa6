//! An explanation by function: what each function executes more or less, alone and with what it calls.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::{Explanation, Names, Parts};

/// How the instructions of a function changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FunctionCost {
    /// The function's name.
    pub name: String,
    /// The change of the function alone.
    #[serde(rename = "self")]
    pub own: Parts,
    /// The change of the function and of everything that it calls.
    pub total: Parts,
}

impl Explanation {
    /// The functions that changed, alone or in what they call. Those with the largest hook come first, then those with
    /// the largest side effects.
    #[must_use]
    pub fn functions(&self) -> Vec<FunctionCost> {
        sorted(self.by_function(Names::Exact))
    }

    /// All functions by name, without order.
    pub(super) fn by_function(&self, names: Names) -> BTreeMap<String, FunctionCost> {
        let shown: Vec<String> = self.names.iter().map(|name| names.of(name)).collect();
        let mut functions: BTreeMap<&str, FunctionCost> = BTreeMap::new();
        let mut totals: Vec<Parts> = self.frames.iter().map(|frame| frame.parts).collect();
        for (index, frame) in self.frames.iter().enumerate().rev() {
            if let Some(caller) = frame.caller {
                totals[caller] = totals[caller].plus(totals[index]);
            }
        }
        let nested = self.nested(&shown);
        for (index, frame) in self.frames.iter().enumerate() {
            let function = functions.entry(&shown[frame.name]).or_default();
            function.own = function.own.plus(frame.parts);
            if !nested[index] {
                function.total = function.total.plus(totals[index]);
            }
        }
        let named = |(name, function): (&str, FunctionCost)| {
            (name.to_string(), FunctionCost { name: name.into(), ..function })
        };
        functions.into_iter().map(named).collect()
    }

    /// Whether each frame is below one of the same function, whose total includes it.
    fn nested(&self, shown: &[String]) -> Vec<bool> {
        let mut callers = Vec::new();
        let mut nested = Vec::with_capacity(self.frames.len());
        for frame in &self.frames {
            callers.clear();
            let mut next = frame.caller;
            while let Some(caller) = next {
                callers.push(caller);
                next = self.frames[caller].caller;
            }
            nested.push(callers.iter().any(|caller| shown[self.frames[*caller].name] == shown[frame.name]));
        }
        nested
    }
}

/// The functions that changed, in the order of [`Explanation::functions`].
pub(super) fn sorted(functions: BTreeMap<String, FunctionCost>) -> Vec<FunctionCost> {
    let changed = |function: &FunctionCost| !function.own.is_nothing() || !function.total.is_nothing();
    let mut all: Vec<FunctionCost> = functions.into_values().filter(changed).collect();
    let sizes = |parts: &Parts| (parts.direct.unsigned_abs(), parts.side_effects().unsigned_abs());
    all.sort_by_key(|function| Reverse((sizes(&function.own), sizes(&function.total))));
    all
}
