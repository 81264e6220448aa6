//! Builds the folder docs as a book with mdBook, which is installed into the target
//! folder when it is missing. Links out of docs become links to the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::links::{entries, is_local, read, resolve};
use super::markdown::targets;
use crate::run::{Failure, Result, cargo, step, target_dir, workspace};

/// The version of mdBook that builds the book.
const MDBOOK: &str = "0.5.4";

/// Builds the book and returns its first page.
pub(super) fn build() -> Result<PathBuf> {
    let mdbook = mdbook()?;
    let (source, book) = (target_dir().join("book-source"), target_dir().join("book"));
    if source.exists() {
        fs::remove_dir_all(&source)
            .map_err(|error| Failure::new(format!("failed to remove {}: {error}", source.display())))?;
    }
    let root = workspace();
    let repository = repository(&read(&root.join("Cargo.toml"))?);
    copy(&root.join("docs"), &source, &|page, text| match &repository {
        Some(repository) => with_links(root, page, text, repository),
        None => text.to_owned(),
    })?;
    let mut command = Command::new(mdbook);
    command.current_dir(root).arg("build").arg(&source).arg("--dest-dir").arg(&book);
    step("mdbook build", &mut command)?;
    Ok(book.join("index.html"))
}

/// The program, installed unless it is there.
fn mdbook() -> Result<PathBuf> {
    // By version, or else an update of this file would change nothing.
    let tools = target_dir().join("tools").join(format!("mdbook-{MDBOOK}"));
    let program = tools.join("bin/mdbook");
    if !program.exists() {
        let mut command = cargo(&["install", "mdbook", "--version", MDBOOK, "--locked"]);
        // Its server and its search are not used here.
        command.arg("--no-default-features").arg("--root").arg(&tools);
        step("install mdbook", &mut command)?;
    }
    Ok(program)
}

/// Copies `from` to `to`, each Markdown file as `edit` returns it.
fn copy(from: &Path, to: &Path, edit: &dyn Fn(&Path, &str) -> String) -> Result<()> {
    let failed =
        |error| Failure::new(format!("failed to copy {} to {}: {error}", from.display(), to.display()));
    fs::create_dir_all(to).map_err(failed)?;
    for path in entries(from)? {
        let Some(name) = path.file_name() else { continue };
        let place = to.join(name);
        if path.is_dir() {
            copy(&path, &place, edit)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            fs::write(&place, edit(&path, &read(&path)?)).map_err(failed)?;
        } else {
            fs::copy(&path, &place).map_err(failed)?;
        }
    }
    Ok(())
}

/// The address in `repository = "…"` of a manifest.
fn repository(manifest: &str) -> Option<String> {
    let value = manifest.lines().find_map(|line| line.strip_prefix("repository"))?;
    let (_, address) = value.split_once('"')?;
    Some(address.split('"').next()?.trim_end_matches('/').to_owned())
}

/// `text` of `page` with links to the repository where it links to folders, or to files
/// outside docs: the book has neither.
fn with_links(root: &Path, page: &Path, text: &str, repository: &str) -> String {
    let mut edited = text.to_owned();
    for range in targets(text).into_iter().rev() {
        let target = &text[range.clone()];
        let (file, anchor) = resolve(root, page, target);
        let Ok(path) = file.strip_prefix(root) else { continue };
        if !is_local(target) || path.starts_with("docs") && !file.is_dir() {
            continue;
        }
        let kind = if file.is_dir() { "tree" } else { "blob" };
        let anchor = anchor.map_or_else(String::new, |anchor| format!("#{anchor}"));
        edited.replace_range(range, &format!("{repository}/{kind}/HEAD/{}{anchor}", path.display()));
    }
    edited
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_out_of_the_book_lead_to_the_repository() {
        let text = "[a](../README.md#use) [b](guide/b.md) [c](../vm) [d](https://example.org) [e](#e)\n";
        let root = workspace();
        let edited = with_links(root, &root.join("docs/README.md"), text, "https://host/hookbench");
        let expected = "[a](https://host/hookbench/blob/HEAD/README.md#use) [b](guide/b.md) \
                        [c](https://host/hookbench/tree/HEAD/vm) [d](https://example.org) [e](#e)\n";
        assert_eq!(edited, expected);
    }

    #[test]
    fn the_repository_is_read_from_the_manifest() {
        let manifest = "[workspace.package]\nrepository = \"https://host/hookbench/\"\n";
        assert_eq!(repository(manifest).as_deref(), Some("https://host/hookbench"));
        assert_eq!(repository("[workspace]\n"), None);
    }
}
