//! The progress bar.

use std::io::IsTerminal;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;
use twicetold::Watch;
use twicetold::run::Notice;

use crate::cli::messages::Messages;

/// A bar on a terminal, and the notes of the run above it.
pub(crate) struct Progress<'a> {
    bar: ProgressBar,
    messages: &'a Messages,
    /// Rejected records that were told of.
    rejected: AtomicU64,
}

/// Rejected records that are told of one by one; all of them are counted.
const TOLD: u64 = 10;

impl<'a> Progress<'a> {
    /// A bar when standard error is a terminal and the user wants to be told.
    pub(crate) fn new(messages: &'a Messages) -> Progress<'a> {
        let wanted = !messages.quiet;
        let bar = if wanted && std::io::stderr().is_terminal() {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8))
        } else {
            ProgressBar::hidden()
        };
        Progress { bar, messages, rejected: AtomicU64::new(0) }
    }

    /// Removes the bar from the terminal; says how much was not told.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
        let more = self.rejected.load(Ordering::Relaxed).saturating_sub(TOLD);
        if more > 0 {
            self.messages.warning(&format!("and {more} more"));
        }
    }
}

impl Watch for Progress<'_> {
    fn begin(&self, stage: &'static str, total: u64) {
        if self.bar.is_hidden() {
            return;
        }
        let bytes = matches!(stage, "reading" | "writing");
        let template = match (total, bytes) {
            (0, true) => "{spinner} {msg} {decimal_bytes} ({decimal_bytes_per_sec})",
            (0, false) => "{spinner} {msg} {elapsed}",
            (_, true) => "{msg:10} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {eta}",
            (_, false) => "{msg:10} {wide_bar} {percent} % {eta}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.reset();
        if total > 0 {
            self.bar.set_length(total);
        } else {
            self.bar.unset_length();
        }
        self.bar.set_message(stage);
        self.bar.enable_steady_tick(std::time::Duration::from_millis(120));
    }

    fn advance(&self, done: u64) {
        self.bar.inc(done);
    }

    fn note(&self, notice: &Notice) {
        self.bar.suspend(|| match notice {
            Notice::Lost(_) => self.messages.warning(&notice.to_string()),
            Notice::Rejected(_) => {
                if self.rejected.fetch_add(1, Ordering::Relaxed) < TOLD {
                    self.messages.warning(&notice.to_string());
                }
            }
            Notice::Estimated(_) if !self.messages.verbose => {}
            _ => self.messages.note(&notice.to_string()),
        });
    }
}
