//! The program that a guest runs: it reads an order, tries the ways of a scenario under a policy, and writes what
//! became of each. What it does is in the library.

use std::io::{self, Read};
use std::process::ExitCode;

use anyhow::{Context, Result};
use hookbench_scenarios::exchange::{MITIGATE, PRIVILEGE};
use hookbench_scenarios::guest;
use hookbench_scenarios::race::RACE;
use hookbench_scenarios::react::REACT;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let answer = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => answer(guest::run),
        [MITIGATE] => answer(guest::mitigate),
        [PRIVILEGE] => answer(guest::privilege),
        [RACE] => answer(guest::race),
        [REACT] => answer(guest::react),
        [image, ..] => return guest::run_image(image, &words[1..]),
    };
    match answer {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Reads an order, carries it out, and renders the answer.
fn answer<O: DeserializeOwned, A: Serialize>(carry_out: impl FnOnce(&O) -> Result<A>) -> Result<String> {
    let mut order = String::new();
    io::stdin().read_to_string(&mut order).context("failed to read the order")?;
    let order = serde_json::from_str(&order).context("failed to understand the order")?;
    serde_json::to_string(&carry_out(&order)?).context("failed to render the answer")
}
