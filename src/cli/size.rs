//! Sizes on the command line: `64M`, `1.5GiB`, `800kB`, `4096`.

/// Bytes of a size. `K`, `M`, `G` and `T`, also followed by `iB`, are powers of
/// 1024; followed by `B` powers of 1000. No case.
///
/// # Errors
///
/// What was expected, in words.
pub(crate) fn size(word: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64, u32); 13] = [
        ("kib", 1024, 1),
        ("mib", 1024, 2),
        ("gib", 1024, 3),
        ("tib", 1024, 4),
        ("kb", 1000, 1),
        ("mb", 1000, 2),
        ("gb", 1000, 3),
        ("tb", 1000, 4),
        ("k", 1024, 1),
        ("m", 1024, 2),
        ("g", 1024, 3),
        ("t", 1024, 4),
        ("b", 1, 1),
    ];
    let wrong = || "expected a size like 64M, 1.5G or 4096".to_owned();
    let lower = word.trim().to_ascii_lowercase();
    let unit = UNITS.iter().find(|(name, ..)| lower.ends_with(name));
    let (name, base, power) = unit.copied().unwrap_or(("", 1, 1));
    let number = lower[..lower.len() - name.len()].trim_end();
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(wrong());
    }
    let factor = base.pow(power);
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor).ok_or_else(|| "it is too large".to_owned());
    }
    let bytes = number.parse::<f64>().map_err(|_| wrong())? * factor as f64;
    // Above 2^53 a fraction of a byte is no longer asked for.
    if bytes < 2f64.powi(63) { Ok(bytes as u64) } else { Err("it is too large".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_both_kinds() {
        for (word, bytes) in [
            ("0", 0),
            ("4096", 4096),
            ("4096B", 4096),
            ("1k", 1024),
            ("2 KiB", 2048),
            ("3kB", 3000),
            ("64M", 64 << 20),
            ("64mib", 64 << 20),
            ("1MB", 1_000_000),
            ("1.5G", 3 << 29),
            ("2TB", 2_000_000_000_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(size(word), Ok(bytes), "{word}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for word in ["", "M", "-1", "1.2.3", "1e9", "inf", "nan", "64X", "1 G B", "99999999T", "."]
        {
            assert!(size(word).is_err(), "{word}");
        }
    }
}
