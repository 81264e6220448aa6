//! Checks the links of the documentation: files exist, anchors are headings, and the
//! book lists every page. Links to other sites are not followed.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::markdown::{anchors, targets};
use crate::run::{Failure, Result};

/// The book's list of pages, in its folder.
const SUMMARY: &str = "SUMMARY.md";

/// Checks the pages at the top of `root` and all below `root/docs`; returns how many
/// links there are.
pub(super) fn check(root: &Path) -> Result<usize> {
    let pages = pages(root)?;
    let mut problems = Vec::new();
    let mut links = 0;
    for page in &pages {
        let text = read(page)?;
        for target in targets(&text) {
            if !is_local(&text[target.clone()]) {
                continue;
            }
            links += 1;
            if let Err(why) = follow(root, page, &text[target.clone()]) {
                let line = text[..target.start].matches('\n').count() + 1;
                let page = page.strip_prefix(root).unwrap_or(page).display();
                problems.push(format!("{page}:{line}: {}: {why}", &text[target]));
            }
        }
    }
    problems.extend(unlisted(root, &pages)?);
    match problems.len() {
        0 => Ok(links),
        number => Err(Failure::new(format!("{number} problems with links:\n{}", problems.join("\n")))),
    }
}

/// Whether a link leads to a file of this repository.
pub(super) fn is_local(target: &str) -> bool {
    !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:")
}

/// The file that a link of `page` leads to, and its anchor.
pub(super) fn resolve(root: &Path, page: &Path, target: &str) -> (PathBuf, Option<String>) {
    let (path, anchor) = match target.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor.to_owned())),
        None => (target, None),
    };
    let file = match path.strip_prefix('/') {
        Some(path) => root.join(path),
        None if path.is_empty() => page.to_owned(),
        None => page.parent().unwrap_or(root).join(path),
    };
    (flat(&file), anchor)
}

/// `path` without `.` and `..`.
fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                flat.pop();
            }
            other => flat.push(other),
        }
    }
    flat
}

/// The error says why the link leads nowhere.
fn follow(root: &Path, page: &Path, target: &str) -> std::result::Result<(), String> {
    let (file, anchor) = resolve(root, page, target);
    if !file.starts_with(root) {
        return Err("leads out of the repository".into());
    }
    if !file.exists() {
        return Err("no such file".into());
    }
    let markdown = file.extension().is_some_and(|extension| extension == "md");
    match anchor {
        Some(anchor) if markdown => {
            let text = fs::read_to_string(&file).map_err(|error| error.to_string())?;
            if anchors(&text).contains(&anchor) { Ok(()) } else { Err(format!("no heading #{anchor}")) }
        }
        _ => Ok(()),
    }
}

/// Pages below docs that the book's list does not have: they would be missing in the
/// book. Without a list there is no book.
fn unlisted(root: &Path, pages: &[PathBuf]) -> Result<Vec<String>> {
    let docs = root.join("docs");
    let summary = docs.join(SUMMARY);
    if !summary.exists() {
        return Ok(Vec::new());
    }
    let text = read(&summary)?;
    let listed: Vec<PathBuf> =
        targets(&text).into_iter().map(|target| resolve(root, &summary, &text[target]).0).collect();
    let missing = pages.iter().filter(|page| page.starts_with(&docs) && **page != summary);
    let missing = missing.filter(|page| !listed.contains(page));
    let name = |page: &PathBuf| page.strip_prefix(root).unwrap_or(page).display().to_string();
    Ok(missing.map(|page| format!("{}: not listed in docs/{SUMMARY}", name(page))).collect())
}

/// The Markdown files at the top of `root` and all below `root/docs`, sorted.
fn pages(root: &Path) -> Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    let mut folders = vec![root.join("docs")];
    let is_page = |path: &Path| path.extension().is_some_and(|extension| extension == "md");
    pages.extend(entries(root)?.into_iter().filter(|path| is_page(path)));
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            if path.is_dir() {
                folders.push(path);
            } else if is_page(&path) {
                pages.push(path);
            }
        }
    }
    pages.sort_unstable();
    Ok(pages)
}

/// The paths in `folder`.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Failure::new(format!("failed to list {}: {error}", folder.display()));
    let entries = fs::read_dir(folder).map_err(failed)?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(failed)).collect()
}

/// The text of the file at `path`.
pub(super) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("failed to read {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files, `name` and text, and what a check of it says.
    fn checked(test: &str, files: &[(&str, &str)]) -> Result<usize> {
        let root = std::env::temp_dir().join(format!("xtask-links-{test}-{}", std::process::id()));
        for (name, text) in [&[("docs/empty.txt", "")], files].concat() {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let checked = check(&root);
        fs::remove_dir_all(&root).unwrap();
        checked
    }

    #[test]
    fn working_links_are_counted() {
        let files = [
            ("README.md", "[a](docs/a.md#a-heading) [web](https://example.org/x) [docs](docs)\n"),
            ("docs/a.md", "# A heading\n[up](../README.md) [here](#a-heading) [text](empty.txt#L1)\n"),
        ];
        assert_eq!(checked("good", &files).unwrap(), 5);
    }

    #[test]
    fn broken_links_are_reported_with_their_lines() {
        let files = [
            ("README.md", "text\n[a](docs/b.md)\n[b](docs/a.md#no-heading)\n"),
            ("docs/a.md", "# A heading\n\n[out](../../x.md)\n"),
        ];
        let expected = "3 problems with links:\n\
                        README.md:2: docs/b.md: no such file\n\
                        README.md:3: docs/a.md#no-heading: no heading #no-heading\n\
                        docs/a.md:3: ../../x.md: leads out of the repository";
        assert_eq!(checked("broken", &files).unwrap_err().message, expected);
    }

    #[test]
    fn a_page_that_the_book_does_not_list_is_a_problem() {
        let files = [("docs/SUMMARY.md", "- [A](a.md)\n"), ("docs/a.md", ""), ("docs/in/b.md", "")];
        let message = checked("unlisted", &files).unwrap_err().message;
        assert_eq!(message, "1 problems with links:\ndocs/in/b.md: not listed in docs/SUMMARY.md");
    }
}
