//! Signals end the run: temporary files are removed, then the process exits.

use std::sync::Arc;

use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;
use twicetold::output::Outputs;

use crate::allocator;
use crate::cli::Failure;

#[cfg(unix)]
use signal_hook::consts::SIGHUP;
#[cfg(unix)]
use signal_hook::consts::SIGXFSZ;

/// Waits for signals in a thread of its own, so that no part of the work has
/// to look out for them. Nothing is lost by ending at once: outputs stand
/// under their final names only when they are complete.
pub(crate) fn remove_on_signals(outputs: &Arc<Outputs>) -> Result<(), Failure> {
    let mut signals = Signals::new([
        SIGINT,
        SIGTERM,
        #[cfg(unix)]
        SIGHUP,
    ])
    .map_err(Failure::Signals)?;
    // A file beyond the size that is allowed is an error of the write then,
    // told like any other, and not the end of the process.
    #[cfg(unix)]
    signal_hook::flag::register(SIGXFSZ, Arc::default()).map_err(Failure::Signals)?;
    let outputs = Arc::clone(outputs);
    let wait = move || {
        // Room for what the removal asks for, in this thread's part of the
        // heap: it has to work when there is no more memory to be had.
        let room = [16, 32, 64, 128, 256, 512, 1024, 4096].map(Vec::<u8>::with_capacity);
        std::hint::black_box(&room);
        if let Some(signal) = signals.forever().next() {
            outputs.remove_all();
            std::process::exit(if allocator::is_exhausted() { 2 } else { 128 + signal });
        }
    };
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread.spawn(wait).map_err(Failure::Signals)?;
    allocator::signals_are_heard();
    Ok(())
}
