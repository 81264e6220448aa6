//! `hookbench cache`: shows and removes what hookbench keeps between runs.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use clap::Subcommand;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use hookbench_vm::cache::{Cache, Item, KINDS, Kind, LIMIT_VARIABLE, find_kind};

/// Arguments of `hookbench cache`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show what is in the cache, its size and when it was last used
    List,
    /// Remove what is not in use; hookbench builds or downloads it again when needed
    Clean {
        /// Kinds to remove [default: all]
        #[arg(value_name = "KIND", value_parser = kinds())]
        kinds: Vec<Kind>,
    },
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(KINDS.map(|kind| PossibleValue::new(kind.name).help(kind.about)))
        .try_map(|name| find_kind(&name).context("no such kind"))
}

/// Lists or cleans the cache.
///
/// # Errors
/// When the cache cannot be read, or an item cannot be removed.
pub fn cache(args: &Args) -> Result<ExitCode> {
    let cache = Cache::open()?;
    let text = match &args.verb {
        Verb::List => {
            let limit = cache.limit(Kind::SNAPSHOTS).unwrap_or(u64::MAX);
            let more = format!("snapshots take at most {} ({LIMIT_VARIABLE})", size(limit));
            table(&cache.items()?, SystemTime::now()) + &format!("{}; {more}\n", total(&cache)?)
        }
        Verb::Clean { kinds } => clean(&cache, if kinds.is_empty() { &KINDS } else { kinds })?,
    };
    match io::stdout().write_all(text.as_bytes()) {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        result => result.map(|()| ExitCode::SUCCESS).context("failed to print the list"),
    }
}

fn total(cache: &Cache) -> Result<String> {
    let taken = cache.items()?.iter().map(|item| item.bytes).sum();
    Ok(format!("{} in {}", size(taken), cache.root().display()))
}

/// Removes what is not in use. Returns what it kept and how much space it freed.
fn clean(cache: &Cache, kinds: &[Kind]) -> Result<String> {
    let lock = cache.lock(&|line| eprintln!("{line}"))?;
    let (mut text, mut freed) = (String::new(), 0);
    for Item { kind, name, bytes, .. } in cache.items()? {
        if !kinds.contains(&kind) {
            continue;
        }
        if lock.remove(kind, &name)? {
            freed += bytes;
        } else {
            text += &format!("kept {}/{name}: another hookbench is using it\n", kind.name);
        }
    }
    Ok(format!("{text}freed {}; now {}\n", size(freed), total(cache)?))
}

/// One line per item.
fn table(items: &[Item], now: SystemTime) -> String {
    let head = ["kind", "name", "size", "last used", "what it is"].map(String::from);
    let row = |item: &Item| {
        let used =
            item.used.map_or_else(|| "?".into(), |used| ago(now.duration_since(used).unwrap_or_default()));
        [item.kind.name.into(), short(&item.name), size(item.bytes), used, item.about.clone()]
    };
    let rows: Vec<[String; 5]> = [head].into_iter().chain(items.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (kind, name, size, used) = (width(0), width(1), width(2), width(3));
    rows.iter()
        .map(|[a, b, c, d, e]| format!("{a:kind$}  {b:name$}  {c:>size$}  {d:>used$}  {e}\n"))
        .collect()
}

/// Shortens a hash to the digits that people compare; leaves other names alone.
fn short(name: &str) -> String {
    let is_hash = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { format!("{}…", &name[..12]) } else { name.into() }
}

fn size(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn ago(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match (minutes, minutes / 60, minutes / 60 / 24) {
        (0, ..) => "now".into(),
        (minutes, 0, _) => format!("{minutes} min ago"),
        (_, hours, 0) => format!("{hours} h ago"),
        (_, _, days) => format!("{days} d ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_size_and_last_use_of_each_item() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let item = |kind, name: &str, bytes, before: Option<u64>| Item {
            kind,
            name: name.into(),
            about: "linux 6.1.192-2".into(),
            bytes,
            used: before.map(|before| now - Duration::from_secs(before)),
        };
        let items = [
            item(Kind::KERNELS, "6.1", 53_366_581, Some(59)),
            item(Kind::IMAGES, &"0123456789abcdef".repeat(4), 6 << 20, Some(7200)),
            item(Kind::SNAPSHOTS, "a", 0, Some(100 * 3600)),
            item(Kind::APT, "b", 100 << 20, None),
        ];
        let expected = "\
kind       name                size  last used  what it is
kernels    6.1             50.9 MiB        now  linux 6.1.192-2
images     0123456789ab…    6.0 MiB    2 h ago  linux 6.1.192-2
snapshots  a                0.0 MiB    4 d ago  linux 6.1.192-2
apt        b              100.0 MiB          ?  linux 6.1.192-2
";
        assert_eq!(table(&items, now), expected);
    }

    #[test]
    fn an_item_used_in_the_future_was_used_now() {
        let item = Item {
            kind: Kind::KERNELS,
            name: "a".into(),
            about: String::new(),
            bytes: 0,
            used: Some(SystemTime::now() + Duration::from_secs(3600)),
        };
        assert!(table(&[item], SystemTime::now()).contains("now"));
    }
}
