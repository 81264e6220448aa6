//! Checks the answer of a guest, which hookbench does not trust: it has to name the ways that were asked for, and all
//! of it is bounded.

use std::fmt;

use crate::exchange::{Answer, Found, Record, Timed, Tried, Tries};

/// The most records of a way, and the most things that are attached or lacking.
const MOST: usize = 1_000;
/// The longest text in an answer, in bytes.
const LONGEST: usize = 4 << 10;
/// The largest error number of the kernel.
const LARGEST_ERRNO: i32 = 4095;
/// The largest number of a signal.
const LARGEST_SIGNAL: i32 = 64;
/// How much of a foreign text an error quotes, in characters.
const QUOTED: usize = 40;

/// Why a text is not an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAnAnswer(String);

impl fmt::Display for NotAnAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the guest's answer is not one of a scenario: {}", self.0)
    }
}

impl std::error::Error for NotAnAnswer {}

/// Checks an answer to an order for these ways, in this order. It may have the first of them alone. See [`check_timed`] for
/// the neighbours.
///
/// # Errors
/// When it has other ways, or none of them, or a number or a text that no guest sends.
pub fn check(answer: &Answer, ways: &[&str]) -> Result<(), NotAnAnswer> {
    let tried = match answer {
        Answer::Tried(Found { tried, .. }) => tried,
        Answer::Unsupported(why) => return check_text(why),
    };
    if !tried.prices.is_empty() || tried.lines.is_some() {
        return Err(NotAnAnswer("it has prices or lines, which are not the guest's to say".into()));
    }
    let answered: Vec<&str> = tried.ways.iter().map(|tries| &*tries.way).collect();
    if !ways.starts_with(&answered) || answered.is_empty() != ways.is_empty() {
        let first = answered.iter().zip(ways).find(|(answered, asked)| answered != asked);
        return Err(NotAnAnswer(match first {
            Some((answered, asked)) => format!("it has {:?} in place of {asked:?}", quoted(answered)),
            None => format!("it has {} ways, and {} were asked for", answered.len(), ways.len()),
        }));
    }
    check_tried(tried)
}

/// Checks an answer to an order to time these neighbours, in this order and so many times.
///
/// # Errors
/// When it has other neighbours, other numbers of samples, or a text that no guest sends.
pub fn check_timed(timed: &[Timed], ways: &[&str], operations: u32) -> Result<(), NotAnAnswer> {
    let answered: Vec<&str> = timed.iter().map(|timed| &*timed.way).collect();
    if answered != ways {
        return Err(NotAnAnswer("it timed other neighbours than were asked for".into()));
    }
    for Timed { samples, why, .. } in timed {
        why.as_deref().map_or(Ok(()), check_text)?;
        let is_whole = samples.len() == operations as usize;
        if is_whole != why.is_none() || samples.len() > operations as usize {
            return Err(NotAnAnswer(format!("{} operations of {operations} were timed", samples.len())));
        }
    }
    Ok(())
}

fn check_tried(tried: &Tried) -> Result<(), NotAnAnswer> {
    check_list(&tried.attached)?;
    check_list(&tried.lacks)?;
    check_length(tried.ways.len())?;
    tried.ways.iter().try_for_each(check_way)
}

fn check_way(tries: &Tries) -> Result<(), NotAnAnswer> {
    check_text(&tries.way)?;
    tries.invalid.as_deref().map_or(Ok(()), check_text)?;
    let within = |number: Option<i32>, largest| number.is_none_or(|number| (1..=largest).contains(&number));
    for (what, number, largest) in [
        ("error number", tries.errno, LARGEST_ERRNO),
        ("error number", tries.hindered, LARGEST_ERRNO),
        ("signal", tries.signal, LARGEST_SIGNAL),
    ] {
        if !within(number, largest) {
            return Err(NotAnAnswer(format!("{} is no {what}", number.unwrap_or_default())));
        }
    }
    check_list(&tries.notes)?;
    check_length(tries.records.len())?;
    tries.records.iter().try_for_each(|Record { what, text, .. }| check_text(what).and(check_text(text)))
}

fn check_list(texts: &[String]) -> Result<(), NotAnAnswer> {
    check_length(texts.len())?;
    texts.iter().try_for_each(|text| check_text(text))
}

fn check_length(length: usize) -> Result<(), NotAnAnswer> {
    if length <= MOST {
        return Ok(());
    }
    Err(NotAnAnswer(format!("a list has {length} entries; the limit is {MOST}")))
}

fn check_text(text: &str) -> Result<(), NotAnAnswer> {
    if text.len() <= LONGEST {
        return Ok(());
    }
    Err(NotAnAnswer(format!("{:?}… has {} bytes; the limit is {LONGEST}", quoted(text), text.len())))
}

fn quoted(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(QUOTED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(ways: &str) -> Answer {
        serde_json::from_str(&format!("{{\"tried\": {{\"attached\": [], \"ways\": [{ways}]}}}}")).unwrap()
    }

    #[test]
    fn an_answer_names_the_ways_that_were_asked_for() {
        let one = answer("{\"way\": \"a\", \"effect\": \"reached\"}");
        assert!(check(&one, &["a"]).is_ok());
        for (answer, ways, part) in [
            (&one, &["b"][..], "\"a\" in place of \"b\""),
            (&one, &["b", "a"], "\"a\" in place of \"b\""),
            (&one, &[], "1 ways, and 0"),
            (&answer(""), &["a"], "0 ways, and 1"),
        ] {
            let error = check(answer, ways).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(check(&one, &["a", "b"]).is_ok());
        assert!(check(&Answer::Unsupported("no BTF".into()), &["a"]).is_ok());
    }

    #[test]
    fn a_guest_says_no_prices_and_times_what_was_asked_for() {
        let priced = r#"{"tried": {"attached": [], "ways": [], "prices": [{"way": "a"}]}}"#;
        let error = check(&serde_json::from_str(priced).unwrap(), &[]).unwrap_err().to_string();
        assert!(error.contains("not the guest's to say"), "{error}");
        let timed = |samples: &[u64], why: Option<&str>| {
            vec![Timed { way: "a".into(), samples: samples.to_vec(), why: why.map(String::from) }]
        };
        assert!(check_timed(&timed(&[1, 2], None), &["a"], 2).is_ok());
        assert!(check_timed(&timed(&[1], Some("it does not work")), &["a"], 2).is_ok());
        assert!(check_timed(&timed(&[1, 2], None), &["b"], 2).is_err());
        assert!(check_timed(&timed(&[1], None), &["a"], 2).is_err());
        assert!(check_timed(&timed(&[1, 2, 3], None), &["a"], 2).is_err());
    }

    #[test]
    fn numbers_and_texts_are_bounded() {
        let way = |more: &str| answer(&format!("{{\"way\": \"a\", \"effect\": \"reached\", {more}}}"));
        for (more, part) in [
            ("\"errno\": 0", "0 is no error number"),
            ("\"signal\": 65", "65 is no signal"),
            (&format!("\"invalid\": \"{}\"", "x".repeat(5000)), "the limit is 4096"),
        ] {
            let error = check(&way(more), &["a"]).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(check(&way("\"errno\": 1, \"signal\": 9"), &["a"]).is_ok());
    }
}
