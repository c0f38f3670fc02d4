//! How much memory the process has held.

/// The most at a time, in bytes, where the system tells.
#[cfg(target_os = "linux")]
pub(crate) fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The most at a time, in bytes, where the system tells.
#[cfg(not(target_os = "linux"))]
pub(crate) fn peak() -> Option<u64> {
    None
}
