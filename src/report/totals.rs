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
    /// Of those, bytes of what stays.
    pub bytes_out: u64,
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
            "{} records: {} kept, {} removed ({} exact, {} near)",
            count(self.records()),
            count(found.kept),
            count(found.removed),
            count(found.exact_duplicates),
            count(found.near_duplicates),
        )?;
        if self.rejected > 0 {
            write!(out, ", {} set aside", count(self.rejected))?;
        }
        write!(out, "\n{} clusters", count(found.clusters))?;
        if let Some(weakest) = found.largest_cluster_weakest {
            let weakest = score(options.measure, weakest);
            let size = count(found.largest_cluster);
            write!(out, "; the largest has {size} records, the weakest score in it is {weakest}")?;
        }
        writeln!(out)?;
        if found.reference > 0 {
            writeln!(out, "compared with {} records of the reference", count(found.reference))?;
        }
        if found.short + found.empty > 0 {
            let short = count(found.short);
            writeln!(out, "{short} shorter than a shingle, {} empty", count(found.empty))?;
        }
        let shingle = match options.unit {
            Unit::Word => "words",
            Unit::Char => "characters",
        };
        write!(
            out,
            "{} of at least {} by shingles of {} {shingle}; ",
            match options.measure {
                Measure::Jaccard => "Jaccard",
                Measure::Containment => "containment",
            },
            options.threshold,
            options.ngram,
        )?;
        if found.bands > 0 {
            let recall = rounded(found.recall);
            let (bands, rows) = (found.bands, found.rows);
            writeln!(out, "{bands} bands of {rows} rows find {recall} of pairs at the threshold")?;
        } else {
            writeln!(out, "all pairs are found")?;
        }
        write!(out, "{} pairs checked, {} refused", count(found.candidates), count(found.refused))?;
        if options.distinct_numbers {
            write!(out, ", {} for their numbers", count(found.refused_by_numbers))?;
        }
        if found.large_buckets > 0 {
            write!(out, "; {} large buckets", count(found.large_buckets))?;
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
        return format!("{n} bytes");
    }
    let (mut size, mut unit) = (n as f64 / 1000.0, 0);
    while size >= 999.95 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}
