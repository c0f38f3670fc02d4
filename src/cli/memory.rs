//! How much memory there is, may be held, and was held.

/// What a size on the command line stands for: `512M`, `2G`, `1.5GiB`. Single
/// letters and those with `iB` count by 1024, those with `B` by 1000.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err("write a number and a unit, as in 512M, 2G or 1.5GiB".to_owned()),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || part.len() > 6 {
        return Err("write a number and a unit, as in 512M, 2G or 1.5GiB".to_owned());
    }
    let scale = 10u128.pow(part.len() as u32);
    let digits: u128 = format!("{whole}{part}").parse().unwrap_or(u128::MAX);
    let bytes = digits.saturating_mul(unit.into()) / scale;
    u64::try_from(bytes).map_err(|_| "there is no machine with so much memory".to_owned())
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

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for (text, bytes) in [
            ("0", 0),
            ("1000", 1000),
            ("512M", 512 << 20),
            ("2G", 2 << 30),
            ("1.5GiB", 3 << 29),
            ("1.5gb", 1_500_000_000),
            ("0.5k", 512),
            ("16777215T", 16_777_215 << 40),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "M", "1.M", ".5M", "-1", "1e9", "1 G", "1X", "1.5.5G", "16777216T", "½G"]
        {
            size(wrong).expect_err(wrong);
        }
    }

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
