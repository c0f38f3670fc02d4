//! The progress bar.

use std::io::IsTerminal;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;
use twicetold::Watch;

/// A bar on a terminal, or nothing.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar when standard error is a terminal and `wanted`. It shows after a
    /// moment only, so that short work leaves no flicker.
    pub(crate) fn new(wanted: bool) -> Progress {
        let bar = if wanted && std::io::stderr().is_terminal() {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8))
        } else {
            ProgressBar::hidden()
        };
        Progress { bar }
    }

    /// Removes the bar from the terminal.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for Progress {
    fn begin(&self, stage: &'static str, total: u64) {
        if self.bar.is_hidden() {
            return;
        }
        let bytes = stage == "reading";
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
}
