//! Reports of near-duplicate documents for programs: `twicetold.clusters/1`
//! and `twicetold.pairs/1`, as JSON Lines, and the member that `--annotate`
//! adds to records.
//!
//! Lines, in this order: one `header`, the `cluster`s or `pair`s, one
//! `summary`. Members always stand in the order of the structs below, which
//! are the definition of the formats; the tests declare them once more, apart
//! from them.
//!
//! * `id`: the record's id with its JSON type, else a name; `path` and
//!   `record` (its line, null for a text file) are what identifies it;
//! * `score`: shared shingles of all shingles of the two, with containment of
//!   those of the smaller, rounded down to four decimals, so that 1.0 says
//!   that the sets are equal and no score is below a threshold of up to four
//!   decimals that it passed; `intersection` and `union` are the shingles
//!   themselves. In a cluster they are those with the record that is kept;
//! * `kept`: of a cluster, the record that stays; null when none does, and
//!   then `leader` is the one that the others were compared with;
//! * `shingles` stands with containment only: the size of a record's set;
//! * `weakest` stands in connected clusters only: the lowest score against the
//!   leader, which may be below the threshold;
//! * `differs` stands only where it was asked for: the words that the member
//!   has and the kept record has not, and the other way round.
//!
//! Writers take records one by one, so that a cluster may have any number of
//! members. Space is constant.

use std::borrow::Cow;
use std::io;
use std::io::Write;

use serde::Serialize;

use crate::cluster::Overlap;
use crate::options::dedup::DedupPlan;
use crate::options::dedup::Keep;
use crate::options::dedup::Linking;
use crate::options::dedup::Measure;
use crate::options::dedup::Unit;
use crate::report::dedup;
use crate::report::dedup::Head;
use crate::report::dedup::Kind;
use crate::report::dedup::Mark;
use crate::report::dedup::Pair;
use crate::report::jsonl::Label;
use crate::report::jsonl::label;
use crate::report::jsonl::put;
use crate::report::totals::Totals;

/// Name and version of the records of clusters. A member added keeps the
/// version; one removed, renamed or with a new meaning raises it.
pub const CLUSTERS: &str = "twicetold.clusters/1";

/// Name and version of the records of pairs.
pub const PAIRS: &str = "twicetold.pairs/1";

/// A record as reports name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// The label as JSON: the record's id with its type (`"a"`, `17`), else a
    /// string.
    pub label: String,
    /// Path of the file; `-` is standard input.
    pub path: Cow<'a, str>,
    /// Line number in the decompressed file, from 1; none for a text file.
    pub record: Option<u64>,
}

impl Name<'_> {
    /// A string as a label.
    #[must_use]
    pub fn quote(text: &str) -> String {
        serde_json::Value::from(text).to_string()
    }

    fn side(&self, measure: Measure, shingles: u32) -> Side<'_> {
        Side {
            id: label(&self.label),
            path: &self.path,
            record: self.record,
            shingles: (measure == Measure::Containment).then_some(shingles),
        }
    }
}

#[derive(Serialize)]
struct Header {
    r#type: &'static str,
    schema: &'static str,
    version: &'static str,
    options: Options,
}

/// What decides the result; nothing that only decides how fast it comes or
/// where it goes.
#[derive(Serialize)]
pub(super) struct Options {
    threshold: f64,
    measure: &'static str,
    ngram: usize,
    unit: &'static str,
    num_perm: usize,
    bands: Option<usize>,
    rows: Option<usize>,
    recall: f64,
    exact: bool,
    cluster: &'static str,
    keep: String,
    distinct_numbers: bool,
    against: bool,
    seed: u64,
}

impl Options {
    pub(super) fn new(plan: &DedupPlan) -> Options {
        let options = plan.options();
        let banding = plan.banding();
        Options {
            threshold: options.threshold,
            measure: measure(options.measure),
            ngram: options.ngram,
            unit: match options.unit {
                Unit::Word => "word",
                Unit::Char => "char",
            },
            num_perm: options.num_perm,
            bands: banding.map(|b| b.bands()),
            rows: banding.map(|b| b.rows()),
            recall: options.recall,
            exact: options.exact,
            cluster: match options.cluster {
                Linking::Leader => "leader",
                Linking::Connected => "connected",
            },
            keep: match &options.keep {
                Keep::First => "first".to_owned(),
                Keep::Last => "last".to_owned(),
                Keep::Longest => "longest".to_owned(),
                Keep::Shortest => "shortest".to_owned(),
                Keep::Min(field) => format!("min:{field}"),
                Keep::Max(field) => format!("max:{field}"),
                Keep::None => "none".to_owned(),
            },
            distinct_numbers: options.distinct_numbers,
            against: options.against,
            seed: options.seed,
        }
    }
}

fn measure(measure: Measure) -> &'static str {
    match measure {
        Measure::Jaccard => "jaccard",
        Measure::Containment => "containment",
    }
}

#[derive(Serialize)]
struct Side<'a> {
    id: Label<'a>,
    path: &'a str,
    record: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shingles: Option<u32>,
}

/// The part of a cluster before its members.
#[derive(Serialize)]
struct Front<'a> {
    r#type: &'static str,
    id: u32,
    size: u32,
    kept: Option<Side<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leader: Option<Side<'a>>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    weakest: Option<f64>,
}

#[derive(Serialize)]
struct Member<'a> {
    #[serde(flatten)]
    side: Side<'a>,
    score: f64,
    intersection: u32,
    union: u64,
    exact: bool,
    kept: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    differs: Option<Differs<'a>>,
}

#[derive(Serialize)]
struct Differs<'a> {
    removed: &'a [String],
    removed_more: u64,
    kept: &'a [String],
    kept_more: u64,
}

#[derive(Serialize)]
struct PairLine<'a> {
    r#type: &'static str,
    a: Side<'a>,
    b: Side<'a>,
    score: f64,
    intersection: u32,
    union: u64,
}

#[derive(Serialize)]
struct Annotation<'a> {
    cluster_id: Option<u32>,
    cluster_size: u32,
    kept: bool,
    duplicate_of: Option<Label<'a>>,
    score: Option<f64>,
}

/// A score, rounded down to four decimals.
pub(super) fn score(measure: Measure, overlap: Overlap) -> f64 {
    let whole = u128::from(dedup::whole(measure, overlap).max(1));
    let parts = u128::from(overlap.shared) * 10_000 / whole;
    // Division is rounded correctly, so the shortest decimal that reads back
    // as this value has at most these four places.
    parts.min(10_000) as f64 / 10_000.0
}

fn line<T: Serialize, W: Write>(record: &T, out: &mut W) -> io::Result<()> {
    put(record, out)?;
    out.write_all(b"\n")
}

/// Writes the first line of a report: [`CLUSTERS`] or [`PAIRS`].
///
/// # Errors
///
/// What `out` answers.
pub fn header<W: Write>(schema: &'static str, plan: &DedupPlan, out: &mut W) -> io::Result<()> {
    let (version, options) = (env!("CARGO_PKG_VERSION"), Options::new(plan));
    line(&Header { r#type: "header", schema, version, options }, out)
}

/// Writes the last line of a report.
///
/// # Errors
///
/// What `out` answers.
pub fn summary<W: Write>(totals: &Totals, plan: &DedupPlan, out: &mut W) -> io::Result<()> {
    line(&totals.summary(plan), out)
}

/// Writes a pair.
///
/// # Errors
///
/// What `out` answers.
pub fn pair<W: Write>(
    pair: &Pair,
    (a, b): (&Name<'_>, &Name<'_>),
    measure: Measure,
    out: &mut W,
) -> io::Result<()> {
    let overlap = pair.overlap;
    let record = PairLine {
        r#type: "pair",
        a: a.side(measure, overlap.first),
        b: b.side(measure, overlap.second),
        score: score(measure, overlap),
        intersection: overlap.shared,
        union: overlap.union(),
    };
    line(&record, out)
}

/// Writes clusters, each with its members one by one.
#[derive(Debug)]
pub struct Clusters<'a, W> {
    plan: &'a DedupPlan,
    out: W,
    /// Whether a member was written of the cluster at work.
    begun: bool,
}

impl<'a, W: Write> Clusters<'a, W> {
    /// Writes to `out`, which has its header already.
    pub fn new(plan: &'a DedupPlan, out: W) -> Clusters<'a, W> {
        Clusters { plan, out, begun: false }
    }

    /// Begins a cluster, given the name of its leader.
    ///
    /// # Errors
    ///
    /// What the output answers; so with the others.
    pub fn begin(&mut self, cluster: &Head, leader: &Name<'_>) -> io::Result<()> {
        let options = self.plan.options();
        let side = || leader.side(options.measure, cluster.shingles);
        let none = options.keep == Keep::None;
        let connected = options.cluster == Linking::Connected;
        let head = Front {
            r#type: "cluster",
            id: cluster.id,
            size: cluster.size,
            kept: (!none).then(side),
            leader: none.then(side),
            kind: match cluster.kind {
                Kind::Exact => "exact",
                Kind::Near => "near",
                Kind::Contained => "contained",
            },
            weakest: connected.then(|| score(options.measure, cluster.weakest)),
        };
        let mut json = Vec::new();
        put(&head, &mut json)?;
        // The members go inside the object.
        json.pop();
        self.out.write_all(&json)?;
        self.begun = false;
        self.out.write_all(b",\"members\":[")
    }

    /// Adds a member to the cluster begun last.
    ///
    /// # Errors
    ///
    /// As [`begin`](Clusters::begin).
    pub fn member(
        &mut self,
        cluster: &Head,
        member: &dedup::Member,
        name: &Name<'_>,
    ) -> io::Result<()> {
        let options = self.plan.options();
        let overlap = member.overlap;
        if std::mem::replace(&mut self.begun, true) {
            self.out.write_all(b",")?;
        }
        let differs = member.differs.as_deref().map(|(removed, kept)| Differs {
            removed: &removed.first,
            removed_more: removed.more,
            kept: &kept.first,
            kept_more: kept.more,
        });
        let record = Member {
            side: name.side(options.measure, overlap.first),
            score: score(options.measure, overlap),
            intersection: overlap.shared,
            union: overlap.union(),
            exact: member.exact,
            kept: member.record == cluster.leader && options.keep != Keep::None,
            differs,
        };
        put(&record, &mut self.out)
    }

    /// Ends the cluster.
    ///
    /// # Errors
    ///
    /// As [`begin`](Clusters::begin).
    pub fn end(&mut self) -> io::Result<()> {
        self.out.write_all(b"]}\n")
    }
}

/// The member to be added to a record, `"key":{…}`, given what becomes of it
/// (nothing of one that is in no cluster) and the name of the record that the
/// others of its cluster were compared with, unless it is itself.
#[must_use]
pub fn annotation(
    key: &str,
    mark: Option<Mark>,
    leader: Option<&Name<'_>>,
    measure: Measure,
) -> Vec<u8> {
    let removed = mark.and_then(|mark| mark.removed);
    let annotation = Annotation {
        cluster_id: mark.map(|mark| mark.cluster),
        cluster_size: mark.map_or(1, |mark| mark.size),
        kept: removed.is_none(),
        duplicate_of: leader.map(|name| label(&name.label)),
        score: leader.and(removed).map(|overlap| score(measure, overlap)),
    };
    let mut json = Vec::new();
    let written = put(&key, &mut json).and_then(|()| {
        json.push(b':');
        put(&annotation, &mut json)
    });
    written.expect("a vector takes everything");
    json
}

#[cfg(test)]
mod tests;
