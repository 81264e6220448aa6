//! Many things in few words: the first of them, and how many more there are.

/// The names, or the first of many.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const MANY: usize = 24;
    let mut names: Vec<&str> = names.collect();
    let more = names.len().saturating_sub(MANY);
    names.truncate(MANY);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    names.join(", ") + &more
}

/// A line for each reason to leave programs out, with the names of the programs.
pub(super) fn left_out<'a>(programs: impl Iterator<Item = (&'a str, String)>) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, why) in programs {
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, names)) => names.push(name),
            None => reasons.push((why, vec![name])),
        }
    }
    let line = |(why, names): (String, Vec<&str>)| match names.as_slice() {
        [name] => format!("program {name} is left out: {why}"),
        [first @ .., last] => format!("programs {} and {last} are left out: {why}", first.join(", ")),
        [] => why,
    };
    reasons.into_iter().map(line).collect()
}

/// The first few of `lines`, and how many more there are.
pub(super) fn shorten(mut lines: Vec<String>) -> Vec<String> {
    const SHOWN: usize = 3;
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}
