//! Whether standard output was there when the process began.
//!
//! Where it is closed (`>&-`), the runtime of Rust puts `/dev/null` in its
//! place before `main`, and everything written is lost without a word. So it
//! is looked at before the runtime begins; afterwards it cannot be told from a
//! `/dev/null` that the user asked for.

#![allow(unsafe_code)]

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether standard output was closed. False where it cannot be told.
pub(crate) fn is_output_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// Called by the loader before `main`.
// SAFETY: the section holds pointers to functions of the C calling convention,
// which the loader calls one after another on the only thread there is. This
// one makes a single system call and stores a number, and so needs nothing of
// the runtime that is to come.
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

#[cfg(target_os = "linux")]
extern "C" fn look() {
    let closed = rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err();
    CLOSED.store(closed, Ordering::Relaxed);
}
