//! Names of packages that contain versions: which match a pattern, which is the
//! newest, and which are nearest to a name that does not exist.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use hookbench_model::KernelVersion;

/// Returns the text that `*` stands for if `name` matches `pattern`; an empty text if
/// the pattern has no `*`. `*` stands for no `-`, which would make `6.1.0-9-cloud` a `6.1.0-*`.
pub fn match_star<'n>(pattern: &str, name: &'n str) -> Option<&'n str> {
    match pattern.split_once('*') {
        Some((before, after)) => {
            let star = name.strip_prefix(before)?.strip_suffix(after)?;
            (!star.contains('-')).then_some(star)
        }
        None => (pattern == name).then_some(""),
    }
}

/// Returns the newest of the `names` that match `pattern`.
pub fn newest(pattern: &str, names: &[String]) -> Option<String> {
    names
        .iter()
        .filter(|name| match_star(pattern, name).is_some())
        .max_by(|a, b| compare_by_number(a, b))
        .cloned()
}

/// Compares names with their numbers as numbers: 6.1.0-9 is less than 6.1.0-10.
fn compare_by_number(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (x, y) = (digits(a), digits(b));
        // Without leading zeros the longer number is greater.
        let (p, q) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
        let order = p.len().cmp(&q.len()).then_with(|| p.cmp(q));
        let (left, right) = (a[x.len()..].chars().next(), b[y.len()..].chars().next());
        match order.then_with(|| left.cmp(&right)) {
            Ordering::Equal => {}
            different => return different,
        }
        let Some(same) = left else {
            return Ordering::Equal;
        };
        a = &a[x.len() + same.len_utf8()..];
        b = &b[y.len() + same.len_utf8()..];
    }
}

fn digits(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())]
}

/// Returns the names that share the longest beginning with `pattern`, at most five.
pub fn nearest<'n>(pattern: &str, names: &'n [String]) -> Vec<&'n str> {
    const SHOWN: usize = 5;
    let shared = |name: &str| pattern.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    let longest = names.iter().map(|name| shared(name)).max();
    let mut near: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| Some(shared(name)) == longest).collect();
    near.sort_by(|a, b| compare_by_number(b, a));
    near.truncate(SHOWN);
    near
}

/// Returns the kernel series just below and just above that of `pattern` for which
/// there are packages of the same kind. For `image-6.2.*-amd64` or
/// `image-6.2.4-amd64` these could be 6.1 and 6.12.
pub fn neighbouring_series(pattern: &str, names: &[String]) -> Vec<String> {
    let begin = pattern.find(|c: char| c.is_ascii_digit()).unwrap_or(pattern.len());
    let (before, version) = pattern.split_at(begin);
    let Ok(wanted) = version.parse::<KernelVersion>() else { return Vec::new() };
    // The kind of kernel follows the version and begins with a letter.
    let bytes = version.as_bytes();
    let end = bytes.windows(2).position(|pair| pair[0] == b'-' && pair[1].is_ascii_alphabetic());
    let after = end.map_or("", |end| &version[end..]);
    let series = |name: &String| -> Option<KernelVersion> {
        name.strip_prefix(before)?.strip_suffix(after)?.parse().ok()
    };
    let known: BTreeSet<KernelVersion> = names.iter().filter_map(series).collect();
    let below = known.range(..wanted).next_back();
    let above = known.range(wanted..).find(|series| **series != wanted);
    below.into_iter().chain(above).map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATTERN: &str = "linux-image-6.1.0-*-cloud-amd64";

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_newest_has_the_greatest_number_and_is_neither_debug_nor_unsigned() {
        let names = names(&[
            "linux-image-6.1.0-9-cloud-amd64",
            "linux-image-6.1.0-56-cloud-amd64",
            "linux-image-6.1.0-57-cloud-amd64-dbg",
            "linux-image-6.1.0-58-cloud-amd64-unsigned",
            "linux-image-6.1.0-59-rt-amd64",
            "linux-image-cloud-amd64",
        ]);
        assert_eq!(newest(PATTERN, &names).unwrap(), "linux-image-6.1.0-56-cloud-amd64");
        assert_eq!(match_star(PATTERN, "linux-image-6.1.0-56-cloud-amd64"), Some("56"));
        assert_eq!(newest("linux-image-5.10.*", &names), None);
        assert_eq!(newest("linux-image-cloud-amd64", &names).unwrap(), "linux-image-cloud-amd64");
    }

    #[test]
    fn the_nearest_names_share_the_longest_beginning() {
        let names = names(&["bash", "linux-image-6.12.9-cloud-amd64", "linux-image-6.12.10-cloud-amd64"]);
        let near = nearest("linux-image-6.13.*", &names);
        assert_eq!(near, ["linux-image-6.12.10-cloud-amd64", "linux-image-6.12.9-cloud-amd64"]);
    }

    #[test]
    fn neighbouring_series_have_packages_of_the_same_kind() {
        let names = names(&[
            "linux-image-6.1.0-56-cloud-amd64",
            "linux-image-6.12.9+deb12-cloud-amd64",
            "linux-image-6.17.13+deb13-cloud-amd64",
            "linux-image-6.18.5+deb13-cloud-amd64",
            "linux-image-6.15.1-rt-amd64",
            "linux-image-cloud-amd64",
        ]);
        assert_eq!(neighbouring_series("linux-image-6.16.*-cloud-amd64", &names), ["6.12", "6.17"]);
        assert_eq!(neighbouring_series("linux-image-5.10.0-*-cloud-amd64", &names), ["6.1"]);
        assert_eq!(neighbouring_series("linux-image-7.0.*-cloud-amd64", &names), ["6.18"]);
        assert_eq!(neighbouring_series("linux-image-6.16.4+deb13-cloud-amd64", &names), ["6.12", "6.17"]);
        assert_eq!(neighbouring_series("linux-image-6.16.0-7-cloud-amd64", &names), ["6.12", "6.17"]);
        assert_eq!(neighbouring_series("bash", &names), [""; 0]);
    }

    proptest! {
        #[test]
        fn any_names_are_ordered_without_panic(a in ".*", b in ".*") {
            prop_assert_eq!(compare_by_number(&a, &b), compare_by_number(&b, &a).reverse());
            prop_assert_eq!(compare_by_number(&a, &a), Ordering::Equal);
            let _ = (match_star(&a, &b), neighbouring_series(&a, std::slice::from_ref(&b)));
        }

        #[test]
        fn numbers_are_ordered_as_numbers(a: u32, b: u32) {
            prop_assert_eq!(compare_by_number(&format!("v{a}-x"), &format!("v{b}-x")), a.cmp(&b));
        }
    }
}
