//! The allocator of the command: when memory runs out, the run ends like any
//! other that cannot finish, with a message, status 2 and no temporary file.
//! Rust's own answer is to abort.

#![allow(unsafe_code)]

use std::alloc::GlobalAlloc;
use std::alloc::Layout;
use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mimalloc::MiMalloc;

/// Allocates faster than the system's own from many threads at once.
#[derive(Debug)]
pub(crate) struct Allocator;

/// Set by the first request that cannot be met.
static EXHAUSTED: AtomicBool = AtomicBool::new(false);

/// Set when a thread waits for signals and removes temporary files then.
static LISTENING: AtomicBool = AtomicBool::new(false);

/// Whether the run is being ended because memory ran out.
pub(crate) fn is_exhausted() -> bool {
    EXHAUSTED.load(Ordering::SeqCst)
}

/// To be called once signals are waited for.
pub(crate) fn signals_are_heard() {
    LISTENING.store(true, Ordering::SeqCst);
}

// SAFETY: every call goes to MiMalloc, which keeps the contract, with the
// arguments unchanged; a null pointer never gets back to the caller.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        met(unsafe { MiMalloc.alloc(layout) })
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { MiMalloc.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        met(unsafe { MiMalloc.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        met(unsafe { MiMalloc.realloc(at, layout, size) })
    }
}

#[inline]
fn met(at: *mut u8) -> *mut u8 {
    if at.is_null() {
        end();
    }
    at
}

/// Ends the run. The thread that waits for signals removes the temporary
/// files and exits; if it cannot, as it may want memory itself, this thread
/// exits after ten seconds.
#[cold]
fn end() -> ! {
    if !EXHAUSTED.swap(true, Ordering::SeqCst) {
        // Nobody is left to be told when standard error is closed.
        let _ = std::io::stderr()
            .write_all(b"error: out of memory; give the run more, or search the input in parts\n");
        if !LISTENING.load(Ordering::SeqCst)
            || signal_hook::low_level::raise(signal_hook::consts::SIGTERM).is_err()
        {
            std::process::exit(2);
        }
    }
    std::thread::sleep(Duration::from_secs(10));
    std::process::exit(2);
}
