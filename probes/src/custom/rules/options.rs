//! The words of a line and the options in them, as auditctl's `audit_strsplit` and `getopt_long` find them.

/// The options of auditctl with a letter; those with a colon take a value.
const SHORT: &str = "hicslDvtC:e:f:r:b:a:A:d:S:F:m:R:w:W:k:p:q:";

/// The long options, and whether they take a value.
const LONG: &[(&str, bool)] = &[
    ("loginuid-immutable", false),
    ("backlog_wait_time", true),
    ("reset-lost", false),
    ("reset_backlog_wait_time_actual", false),
    ("signal", true),
];

/// An option of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opt<'a> {
    /// An option with a letter, and its value.
    Short(char, Option<&'a str>),
    /// A long option, by its full name, and its value.
    Long(&'static str, Option<&'a str>),
    /// An option that does not exist, as written.
    Unknown(String),
    /// An option whose value is missing, as written.
    Bare(String),
}

/// Splits a line at blanks. A backslash before a blank or a backslash makes it a part of the word. There are no
/// quotes, and a tab does not separate words.
pub(super) fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            (' ', _) if word.is_empty() => {}
            (' ', _) => words.push(std::mem::take(&mut word)),
            // auditctl leaves an escape in the first word as it is.
            ('\\', Some(&escaped @ (' ' | '\\'))) if !words.is_empty() => {
                word.push(escaped);
                characters.next();
            }
            _ => word.push(character),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A walk over the words of a line, option by option.
pub(super) struct Options<'a> {
    words: &'a [String],
    /// The index of the next word.
    next: usize,
    /// Letters that are left of a word such as `-iD`.
    letters: &'a str,
    /// The first word that belongs to no option.
    stray: Option<&'a str>,
}

impl<'a> Options<'a> {
    pub(super) fn of(words: &'a [String]) -> Options<'a> {
        Options { words, next: 0, letters: "", stray: None }
    }

    /// The word after the options that were taken.
    pub(super) fn peek(&self) -> Option<&'a str> {
        self.words.get(self.next).map(String::as_str)
    }

    /// A word that belongs to no option, of those before the current place.
    pub(super) fn stray(&self) -> Option<&'a str> {
        self.stray
    }

    fn take(&mut self) -> Option<&'a str> {
        let word = self.peek();
        self.next += usize::from(word.is_some());
        word
    }

    fn short(&mut self) -> Option<Opt<'a>> {
        let letter = self.letters.chars().next()?;
        let rest = &self.letters[letter.len_utf8()..];
        let place = if letter == ':' { None } else { SHORT.find(letter) };
        let Some(place) = place else {
            self.letters = rest;
            return Some(Opt::Unknown(format!("-{letter}")));
        };
        if SHORT[place + 1..].starts_with(':') {
            self.letters = "";
            let value = if rest.is_empty() { self.take() } else { Some(rest) };
            return Some(match value {
                Some(value) => Opt::Short(letter, Some(value)),
                None => Opt::Bare(format!("-{letter}")),
            });
        }
        self.letters = rest;
        Some(Opt::Short(letter, None))
    }

    fn long(&mut self, word: &'a str) -> Opt<'a> {
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let exact = LONG.iter().find(|(known, _)| *known == name);
        let mut begun = LONG.iter().filter(|(known, _)| known.starts_with(name));
        let found = exact.or_else(|| begun.next().filter(|_| begun.next().is_none()));
        match (found, attached) {
            (None, _) | (Some((_, false)), Some(_)) => Opt::Unknown(format!("--{word}")),
            (Some((known, false)), None) => Opt::Long(known, None),
            (Some((known, true)), attached) => match attached.or_else(|| self.take()) {
                Some(value) => Opt::Long(known, Some(value)),
                None => Opt::Bare(format!("--{known}")),
            },
        }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Opt<'a>;

    fn next(&mut self) -> Option<Opt<'a>> {
        loop {
            if let Some(option) = self.short() {
                return Some(option);
            }
            match self.take()? {
                "--" => {
                    self.stray = self.stray.or(self.peek());
                    self.next = self.words.len();
                }
                word if word.starts_with("--") => return Some(self.long(&word[2..])),
                word if word.len() > 1 && word.starts_with('-') => self.letters = &word[1..],
                word => self.stray = self.stray.or(Some(word)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_separated_by_blanks_alone() {
        let split = |line: &str| split(line).join("|");
        assert_eq!(split("  -a always,exit   -F arch=b64 "), "-a|always,exit|-F|arch=b64");
        assert_eq!(split(r"-w /my\ files -k a\\b \x"), r"-w|/my files|-k|a\b|\x");
        assert_eq!(split("-w\t/etc -k \"a b\""), "-w\t/etc|-k|\"a|b\"");
        assert_eq!(split(r"-w\ x"), r"-w\|x");
    }

    fn options(line: &str) -> (Vec<Opt<'static>>, Option<&'static str>) {
        let words: &'static [String] = Vec::leak(split(line));
        let mut options = Options::of(words);
        let all = options.by_ref().collect();
        (all, options.stray())
    }

    #[test]
    fn options_are_found_as_getopt_finds_them() {
        let (all, stray) = options("-Sopen -iD --backlog_w 9 --signal=TERM x -k");
        let known = [
            Opt::Short('S', Some("open")),
            Opt::Short('i', None),
            Opt::Short('D', None),
            Opt::Long("backlog_wait_time", Some("9")),
            Opt::Long("signal", Some("TERM")),
            Opt::Bare("-k".into()),
        ];
        assert_eq!((&all[..], stray), (&known[..], Some("x")));
        let (all, stray) = options("-x -: --reset --reset-lost=1 - -- -D");
        let unknown = ["-x", "-:", "--reset", "--reset-lost=1"].map(|text| Opt::Unknown(text.into()));
        assert_eq!((&all[..], stray), (&unknown[..], Some("-")));
    }
}
