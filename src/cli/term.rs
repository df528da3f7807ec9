//! The terminal: standard output for data, standard error for talk, colour where it is wanted, progress where
//! somebody watches.

use std::error::Error as _;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use certrecall::pki::show;
use certrecall::report::line::{Line, Tone};

use super::args::Color;
use super::error::Error;

/// Both streams.
pub(crate) struct Terminal {
    color_out: bool,
    color_err: bool,
    quiet: bool,
    verbose: bool,
    progress: bool,
}

impl Terminal {
    pub(crate) fn new(color: Color, quiet: bool, verbose: u8) -> Self {
        let wanted = |terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        let watched = io::stderr().is_terminal();
        Self {
            color_out: wanted(io::stdout().is_terminal()),
            color_err: wanted(watched),
            quiet,
            verbose: verbose > 0,
            progress: watched && !quiet,
        }
    }

    /// Writes lines to standard output.
    pub(crate) fn print(&self, lines: &[Line]) -> Result<(), Error> {
        let mut out = BufWriter::new(io::stdout().lock());
        for line in lines {
            for (tone, text) in line {
                out.write_all(paint(*tone, text, self.color_out).as_bytes())?;
            }
            out.write_all(b"\n")?;
        }
        Ok(out.flush()?)
    }

    /// Writes data to standard output.
    pub(crate) fn data(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// Says something on standard error.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "{}", show(text));
        }
    }

    /// Says something only with `-v`.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            self.say(text);
        }
    }

    /// A warning.
    pub(crate) fn warn(&self, text: &str) {
        self.say(&format!("certrecall: warning: {text}"));
    }

    /// Asks on the terminal; `None` if nobody can answer there. Only `y` and `yes` are a yes.
    pub(crate) fn ask(&self, question: &str) -> Option<bool> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        let _ = write!(io::stderr().lock(), "{} [y/N] ", show(question));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// The error that ended the run: what, why, and the way out.
    pub(crate) fn error(&self, error: &Error) {
        let mut err = io::stderr().lock();
        let head = paint(Tone::Alarm, "error:", self.color_err);
        let _ = writeln!(err, "certrecall: {head} {}", show(&error.to_string()));
        let mut source = error.source();
        while let Some(cause) = source {
            let _ = writeln!(err, "  caused by: {}", show(&cause.to_string()));
            source = cause.source();
        }
        if let Some(hint) = error.hint() {
            let _ = writeln!(err, "  hint: {}", show(&hint));
        }
    }

    /// A counter on standard error while somebody watches.
    pub(crate) fn progress(&self, what: &'static str) -> Progress {
        Progress { what, shown: false, last: Instant::now(), enabled: self.progress }
    }
}

/// A line that is written over.
pub(crate) struct Progress {
    what: &'static str,
    shown: bool,
    last: Instant,
    enabled: bool,
}

impl Progress {
    /// Shows the number, ten times a second at most.
    pub(crate) fn tick(&mut self, count: usize) {
        if self.enabled && self.last.elapsed() > Duration::from_millis(100) {
            self.last = Instant::now();
            self.shown = true;
            let _ = write!(io::stderr().lock(), "\r\x1b[K{} {count}", self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// Text in its tone. Hidden characters are shown escaped, so no name can drive the terminal.
fn paint(tone: Tone, text: &str, color: bool) -> String {
    let text = show(text);
    let code = match tone {
        Tone::Plain => "",
        Tone::Head => "1",
        Tone::Alarm => "1;31",
        Tone::Warn => "33",
        Tone::Good => "32",
        Tone::Faint => "2",
    };
    if color && !code.is_empty() && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text }
}
