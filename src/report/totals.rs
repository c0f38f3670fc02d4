//! Totals of a run over files: for people, and as JSON.
//!
//! The JSON of reports leaves out time and memory, which differ from run to
//! run; the summary file and the text for people have them.

use std::fmt::Write as _;
use std::io;
use std::io::Write;

use serde::Serialize;

use crate::options::dedup::DedupPlan;
use crate::options::dedup::Measure;
use crate::options::dedup::Unit;
use crate::report::dedup::Summary;
use crate::report::duplicates::Options;
use crate::report::duplicates::score;
use crate::report::jsonl::put;

/// What a run over files came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Totals of the search, over usable records.
    pub found: Summary,
    /// Records set aside.
    pub rejected: u64,
    /// Records of the reference set that were set aside.
    pub reference_rejected: u64,
    /// Files without text passed over.
    pub skipped: u64,
    /// Files of folders that could not be read.
    pub lost: u64,
    /// Bytes read, decompressed: lines with their ends, texts.
    pub bytes_in: u64,
    /// Of those, bytes of what stays; with annotations, of all with what was
    /// added.
    pub bytes_out: u64,
    /// Whether all records stay and duplicates are marked, not removed.
    pub annotated: bool,
    /// Records without the field that decides which of a cluster stays.
    pub without_field: u64,
}

/// What a run took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Seconds by the clock.
    pub seconds: f64,
    /// Most memory held at a time, in bytes, where the system tells.
    pub peak_memory: Option<u64>,
}

/// The last record of a report, and the first part of the summary file.
#[derive(Serialize)]
pub(super) struct SummaryRecord {
    r#type: &'static str,
    records: u64,
    kept: u64,
    removed: u64,
    rejected: u64,
    exact_duplicates: u64,
    near_duplicates: u64,
    clusters: u64,
    largest_cluster: u64,
    largest_cluster_weakest: Option<f64>,
    short: u64,
    empty: u64,
    reference: u64,
    reference_rejected: u64,
    files_skipped: u64,
    files_lost: u64,
    bytes_in: u64,
    bytes_out: u64,
    ngram: usize,
    unit: &'static str,
    bands: u64,
    rows: u64,
    recall: f64,
    candidates: u64,
    refused: u64,
    refused_by_numbers: u64,
    large_buckets: u64,
}

/// The summary file.
#[derive(Serialize)]
struct SummaryFile {
    #[serde(flatten)]
    record: SummaryRecord,
    version: &'static str,
    options: Options,
    seconds: f64,
    peak_memory: Option<u64>,
}

impl Totals {
    /// Records read: kept, removed or set aside.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.found.records + self.rejected
    }

    pub(super) fn summary(&self, plan: &DedupPlan) -> SummaryRecord {
        let (found, options) = (&self.found, plan.options());
        SummaryRecord {
            r#type: "summary",
            records: self.records(),
            kept: found.kept,
            removed: found.removed,
            rejected: self.rejected,
            exact_duplicates: found.exact_duplicates,
            near_duplicates: found.near_duplicates,
            clusters: found.clusters,
            largest_cluster: found.largest_cluster,
            largest_cluster_weakest: found
                .largest_cluster_weakest
                .map(|overlap| score(options.measure, overlap)),
            short: found.short,
            empty: found.empty,
            reference: found.reference,
            reference_rejected: self.reference_rejected,
            files_skipped: self.skipped,
            files_lost: self.lost,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            ngram: options.ngram,
            unit: unit(options.unit),
            bands: found.bands,
            rows: found.rows,
            recall: rounded(found.recall),
            candidates: found.candidates,
            refused: found.refused,
            refused_by_numbers: found.refused_by_numbers,
            large_buckets: found.large_buckets,
        }
    }

    /// Writes the summary file: one object and a line end.
    ///
    /// # Errors
    ///
    /// What `out` answers.
    pub fn write<W: Write>(&self, plan: &DedupPlan, cost: Cost, out: &mut W) -> io::Result<()> {
        let file = SummaryFile {
            record: self.summary(plan),
            version: env!("CARGO_PKG_VERSION"),
            options: Options::new(plan),
            seconds: (cost.seconds * 1000.0).round() / 1000.0,
            peak_memory: cost.peak_memory,
        };
        put(&file, out)?;
        out.write_all(b"\n")
    }

    /// The totals for people: some lines.
    #[must_use]
    pub fn human(&self, plan: &DedupPlan, cost: Cost) -> String {
        let mut out = String::new();
        self.lines(plan, cost, &mut out).expect("a String takes everything");
        out
    }

    fn lines(&self, plan: &DedupPlan, cost: Cost, out: &mut String) -> std::fmt::Result {
        let (found, options) = (&self.found, plan.options());
        write!(
            out,
            "{}: {} kept, {} {} ({} exact, {} near)",
            of(self.records(), "record"),
            count(found.kept),
            count(found.removed),
            if self.annotated { "marked as duplicates" } else { "removed" },
            count(found.exact_duplicates),
            count(found.near_duplicates),
        )?;
        if self.rejected > 0 {
            write!(out, ", {} set aside", count(self.rejected))?;
        }
        write!(out, "\n{}", of(found.clusters, "cluster"))?;
        if let Some(weakest) = found.largest_cluster_weakest {
            let weakest = score(options.measure, weakest);
            let size = count(found.largest_cluster);
            write!(out, "; the largest has {size} records, the weakest score in it is {weakest}")?;
        }
        writeln!(out)?;
        if self.skipped + self.lost > 0 {
            let skipped = count(self.skipped);
            let entries = if self.skipped == 1 { "entry" } else { "entries" };
            let lost = count(self.lost);
            writeln!(out, "{skipped} {entries} of folders passed over, {lost} unreadable")?;
        }
        if found.reference > 0 {
            writeln!(out, "compared with {} of the reference", of(found.reference, "record"))?;
        }
        if found.short + found.empty > 0 {
            let short = count(found.short);
            writeln!(out, "{short} shorter than a shingle, {} empty", count(found.empty))?;
        }
        let shingle = match options.unit {
            Unit::Word => "word",
            Unit::Char => "character",
        };
        write!(
            out,
            "{} of at least {} by shingles of {}; ",
            match options.measure {
                Measure::Jaccard => "Jaccard",
                Measure::Containment => "containment",
            },
            options.threshold,
            of(options.ngram as u64, shingle),
        )?;
        if found.bands > 0 {
            let recall = rounded(found.recall);
            let (bands, rows) = (found.bands, found.rows);
            let (bands, rows) = (of(bands, "band"), of(rows, "row"));
            writeln!(out, "{bands} of {rows} find {recall} of pairs at the threshold")?;
        } else {
            writeln!(out, "all pairs are found")?;
        }
        let checked = of(found.candidates, "pair");
        write!(out, "{checked} checked, {} refused", count(found.refused))?;
        if options.distinct_numbers {
            write!(out, ", {} for their numbers", count(found.refused_by_numbers))?;
        }
        if found.large_buckets > 0 {
            write!(out, "; {}", of(found.large_buckets, "large bucket"))?;
        }
        write!(out, "\n{} in, {} out", bytes(self.bytes_in), bytes(self.bytes_out))?;
        write!(out, "; {:.2} s", cost.seconds)?;
        if let Some(peak) = cost.peak_memory {
            write!(out, ", {} of memory", bytes(peak))?;
        }
        writeln!(out)
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Word => "word",
        Unit::Char => "char",
    }
}

/// A probability, rounded down to four decimals: no more than what is true.
fn rounded(probability: f64) -> f64 {
    (probability * 10_000.0).floor() / 10_000.0
}

/// So many of something.
fn of(n: u64, what: &str) -> String {
    format!("{} {what}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A number with its thousands set apart.
fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A size in decimal units.
fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if n < 1000 {
        return of(n, "byte");
    }
    let (mut size, mut unit) = (n as f64 / 1000.0, 0);
    while size >= 999.95 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Overlap;
    use crate::options::dedup::DedupOptions;

    #[test]
    fn numbers_are_easy_to_read() {
        let counts = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        assert!(counts.iter().all(|&(n, text)| count(n) == text));
        let sizes = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_999, "1.0 MB"),
            (593_427_026, "593.4 MB"),
            (u64::MAX, "18446.7 PB"),
        ];
        for (n, text) in sizes {
            assert_eq!(bytes(n), text);
        }
    }

    #[test]
    fn people_are_told_in_a_few_lines() {
        let plan = DedupPlan::new(&DedupOptions::default()).unwrap();
        let found = Summary {
            records: 1200,
            kept: 1000,
            removed: 200,
            exact_duplicates: 150,
            near_duplicates: 50,
            clusters: 90,
            largest_cluster: 12,
            largest_cluster_weakest: Some(Overlap { shared: 9, first: 10, second: 10 }),
            short: 3,
            candidates: 70,
            refused: 20,
            bands: 16,
            rows: 6,
            recall: 0.992_29,
            ..Summary::default()
        };
        let totals =
            Totals { found, rejected: 1, bytes_in: 2000, bytes_out: 1000, ..Totals::default() };
        let annotated = Totals { annotated: true, ..totals };
        let cost = Cost { seconds: 0.5, peak_memory: Some(25_000_000) };
        assert_eq!(
            totals.human(&plan, cost),
            "1,201 records: 1,000 kept, 200 removed (150 exact, 50 near), 1 set aside\n\
             90 clusters; the largest has 12 records, the weakest score in it is 0.8181\n\
             3 shorter than a shingle, 0 empty\n\
             Jaccard of at least 0.8 by shingles of 5 words; 16 bands of 6 rows find 0.9922 of pairs at the threshold\n\
             70 pairs checked, 20 refused\n\
             2.0 kB in, 1.0 kB out; 0.50 s, 25.0 MB of memory\n"
        );
        let first = annotated.human(&plan, cost).lines().next().map(str::to_owned);
        assert_eq!(
            first.unwrap(),
            "1,201 records: 1,000 kept, 200 marked as duplicates (150 exact, 50 near), 1 set aside"
        );
        let nothing = Totals::default().human(&plan, Cost::default());
        assert_eq!(nothing.lines().count(), 5, "{nothing}");
    }
}
