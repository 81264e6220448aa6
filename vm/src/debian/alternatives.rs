//! The links that a package makes when it is installed: `update-alternatives --install`
//! in its script `postinst`. hookbench reads the script and never runs it. Names that
//! the script computes are not found.

/// The longest path, and the most links of a script.
const LONGEST: usize = 4096;
const MOST: usize = 1024;

/// A link that `update-alternatives` makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// The path of the link, for example `/usr/bin/awk`.
    pub link: String,
    /// The name of the link in `/etc/alternatives`.
    pub name: String,
    /// The path of the program, for example `/usr/bin/mawk`.
    pub target: String,
    /// Of two links of the same path, the one with the higher priority counts.
    pub priority: i64,
}

/// Returns the links in the text of a `postinst`.
pub fn parse(postinst: &str) -> Vec<Alternative> {
    let joined = postinst.replace("\\\n", " ");
    let mut found = Vec::new();
    for line in joined.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let mut words = line.split_ascii_whitespace().map(|word| word.trim_matches(['"', '\'']));
        while let Some(word) = words.next() {
            if word.rsplit('/').next() == Some("update-alternatives") {
                // A command ends before the next one on its line.
                let ends = |word: &&str| word.starts_with([';', '&', '|', ')', '>']);
                let command: Vec<&str> = words.by_ref().take_while(|word| !ends(word)).collect();
                add(&command, &mut found);
            }
        }
    }
    found.truncate(MOST);
    found
}

/// Adds the links of one command with these arguments.
fn add(arguments: &[&str], found: &mut Vec<Alternative>) {
    let mut priority = None;
    for (at, option) in arguments.iter().enumerate() {
        let (link, name, target) = match (*option, &arguments[at + 1..]) {
            ("--install", &[link, name, target, number, ..]) => {
                priority = number.trim_end_matches(';').parse().ok();
                (link, name, target)
            }
            ("--slave", &[link, name, target, ..]) => (link, name, target),
            _ => continue,
        };
        let target = target.trim_end_matches(';');
        let Some(priority) = priority else { continue };
        if [link, target].iter().all(|path| is_path(path)) && is_literal(name) && !name.contains('/') {
            found.push(Alternative { link: link.into(), name: name.into(), target: target.into(), priority });
        }
    }
}

fn is_path(word: &str) -> bool {
    let parts = word.strip_prefix('/').unwrap_or_default().split('/');
    is_literal(word) && parts.into_iter().all(|part| !["", ".", ".."].contains(&part))
}

/// Whether the shell takes `word` as it is.
fn is_literal(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._+-:@,=".contains(c);
    !word.is_empty() && word.len() <= LONGEST && word.chars().all(is_plain) && ![".", ".."].contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn links(text: &str) -> Vec<(String, String, i64)> {
        parse(text).into_iter().map(|found| (found.link, found.target, found.priority)).collect()
    }

    #[test]
    fn links_and_their_slaves_are_found() {
        let text = "#!/bin/sh\nset -e\n# update-alternatives --install /a a /b 1\nif [ \"$1\" = configure ]; then\n        \
            update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5 \\\n            \
            --slave /usr/bin/nawk nawk \\\n   /usr/bin/mawk\nfi\n\
            /usr/sbin/update-alternatives --quiet --install \"/bin/nc\" nc /bin/nc.openbsd 50; true\n";
        let expected = [
            ("/usr/bin/awk", "/usr/bin/mawk", 5),
            ("/usr/bin/nawk", "/usr/bin/mawk", 5),
            ("/bin/nc", "/bin/nc.openbsd", 50),
        ];
        assert_eq!(links(text), expected.map(|(link, target, number)| (link.into(), target.into(), number)));
    }

    #[test]
    fn what_the_shell_would_change_is_left_out() {
        for line in [
            "update-alternatives --install /usr/bin/$i $i /usr/bin/vim.basic 30",
            "update-alternatives --install /usr/bin/a a `which b` 30",
            "update-alternatives --install ../a a /usr/bin/b 30",
            "update-alternatives --install /usr/../a a /usr/bin/b 30",
            "update-alternatives --install /usr/bin/a ../../etc/passwd /usr/bin/b 30",
            "update-alternatives --install /usr/bin/a a /usr/bin/b high",
            "update-alternatives --slave /usr/bin/a a /usr/bin/b",
            "update-alternatives --remove a /usr/bin/b",
            "echo --install /usr/bin/a a /usr/bin/b 30",
            "update-alternatives --auto a ; echo --install /usr/bin/a a /usr/bin/b 30",
        ] {
            assert_eq!(links(line), [], "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(update-alternatives|--install|--slave|/usr/bin/[a-z$]|[0-9]{1,30}|\\PC| |\\\\\n|\n){0,60}") {
            for found in parse(&text) {
                prop_assert!(text.contains(&found.link) && text.contains(&found.target));
            }
        }
    }
}
