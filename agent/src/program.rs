//! A program of the payload that hookbench asks for in place of a cell: it gets its input, and what it writes is the
//! answer. What it does is not known here.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use hookbench_model::protocol::{LONGEST_PROGRAM_ANSWER, ProgramOrder};

/// How much of the answer of a program that failed is quoted, in bytes.
const QUOTED: usize = 400;

/// Runs the program until it ends. Returns what it wrote.
///
/// # Errors
/// When it cannot be started, writes more than fits into an answer or other bytes than UTF-8, or fails.
pub(crate) fn run(order: &ProgramOrder) -> Result<String> {
    let [program, arguments @ ..] = &order.program[..] else { bail!("the order names no program") };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to start {program}"))?;
    let mut input = child.stdin.take().context("the program has no input")?;
    let output = child.stdout.take().context("the program has no output")?;
    input.write_all(order.input.as_bytes()).with_context(|| format!("{program} does not read its input"))?;
    drop(input);
    let mut answer = Vec::new();
    let limit = LONGEST_PROGRAM_ANSWER as u64;
    output
        .take(limit + 1)
        .read_to_end(&mut answer)
        .with_context(|| format!("failed to read from {program}"))?;
    ensure!(answer.len() <= LONGEST_PROGRAM_ANSWER, "{program} wrote more than {limit} bytes");
    let status = child.wait().with_context(|| format!("failed to wait for {program}"))?;
    if !status.success() {
        let end = String::from_utf8_lossy(&answer[answer.len().saturating_sub(QUOTED)..]).into_owned();
        bail!("{program} failed ({status}): {}", end.trim_end());
    }
    String::from_utf8(answer).with_context(|| format!("{program} wrote bytes that are not UTF-8"))
}
