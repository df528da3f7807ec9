//! The text of the summary as it grows, and what shapes it.

use crate::report::line::{Line, Tone};

/// How much to say.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    /// The case directory as the user wrote it.
    pub case: &'a str,
    /// Rows per section.
    pub rows: usize,
    /// Replacements made in this run, and those of earlier ones; `None` if none were asked for.
    pub made: Option<(usize, usize)>,
    /// Nobody chose the incident profile.
    pub default_incident: bool,
}

pub(super) struct Text(pub(super) Vec<Line>);

impl Text {
    pub(super) fn line(&mut self, pieces: &[(Tone, &str)]) {
        self.0.push(pieces.iter().map(|(tone, text)| (*tone, (*text).to_owned())).collect());
    }

    pub(super) fn head(&mut self, tone: Tone, text: &str) {
        self.0.push(Vec::new());
        self.line(&[(tone, text)]);
    }

    pub(super) fn more(&mut self, total: usize, shape: Shape<'_>) {
        if total > shape.rows {
            self.line(&[(
                Tone::Faint,
                &format!("  and {} more; {}/plan.json lists them all", total - shape.rows, shape.case),
            )]);
        }
    }
}
