//! How much memory there is, may be held, and was held.

use std::path::Path;

use twicetold::budget::Budget;
use twicetold::budget::LEAST;
use twicetold::run::room::Room;
use twicetold::spill::Scratch;

use crate::cli::Failure;

/// The memory that a run is told to stay within, else a share of all; and the
/// folder for what does not fit, else that of the system.
pub(crate) fn room(memory: Option<u64>, temp_dir: Option<&Path>) -> Result<Room, Failure> {
    let temp_dir = temp_dir.map_or_else(std::env::temp_dir, Path::to_path_buf);
    let total = match memory {
        Some(total) if total < LEAST => return Err(too_little(total)),
        Some(total) => total,
        None => share_of_all().max(LEAST),
    };
    Ok(Room { budget: Budget::of(total), scratch: Scratch::new(&temp_dir) })
}

fn too_little(bytes: u64) -> Failure {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    Failure::Usage(format!(
        "--memory is {} MB, but no run is kept to less than {} MB; give more",
        megabytes(bytes),
        megabytes(LEAST)
    ))
}

/// Three quarters of what the machine or the control group of the process
/// allows; no limit where the system does not tell.
#[cfg(target_os = "linux")]
pub(crate) fn share_of_all() -> u64 {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let groups = read("/proc/self/cgroup").unwrap_or_default();
    let machine = read("/proc/meminfo").and_then(|text| machine(&text));
    let limits = limits(&groups).into_iter().filter_map(|path| read(&path)?.trim().parse().ok());
    limits.chain(machine).min().map_or(u64::MAX, |least: u64| least / 4 * 3)
}

/// Three quarters of what the machine allows; no limit where the system does
/// not tell.
#[cfg(not(target_os = "linux"))]
pub(crate) fn share_of_all() -> u64 {
    u64::MAX
}

/// All memory of the machine, given `/proc/meminfo`.
#[cfg(target_os = "linux")]
fn machine(meminfo: &str) -> Option<u64> {
    kibibytes(meminfo, "MemTotal:")
}

/// Files that may hold a limit, given `/proc/self/cgroup`: those of each group
/// and of all that it is in, by the second version and the first. In a
/// container the group's own folder may stand at the root.
#[cfg(target_os = "linux")]
fn limits(groups: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(mut path)) =
            (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let (root, file) = if controllers.is_empty() {
            ("/sys/fs/cgroup", "memory.max")
        } else if controllers.split(',').any(|name| name == "memory") {
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        } else {
            continue;
        };
        loop {
            path = path.trim_end_matches('/');
            paths.push(format!("{root}{path}/{file}"));
            match path.rfind('/') {
                Some(end) => path = &path[..end],
                None => break,
            }
        }
    }
    paths
}

#[cfg(target_os = "linux")]
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The most at a time, in bytes, where the system tells.
#[cfg(target_os = "linux")]
pub(crate) fn peak() -> Option<u64> {
    kibibytes(&std::fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// The most at a time, in bytes, where the system tells.
#[cfg(not(target_os = "linux"))]
pub(crate) fn peak() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn limits_are_those_of_the_group_and_all_around_it() {
        assert_eq!(
            limits("0::/a/b\n"),
            [
                "/sys/fs/cgroup/a/b/memory.max",
                "/sys/fs/cgroup/a/memory.max",
                "/sys/fs/cgroup/memory.max"
            ]
        );
        assert_eq!(
            limits("5:cpu,cpuacct:/x\n4:memory:/c\n"),
            [
                "/sys/fs/cgroup/memory/c/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes"
            ]
        );
        assert!(limits("").is_empty() && limits("nonsense\n").is_empty());
        assert_eq!(machine("MemTotal:       1024 kB\nMemFree: 3 kB\n"), Some(1 << 20));
        assert!(share_of_all() > 1 << 20);
    }
}
