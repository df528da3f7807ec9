//! Tables: columns as wide as their content, without lines, so that they can be read and cut.

use std::borrow::Cow;

use comfy_table::{ContentArrangement, Table, presets};

/// A cell is cut behind so many characters. Every row is as wide as the widest: one name of 60,000 characters
/// would make a list of a million certificates 60 GB. The other formats have the whole.
const WIDEST: usize = 256;

/// Renders rows under a head.
pub(crate) fn render(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(head.iter().map(|h| h.to_uppercase()));
    rows.iter().for_each(|row| {
        table.add_row(row.iter().map(|cell| cut(cell)));
    });
    let mut out = String::new();
    for line in table.to_string().lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn cut(cell: &str) -> Cow<'_, str> {
    match cell.char_indices().nth(WIDEST) {
        Some((end, _)) => Cow::Owned(format!("{}...", &cell[..end])),
        None => Cow::Borrowed(cell),
    }
}
