//! Reports for programs: `twicetold.find/1`, as JSON Lines or one object.
//!
//! Lines, in this order: one `header`, the `cluster`s, the `match`es (only
//! when pairs were asked for), one `summary`. The object holds the same
//! records: `{"header":…,"clusters":[…],"matches":[…],"summary":…}`. Members
//! always stand in the order of the structs below, which are the definition
//! of the format; the tests declare it once more, apart from them.
//!
//! * `start`, `end`: bytes of the document's text as UTF-8, `end` exclusive;
//!   `line`, `column`, `end_line`, `end_column`: from 1, columns in
//!   characters, only `\n` ends a line;
//! * `document`: the record's id with its JSON type, else a name;
//!   `path` and `record` (null for a text file) are what identifies it;
//! * `score`, `score_min`: matching columns of all columns, rounded down to
//!   four decimals, so that 1.0 says that the passages are equal after
//!   normalisation, and no score is below a threshold of up to four decimals
//!   that it passed; always with a decimal point; of reworded passages, unusual
//!   words in both of those in the one that has fewer (`shared_words`);
//! * `in_quotes`: whether the place stands between quotation marks or in a block
//!   quote, by the rules of [`crate::text::quotes`];
//! * `words`: of the leader, of a run of its unit, of a match of its shorter
//!   side;
//! * with a level of units, `score` is the share of shingles in both of those
//!   in either, so that 1.0 says that all are the same; options that are about
//!   passages are null, and the summary says how many units there were, the
//!   method (`join` misses no pair, `lsh` finds one at the threshold with
//!   probability `recall`) and, when there are any, `crowds` of more than 64
//!   that are alike, of which not all pairs were looked at;
//! * `chains_left_out` stands at the end of a summary only when it is not 0:
//!   then the search met its bound on work and some matches may be missing;
//!   `formulas_left_out` likewise: so many sentences or keys were passed over
//!   in the search for reworded passages, because so many share them;
//! * `ignored` stands there only when it is not 0: clusters left out because
//!   they are known or not wanted.
//!
//! Characters that act on a terminal (DEL, C1, bidi controls) are written as
//! `\u` escapes, always: a reader of JSON gets the exact text, and a terminal
//! nothing that acts on it.
//!
//! Time and bytes written are linear in the text of all occurrences; space is
//! constant.

use std::io;
use std::io::Write;

use serde::Serialize;
use serde::Serializer;
use serde::ser::Error;
use serde::ser::SerializeSeq;
use serde_json::ser::Formatter;
use serde_json::value::RawValue;

use crate::options::find::Level;
use crate::options::find::Method;
use crate::options::find::Profile;
use crate::options::find::Scope;
use crate::options::find::Snap;
use crate::report;
use crate::report::Document;
use crate::report::Kind;
use crate::report::Report;
use crate::report::Score;
use crate::report::visible::is_hidden;
use crate::span::ByteSpan;
use crate::text::quotes;

/// Name and version of the format. A member added keeps the version; one
/// removed, renamed or with a new meaning raises it.
pub const SCHEMA: &str = "twicetold.find/1";

/// Writes one record a line.
///
/// # Errors
///
/// What `out` answers.
pub(crate) fn write_lines<W: Write>(report: &Report<'_>, out: &mut W) -> io::Result<()> {
    let mut line = |record: &Record<'_>| {
        put(record, out)?;
        out.write_all(b"\n")
    };
    line(&header(report))?;
    report.found.clusters.iter().try_for_each(|c| line(&cluster(report, c)))?;
    for p in &report.found.pairs {
        let documents = [report.document(p.a.0)?, report.document(p.b.0)?];
        line(&pair(report, p, &documents))?;
    }
    line(&summary(report))
}

/// Writes one object.
///
/// # Errors
///
/// What `out` answers.
pub(crate) fn write_object<W: Write>(report: &Report<'_>, out: &mut W) -> io::Result<()> {
    out.write_all(b"{\"header\":")?;
    put(&header(report), out)?;
    out.write_all(b",\"clusters\":[")?;
    for (i, c) in report.found.clusters.iter().enumerate() {
        out.write_all(if i == 0 { b"" } else { b"," })?;
        put(&cluster(report, c), out)?;
    }
    out.write_all(b"],\"matches\":[")?;
    for (i, p) in report.found.pairs.iter().enumerate() {
        out.write_all(if i == 0 { b"" } else { b"," })?;
        let documents = [report.document(p.a.0)?, report.document(p.b.0)?];
        put(&pair(report, p, &documents), out)?;
    }
    out.write_all(b"],\"summary\":")?;
    put(&summary(report), out)?;
    out.write_all(b"}\n")
}

/// Writes a record without a line end.
pub(crate) fn put<T: Serialize, W: Write>(record: &T, out: &mut W) -> io::Result<()> {
    record.serialize(&mut serde_json::Serializer::with_formatter(out, Quiet)).map_err(Into::into)
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Record<'a> {
    Header(Header),
    Cluster(Cluster<'a>),
    Match(Match<'a>),
    Summary(Summary),
}

#[derive(Serialize)]
struct Header {
    schema: &'static str,
    version: &'static str,
    options: Options,
}

/// What decides the findings; nothing that only decides how fast they come
/// or where they go.
#[derive(Serialize)]
struct Options {
    scope: &'static str,
    level: &'static str,
    min_words: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    exact_words: Option<usize>,
    threshold: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<bool>,
    profile: Option<&'static str>,
    max_gap: Option<usize>,
    snap: Option<&'static str>,
    reworded: bool,
    pairs: bool,
}

#[derive(Serialize)]
struct Cluster<'a> {
    id: u32,
    kind: &'static str,
    words: u32,
    size: usize,
    documents: u32,
    parent: Option<u32>,
    score_min: f64,
    occurrences: Occurrences<'a>,
}

/// Serialised one by one: a cluster may have a million.
struct Occurrences<'a> {
    report: &'a Report<'a>,
    occurrences: &'a [report::Occurrence],
}

#[derive(Serialize)]
struct Occurrence<'a> {
    document: Label<'a>,
    path: &'a str,
    record: Option<u64>,
    start: u32,
    end: u32,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    score: f64,
    leader: bool,
    period: Option<u32>,
    repeats: u32,
    in_quotes: bool,
    text: &'a str,
}

#[derive(Serialize)]
struct Match<'a> {
    cluster: u32,
    a: Side<'a>,
    b: Side<'a>,
    measure: &'static str,
    score: f64,
    words: u32,
}

#[derive(Serialize)]
struct Side<'a> {
    document: Label<'a>,
    path: &'a str,
    record: Option<u64>,
    start: u32,
    end: u32,
}

#[derive(Serialize)]
struct Summary {
    documents: u64,
    bytes: u64,
    tokens: u64,
    clusters: u64,
    occurrences: u64,
    repeated_bytes: u64,
    boilerplate: u64,
    skipped: u64,
    rejected: u64,
    #[serde(skip_serializing_if = "is_zero")]
    chains_left_out: u64,
    #[serde(skip_serializing_if = "is_zero")]
    formulas_left_out: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recall: Option<f64>,
    #[serde(skip_serializing_if = "is_zero")]
    crowds: u64,
    #[serde(skip_serializing_if = "is_zero")]
    ignored: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// A label in a record.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Label<'a> {
    Json(&'a RawValue),
    Text(&'a str),
}

/// A label that is no JSON against its contract is written as a string, so
/// that what comes out is always JSON.
pub(crate) fn label(json: &str) -> Label<'_> {
    serde_json::from_str(json).map_or(Label::Text(json), Label::Json)
}

fn score(score: Score) -> f64 {
    // Division is rounded correctly, so the shortest decimal that reads back
    // as this value has at most these four places.
    f64::from(score.parts(10_000)) / 10_000.0
}

fn header<'a>(report: &Report<'_>) -> Record<'a> {
    let options = report.options;
    let passages = options.level == Level::Passage;
    Record::Header(Header {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        options: Options {
            scope: match options.scope {
                Scope::Within => "within",
                Scope::Across => "across",
                Scope::All => "all",
            },
            level: match options.level {
                Level::Passage => "passage",
                Level::Paragraph => "paragraph",
                Level::Sentence => "sentence",
                Level::Line => "line",
            },
            min_words: options.min_words,
            exact_words: (!passages).then_some(options.exact_words),
            threshold: options.threshold,
            exact: (!passages).then_some(options.method == Some(Method::Join)),
            profile: passages.then_some(match options.profile {
                Profile::Fast => "fast",
                Profile::Default => "default",
                Profile::Sensitive => "sensitive",
                Profile::Max => "max",
            }),
            max_gap: passages.then_some(options.max_gap),
            snap: passages.then_some(match options.snap {
                Snap::Word => "word",
                Snap::Sentence => "sentence",
                Snap::Paragraph => "paragraph",
            }),
            reworded: options.reworded,
            pairs: options.pairs,
        },
    })
}

fn cluster<'a>(report: &'a Report<'a>, cluster: &'a report::Cluster) -> Record<'a> {
    Record::Cluster(Cluster {
        id: cluster.id,
        kind: match cluster.kind {
            Kind::Passage => "passage",
            Kind::Unit => "unit",
            Kind::Run => "run",
            Kind::Boilerplate => "boilerplate",
            Kind::Reworded => "reworded",
        },
        words: cluster.words,
        size: cluster.occurrences.len(),
        documents: cluster.documents,
        parent: cluster.parent,
        score_min: score(cluster.weakest()),
        occurrences: Occurrences { report, occurrences: &cluster.occurrences },
    })
}

impl Serialize for Occurrences<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(Some(self.occurrences.len()))?;
        for o in self.occurrences {
            let document = self.report.document(o.document).map_err(S::Error::custom)?;
            all.serialize_element(&occurrence(o, &document))?;
        }
        all.end()
    }
}

fn occurrence<'a>(o: &report::Occurrence, document: &'a Document<'_>) -> Occurrence<'a> {
    let start = document.original(o.span.start);
    let period = o.period.map(|p| document.original(o.span.start + p) - start);
    Occurrence {
        document: label(&document.label),
        path: &document.path,
        record: document.record,
        start,
        end: document.original(o.span.end),
        line: o.line,
        column: o.column,
        end_line: o.end_line,
        end_column: o.end_column,
        score: score(o.score),
        leader: o.leader,
        period,
        repeats: o.repeats,
        in_quotes: quotes::enclose(&document.text, o.span),
        text: o.span.of(&document.text),
    }
}

/// Of the cluster with number `id`; clusters ascend by it.
fn cluster_kind(report: &Report<'_>, id: u32) -> Option<Kind> {
    let clusters = &report.found.clusters;
    clusters.binary_search_by_key(&id, |c| c.id).ok().map(|n| clusters[n].kind)
}

/// `documents` are those of both sides.
fn pair<'a>(
    report: &Report<'_>,
    pair: &report::Pair,
    documents: &'a [Document<'_>; 2],
) -> Record<'a> {
    Record::Match(Match {
        cluster: pair.cluster,
        a: side(&documents[0], pair.a.1),
        b: side(&documents[1], pair.b.1),
        measure: match (cluster_kind(report, pair.cluster), report.options.level) {
            (Some(Kind::Reworded), _) => "shared_words",
            (_, Level::Passage) => "identity",
            (_, Level::Paragraph | Level::Sentence | Level::Line) => "jaccard",
        },
        score: score(pair.score),
        words: pair.words,
    })
}

fn side<'a>(original: &'a Document<'_>, span: ByteSpan) -> Side<'a> {
    Side {
        document: label(&original.label),
        path: &original.path,
        record: original.record,
        start: original.original(span.start),
        end: original.original(span.end),
    }
}

fn summary<'a>(report: &Report<'_>) -> Record<'a> {
    let s = report.found.summary;
    Record::Summary(Summary {
        documents: s.documents,
        bytes: s.bytes,
        tokens: s.tokens,
        clusters: s.clusters,
        occurrences: s.occurrences,
        repeated_bytes: s.repeated_bytes,
        boilerplate: s.boilerplate,
        skipped: s.skipped,
        rejected: s.rejected,
        chains_left_out: s.chains_left_out,
        formulas_left_out: s.formulas_left_out,
        units: s.method.map(|_| s.units),
        method: s.method.map(|method| match method {
            Method::Join => "join",
            Method::Lsh => "lsh",
        }),
        recall: s.method.map(|_| f64::from(s.recall) / 10_000.0),
        crowds: s.crowds,
        ignored: s.ignored,
    })
}

/// JSON without white space in which no character acts on a terminal.
struct Quiet;

impl Formatter for Quiet {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, s: &str) -> io::Result<()> {
        escape(out, s)
    }

    fn write_raw_fragment<W: ?Sized + Write>(&mut self, out: &mut W, s: &str) -> io::Result<()> {
        escape(out, s)
    }
}

/// Writes a piece of JSON with its hidden characters escaped.
///
/// In valid JSON the C0 controls stand between values only, as white space:
/// there a blank does as well and keeps a record on its line. All other
/// hidden characters stand inside strings only, where an escape means the
/// same.
fn escape<W: ?Sized + Write>(out: &mut W, json: &str) -> io::Result<()> {
    let mut written = 0;
    // Without branches inside a block, so that it is looked at in one go.
    let plain = |b: u8| (b' '..0x7f).contains(&b);
    let all_plain = |block: &[u8]| block.iter().fold(true, |all, &b| all & plain(b));
    if !json.as_bytes().chunks(64).all(all_plain) {
        for (at, c) in json.char_indices().filter(|&(_, c)| is_hidden(c)) {
            out.write_all(&json.as_bytes()[written..at])?;
            if c < ' ' {
                out.write_all(b" ")?;
            } else {
                write!(out, "\\u{:04x}", u32::from(c))?;
            }
            written = at + c.len_utf8();
        }
    }
    out.write_all(&json.as_bytes()[written..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Format;
    use crate::report::fixture::Fixture;
    use crate::report::human::Style;
    use serde_json::Value;

    /// The format declared once more: types, names and order as in the
    /// documentation.
    mod declared {
        use serde::Deserialize;
        use serde::Serialize;
        use serde_json::Value;

        #[derive(Deserialize, Serialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Whole {
            pub(super) header: Record,
            pub(super) clusters: Vec<Record>,
            pub(super) matches: Vec<Record>,
            pub(super) summary: Record,
        }

        #[derive(Deserialize, Serialize)]
        #[serde(untagged)]
        pub(super) enum Record {
            Header(Header),
            Cluster(Cluster),
            Match(Match),
            Summary(Summary),
        }

        #[derive(Deserialize, Serialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Header {
            r#type: String,
            schema: String,
            version: String,
            options: Options,
        }

        #[derive(Deserialize, Serialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Options {
            scope: String,
            level: String,
            min_words: u64,
            threshold: f64,
            profile: String,
            max_gap: u64,
            snap: String,
            reworded: bool,
            pairs: bool,
        }

        #[derive(Deserialize, Serialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Cluster {
            r#type: String,
            id: u64,
            kind: String,
            words: u64,
            size: u64,
            documents: u64,
            parent: Option<u64>,
            score_min: f64,
            occurrences: Vec<Occurrence>,
        }

        #[derive(Deserialize, Serialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Occurrence {
            document: Value,
            path: String,
            record: Option<u64>,
            start: u64,
            end: u64,
            line: u64,
            column: u64,
            end_line: u64,
            end_column: u64,
            score: f64,
            leader: bool,
            period: Option<u64>,
            repeats: u64,
            in_quotes: bool,
            text: String,
        }

        #[derive(Deserialize, Serialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Match {
            r#type: String,
            cluster: u64,
            a: Side,
            b: Side,
            measure: String,
            score: f64,
            words: u64,
        }

        #[derive(Deserialize, Serialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Side {
            document: Value,
            path: String,
            record: Option<u64>,
            start: u64,
            end: u64,
        }

        #[derive(Deserialize, Serialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Summary {
            r#type: String,
            documents: u64,
            bytes: u64,
            tokens: u64,
            clusters: u64,
            occurrences: u64,
            repeated_bytes: u64,
            boilerplate: u64,
            skipped: u64,
            rejected: u64,
        }
    }

    fn example() -> Fixture<'static> {
        let mut f = Fixture::default();
        f.options.pairs = true;
        let text = f.file("a \"b\".txt", "é one two\nthree. One two three!");
        let dump = f.record(17, "{\"k\": [1,\n1.50]}", "x one two four");
        let mut near = f.place(dump, "one two four", 0);
        near.score = Score { matches: 2, columns: 3 };
        let places =
            vec![f.place(text, "one two\nthree", 0), f.place(text, "One two three", 0), near];
        f.found.pairs.push(report::Pair {
            cluster: 1,
            a: (text, places[0].span),
            b: (dump, places[2].span),
            score: Score { matches: 2, columns: 3 },
            words: 3,
        });
        f.cluster(Kind::Passage, 3, places);
        let mut run = f.place(dump, "one two four", 0);
        (run.period, run.repeats) = (Some(4), 3);
        f.cluster(Kind::Run, 1, vec![run]);
        f.found.clusters[1].parent = Some(1);
        f.found.summary.tokens = 11;
        f
    }

    #[test]
    fn a_pair_of_a_reworded_cluster_is_measured_by_shared_words() {
        let mut f = example();
        f.found.clusters[0].kind = Kind::Reworded;
        f.found.summary.formulas_left_out = 3;
        let written = f.written(Format::Jsonl, Style::default());
        let lines: Vec<Value> = written.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines[1]["kind"], "reworded");
        let pair = lines.iter().find(|l| l["type"] == "match").unwrap();
        assert_eq!(pair["measure"], "shared_words");
        assert_eq!(lines.last().unwrap()["formulas_left_out"], 3);
    }

    #[test]
    fn every_member_of_every_record_stands_in_its_place() {
        let lines = example().written(Format::Jsonl, Style::default());
        let lines = lines.replace(env!("CARGO_PKG_VERSION"), "[version]");
        insta::assert_snapshot!(lines, @r#"
        {"type":"header","schema":"twicetold.find/1","version":"[version]","options":{"scope":"all","level":"passage","min_words":15,"threshold":0.7,"profile":"default","max_gap":32,"snap":"word","reworded":false,"pairs":true}}
        {"type":"cluster","id":1,"kind":"passage","words":3,"size":3,"documents":2,"parent":null,"score_min":0.6666,"occurrences":[{"document":"a \"b\".txt","path":"a \"b\".txt","record":null,"start":3,"end":16,"line":1,"column":3,"end_line":2,"end_column":6,"score":1.0,"leader":true,"period":null,"repeats":1,"in_quotes":false,"text":"one two\nthree"},{"document":"a \"b\".txt","path":"a \"b\".txt","record":null,"start":18,"end":31,"line":2,"column":8,"end_line":2,"end_column":21,"score":1.0,"leader":false,"period":null,"repeats":1,"in_quotes":false,"text":"One two three"},{"document":{"k": [1, 1.50]},"path":"dump.jsonl","record":17,"start":2,"end":14,"line":1,"column":3,"end_line":1,"end_column":15,"score":0.6666,"leader":false,"period":null,"repeats":1,"in_quotes":false,"text":"one two four"}]}
        {"type":"cluster","id":2,"kind":"run","words":1,"size":1,"documents":1,"parent":1,"score_min":1.0,"occurrences":[{"document":{"k": [1, 1.50]},"path":"dump.jsonl","record":17,"start":2,"end":14,"line":1,"column":3,"end_line":1,"end_column":15,"score":1.0,"leader":true,"period":4,"repeats":3,"in_quotes":false,"text":"one two four"}]}
        {"type":"match","cluster":1,"a":{"document":"a \"b\".txt","path":"a \"b\".txt","record":null,"start":3,"end":16},"b":{"document":{"k": [1, 1.50]},"path":"dump.jsonl","record":17,"start":2,"end":14},"measure":"identity","score":0.6666,"words":3}
        {"type":"summary","documents":2,"bytes":46,"tokens":11,"clusters":2,"occurrences":4,"repeated_bytes":38,"boilerplate":0,"skipped":0,"rejected":0}
        "#);
    }

    #[test]
    fn the_declared_format_holds_every_member_and_no_other() {
        let lines = example().written(Format::Jsonl, Style::default());
        assert_eq!(lines.lines().count(), 5);
        for line in lines.lines() {
            let read: declared::Record = serde_json::from_str(line).expect(line);
            // Values that are equal with their members in order.
            let again = serde_json::to_string(&read).unwrap();
            let value = |json| serde_json::from_str::<Value>(json).unwrap().to_string();
            assert_eq!(again, value(line));
        }
    }

    #[test]
    fn one_object_holds_the_records_of_the_lines() {
        for f in [example(), Fixture::default()] {
            let object = f.written(Format::Json, Style::default());
            assert!(object.ends_with("}\n") && object.matches('\n').count() == 1);
            let read: declared::Whole = serde_json::from_str(&object).unwrap();
            let records = [read.header].into_iter().chain(read.clusters);
            let records = records.chain(read.matches).chain([read.summary]);
            let lines = f.written(Format::Jsonl, Style::default());
            let value = |json| serde_json::from_str::<Value>(json).unwrap();
            let lines: Vec<Value> = lines.lines().map(value).collect();
            let records: Vec<Value> = records.map(|r| serde_json::to_value(&r).unwrap()).collect();
            assert_eq!(records, lines);
        }
    }

    #[test]
    fn a_score_is_whole_only_when_all_columns_match() {
        let shown =
            |matches, columns| serde_json::to_string(&score(Score { matches, columns })).unwrap();
        assert_eq!(shown(5, 5), "1.0");
        assert_eq!(shown(999_999, 1_000_000), "0.9999");
        assert_eq!(shown(u32::MAX - 1, u32::MAX), "0.9999");
        assert_eq!(shown(2, 3), "0.6666");
        assert_eq!(shown(7, 10), "0.7");
        assert_eq!(shown(1, 9_999), "0.0001");
        assert_eq!(shown(0, 1), "0.0");
        assert_eq!(shown(0, 0), "0.0");
        assert_eq!(shown(3, 2), "1.0");
    }

    #[test]
    fn no_score_falls_below_the_threshold_that_it_passed() {
        for parts in 1..=10_000u32 {
            let threshold = f64::from(parts) / 10_000.0;
            // The least fraction of 9973 columns at or above the threshold.
            let matches = (u64::from(parts) * 9_973).div_ceil(10_000) as u32;
            let score = score(Score { matches, columns: 9_973 });
            assert!(score >= threshold, "{matches} of 9973 gives {score} below {threshold}");
            assert!(format!("{score:?}").len() <= 6, "{score:?}");
        }
    }

    #[test]
    fn nothing_acts_on_a_terminal_and_everything_reads_back() {
        let mut f = Fixture::default();
        let text = "\u{1b}[31m \u{0}\u{7f}\u{9b} \u{202e}abc\u{2069} \u{2028} é\\u202e \"end\"";
        let file = f.file("\u{202e}txt.\u{7}a", text);
        let dump = f.record(1, "{\"\u{202e}\u{7f}\":\r\n\t1}", text);
        f.cluster(Kind::Passage, 3, vec![f.place(file, text, 0), f.place(dump, text, 0)]);
        let lines = f.written(Format::Jsonl, Style::default());
        assert!(!lines.replace('\n', "").contains(is_hidden));
        assert_eq!(lines.lines().count(), 3);
        let cluster: Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
        assert_eq!(cluster["occurrences"][0]["text"], text);
        assert_eq!(cluster["occurrences"][0]["document"], "\u{202e}txt.\u{7}a");
        assert_eq!(cluster["occurrences"][1]["document"]["\u{202e}\u{7f}"], 1);
    }

    #[test]
    fn labels_keep_their_type_and_spelling() {
        for id in [
            "17",
            "1e400",
            "\"a\\u0041\"",
            "null",
            "{ \"b\":1,\"a\":[2.50] }",
            "123456789012345678901234567890",
        ] {
            let mut f = Fixture::default();
            let document = f.record(1, id, "a a");
            f.cluster(Kind::Passage, 1, vec![f.place(document, "a", 0)]);
            let lines = f.written(Format::Jsonl, Style::default());
            assert!(lines.contains(&format!("[{{\"document\":{id},\"path\"")), "{lines}");
        }
    }

    #[test]
    fn a_label_that_is_no_json_does_not_break_the_line() {
        let mut f = Fixture::default();
        let document = f.record(1, "a\"}", "a a");
        f.cluster(Kind::Passage, 1, vec![f.place(document, "a", 0)]);
        let lines = f.written(Format::Jsonl, Style::default());
        let cluster: Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
        assert_eq!(cluster["occurrences"][0]["document"], "a\"}");
    }

    #[test]
    fn chains_left_out_are_said_only_when_there_are_some() {
        let mut f = Fixture::default();
        assert!(!f.written(Format::Jsonl, Style::default()).contains("chains_left_out"));
        f.found.summary.chains_left_out = 3;
        let lines = f.written(Format::Jsonl, Style::default());
        assert!(lines.ends_with(",\"rejected\":0,\"chains_left_out\":3}\n"), "{lines}");
        (f.found.summary.chains_left_out, f.found.summary.ignored) = (0, 2);
        let lines = f.written(Format::Jsonl, Style::default());
        assert!(lines.ends_with(",\"rejected\":0,\"ignored\":2}\n"), "{lines}");
    }

    #[test]
    fn a_full_disk_is_an_error_of_its_kind() {
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let f = example();
        let report = Report { found: &f.found, documents: &f.documents, options: &f.options };
        let length = f.written(Format::Jsonl, Style::default()).len();
        assert!(write_lines(&report, &mut Full(length)).is_ok());
        for room in 0..length {
            let error = write_lines(&report, &mut Full(room)).expect_err("no room");
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
    }
}
