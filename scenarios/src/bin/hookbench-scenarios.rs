//! The program that a guest runs: it reads an order, tries the ways of a scenario under a policy, and writes what
//! became of each. What it does is in the library.

use std::io::{self, Read};
use std::process::ExitCode;

use anyhow::{Context, Result};
use hookbench_scenarios::guest;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [image, rest @ ..] = &words[..] {
        return guest::run_image(image, rest);
    }
    match answer() {
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

fn answer() -> Result<String> {
    let mut order = String::new();
    io::stdin().read_to_string(&mut order).context("failed to read the order")?;
    let order = serde_json::from_str(&order).context("failed to understand the order")?;
    let answer = guest::run(&order)?;
    serde_json::to_string(&answer).context("failed to render the answer")
}
