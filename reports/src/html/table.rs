//! The frame of every table on a page: a container that scrolls and can be focused by
//! keyboard. Its columns and rows are those of each table.

use maud::{Markup, html};

/// A table named `label` for screen readers, with the CSS classes `class`, the cells
/// `head` in its header and the rows `body`.
pub(crate) fn scrolling(label: &str, class: &str, head: &Markup, body: &Markup) -> Markup {
    html! {
        div.table tabindex="0" role="region" aria-label={ "Table: " (label) } {
            table class=[(!class.is_empty()).then_some(class)] {
                thead { tr { (head) } }
                tbody { (body) }
            }
        }
    }
}
