//! `cargo xtask docs`: checks the links of the documentation and builds the folder docs
//! as a book. It does not check the contents of the pages.

mod book;
mod links;
mod markdown;

use crate::run::{Failure, Result, workspace};

/// Checks the links and builds the book; with `--links` it only checks.
pub(crate) fn docs(arguments: &[String]) -> Result<()> {
    let build = match arguments {
        [] => true,
        [only] if only == "--links" => false,
        [extra, ..] => return Err(Failure::usage(format!("docs takes --links, not {extra:?}"))),
    };
    check_links()?;
    if build {
        println!("book: {}", book::build()?.display());
    }
    Ok(())
}

/// Fails when a link of the documentation leads nowhere.
pub(crate) fn check_links() -> Result<()> {
    let links = links::check(workspace())?;
    println!("==> links: all {links} work");
    Ok(())
}
