//! Tables: columns as wide as their content, without lines, so that they can be read and cut.

use comfy_table::{ContentArrangement, Table, presets};

/// Renders rows under a head.
pub(crate) fn render(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(head.iter().map(|h| h.to_uppercase()));
    rows.iter().for_each(|row| {
        table.add_row(row);
    });
    let mut out = String::new();
    for line in table.to_string().lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
