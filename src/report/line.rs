//! Lines for a terminal, in pieces of which each has a meaning.

/// How a piece of text is meant; the terminal decides how that looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// A heading.
    Head,
    /// Act on this.
    Alarm,
    /// Look at this.
    Warn,
    /// All right.
    Good,
    /// Less important.
    Faint,
}

/// A line in pieces.
pub type Line = Vec<(Tone, String)>;

/// Begins a part with its title.
pub(super) fn section(out: &mut Vec<Line>, title: &str) {
    out.push(Vec::new());
    out.push(vec![(Tone::Head, title.to_owned())]);
}

/// A line as it is.
pub(super) fn plain(text: String) -> Line {
    vec![(Tone::Plain, text)]
}
