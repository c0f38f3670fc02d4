//! What goes to standard error.

use std::io::IsTerminal;
use std::io::Write;
use std::path::Path;

use anstyle::AnsiColor;
use anstyle::Style;
use twicetold::storage::Shown;

use crate::cli::Color;

/// Writes errors, notes and summaries to standard error.
#[derive(Debug)]
pub(crate) struct Messages {
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    /// What `--color` says.
    pub(crate) color: Color,
    styled: bool,
}

impl Messages {
    pub(crate) fn new(quiet: bool, verbose: bool, color: Color) -> Messages {
        let styled = wants_color(color, std::io::stderr().is_terminal());
        Messages { quiet, verbose, color, styled }
    }

    /// Columns of the terminal that standard output is.
    pub(crate) fn width(&self) -> usize {
        terminal_size::terminal_size().map_or(80, |(columns, _)| usize::from(columns.0))
    }

    /// Why the run failed, or what part of it did.
    pub(crate) fn error(&self, text: &str) {
        self.say("error", AnsiColor::Red, text);
    }

    /// Something that the user should know, as it changes the result.
    pub(crate) fn warning(&self, text: &str) {
        self.say("warning", AnsiColor::Yellow, text);
    }

    /// Something that the user may want to know.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.say("note", AnsiColor::Cyan, text);
        }
    }

    /// What the run came to, of one line or more.
    pub(crate) fn summary(&self, text: &str) {
        if !self.quiet {
            // Nobody is left to be told when standard error is closed.
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }

    fn say(&self, kind: &str, color: AnsiColor, text: &str) {
        let style = if self.styled { color.on_default().bold() } else { Style::new() };
        // Parts of it may come from arguments or files.
        let text = Shown(Path::new(text));
        // Nobody is left to be told when standard error is closed.
        let _ = writeln!(std::io::stderr(), "{style}{kind}{style:#}: {text}");
    }
}

/// So many of something: `1 record was`, `2 records were`.
pub(crate) fn counted(n: u64, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}

/// Whether to colour a stream.
pub(crate) fn wants_color(color: Color, terminal: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
            terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
        }
    }
}
