//! What runs report, on the terminal.

use certrecall::case::{Level, Notice, Watch};

use super::term::{Progress, Terminal};

/// Shows on the terminal what a run reports.
pub(crate) struct OnTerminal<'a> {
    terminal: &'a Terminal,
    /// Shown while something takes long.
    shown: Option<Progress>,
}

impl<'a> OnTerminal<'a> {
    pub(crate) const fn new(terminal: &'a Terminal) -> Self {
        Self { terminal, shown: None }
    }

    /// Takes the line away before a result is printed.
    pub(crate) fn end(&mut self) {
        self.shown = None;
    }
}

impl Watch for OnTerminal<'_> {
    fn notice(&mut self, notice: Notice) {
        // The line is taken away before something else is written.
        self.shown = None;
        let text = notice.to_string();
        match notice.level() {
            Level::Detail => self.terminal.detail(&text),
            Level::Note => self.terminal.say(&text),
            Level::Warning => self.terminal.warn(&text),
        }
    }

    fn files_read(&mut self, count: usize) {
        self.shown.get_or_insert_with(|| self.terminal.progress("files read:")).tick(count);
    }

    fn keys_made(&mut self, count: usize) {
        self.shown.get_or_insert_with(|| self.terminal.progress("keys and requests made:")).tick(count);
    }
}
