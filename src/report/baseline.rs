//! Findings that are known: `twicetold.baseline/1`, as JSON Lines.
//!
//! One `header`, then one `place` for each passage and path in the order of the
//! paths: `{"type":"place","path":"docs/a.md","passage":"…","count":2}`.
//! `passage` is a hash of the passage's tokens, so that white space, case and
//! punctuation may change; `count` says how many of its places stand in files
//! of that path. Lines and offsets are left out, as edits elsewhere move them.
//!
//! A cluster is known when all its places are: a passage that is edited, or
//! that comes up in another file or once more, is new, and all places of its
//! cluster are shown.
//!
//! Time and space: linear in the text of all occurrences, and their number.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::io::Write;

use serde::Deserialize;
use serde::Serialize;

use crate::hash;
use crate::report::Cluster;
use crate::report::Documents;
use crate::report::jsonl::put;
use crate::text::Hashes;
use crate::text::tokenize;

/// Name and version of the format.
pub const SCHEMA: &str = "twicetold.baseline/1";

/// Places of passages, by path and hash, and how many of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    places: BTreeMap<(String, u128), u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Record {
    Header { schema: String },
    Place { path: String, passage: String, count: u64 },
}

/// Why a file is no baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BaselineError {
    /// It does not begin with the header of one, or of a version that is read.
    Header,
    /// A line that is no place.
    Line {
        /// Number of the line, from 1.
        line: usize,
    },
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BaselineError::Header => write!(f, "it does not begin with the header of {SCHEMA}")?,
            BaselineError::Line { line } => write!(f, "line {line} is no place of a passage")?,
        }
        f.write_str("; --write-baseline makes a new one")
    }
}

impl std::error::Error for BaselineError {}

impl Baseline {
    /// All places of clusters; `documents` are those that were searched.
    ///
    /// # Errors
    ///
    /// A document that cannot be read.
    ///
    /// # Panics
    ///
    /// If a document number or a span does not belong to `documents`.
    pub fn of(clusters: &[Cluster], documents: &dyn Documents) -> io::Result<Baseline> {
        let mut places = BTreeMap::new();
        for key in clusters.iter().flat_map(|cluster| keys(cluster, documents)) {
            *places.entry(key?).or_default() += 1;
        }
        Ok(Baseline { places })
    }

    /// Whether all places of a cluster are known.
    ///
    /// # Errors
    ///
    /// A document that cannot be read.
    ///
    /// # Panics
    ///
    /// As [`Baseline::of`].
    pub fn holds(&self, cluster: &Cluster, documents: &dyn Documents) -> io::Result<bool> {
        let mut own: BTreeMap<(String, u128), u64> = BTreeMap::new();
        for key in keys(cluster, documents) {
            *own.entry(key?).or_default() += 1;
        }
        let is_known = |key, count| self.places.get(key).is_some_and(|known| known >= count);
        Ok(own.iter().all(|(key, count)| is_known(key, count)))
    }

    /// Reads what [`write`](Baseline::write) wrote. Blank lines are passed
    /// over, and places may come in any order and more than once.
    ///
    /// # Errors
    ///
    /// [`BaselineError`].
    pub fn parse(text: &str) -> Result<Baseline, BaselineError> {
        let record = |line: &str| serde_json::from_str::<Record>(line).ok();
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let header = lines.next().and_then(|(_, line)| record(line));
        if !matches!(header, Some(Record::Header { schema }) if schema == SCHEMA) {
            return Err(BaselineError::Header);
        }
        let mut baseline = Baseline::default();
        for (n, line) in lines {
            let place = match record(line) {
                Some(Record::Place { path, passage, count }) => {
                    number(&passage).map(|passage| ((path, passage), count))
                }
                _ => None,
            };
            let (key, count) = place.ok_or(BaselineError::Line { line: n + 1 })?;
            let known = baseline.places.entry(key).or_default();
            *known = known.saturating_add(count);
        }
        Ok(baseline)
    }

    /// Writes the baseline.
    ///
    /// # Errors
    ///
    /// What `out` answers.
    pub fn write<W: Write>(&self, out: &mut W) -> io::Result<()> {
        put(&Record::Header { schema: SCHEMA.to_owned() }, out)?;
        out.write_all(b"\n")?;
        for ((path, passage), &count) in &self.places {
            let (path, passage) = (path.clone(), format!("{passage:032x}"));
            put(&Record::Place { path, passage, count }, out)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// A hash as it is written.
fn number(hex: &str) -> Option<u128> {
    let whole = hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    whole.then(|| u128::from_str_radix(hex, 16).ok())?
}

/// Path and hash of each place.
fn keys<'a>(
    cluster: &'a Cluster,
    documents: &'a dyn Documents,
) -> impl Iterator<Item = io::Result<(String, u128)>> + 'a {
    let mut hashes = Hashes::default();
    cluster.occurrences.iter().map(move |o| {
        let document = documents.document(o.document)?;
        hashes.clear();
        tokenize(o.span.of(&document.text), &mut hashes);
        Ok((document.path.into_owned(), hash::content(&hashes.hashes)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Kind;
    use crate::report::fixture::Fixture;

    /// The same passage at the given places.
    fn found<'a>(files: &[(&'a str, &'a str)], passage: &str) -> Fixture<'a> {
        let mut f = Fixture::default();
        let mut places = Vec::new();
        for &(path, text) in files {
            let file = f.file(path, text);
            let times = text.matches(passage).count();
            places.extend((0..times).map(|nth| f.place(file, passage, nth)));
        }
        f.cluster(Kind::Passage, 2, places);
        f
    }

    #[test]
    fn a_baseline_holds_its_own_and_reads_back() {
        let f = found(&[("a \"\u{e9}\"\n", "one two. one two"), ("b", "one two")], "one two");
        let baseline = Baseline::of(&f.found.clusters, &f.documents).unwrap();
        assert!(baseline.holds(&f.found.clusters[0], &f.documents).unwrap());
        let mut bytes = Vec::new();
        baseline.write(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert_eq!(Baseline::parse(&text), Ok(baseline));
        assert!(!Baseline::default().holds(&f.found.clusters[0], &f.documents).unwrap());
    }

    #[test]
    fn what_moves_is_known_and_what_comes_or_changes_is_new() {
        let f = found(&[("a", "one two. one two"), ("b", "one two")], "one two");
        let baseline = Baseline::of(&f.found.clusters, &f.documents).unwrap();
        let known = |files: &[(&'static str, &'static str)], passage: &str| {
            let f = found(files, passage);
            baseline.holds(&f.found.clusters[0], &f.documents).unwrap()
        };
        assert!(known(&[("a", "moved\none two and one two"), ("b", "x one two")], "one two"));
        assert!(known(&[("a", "ONE, two. ONE, two"), ("b", "ONE, two")], "ONE, two"));
        assert!(known(&[("a", "one two"), ("b", "one two")], "one two"), "one is gone");
        assert!(!known(&[("a", "one two"), ("b", "one two one two")], "one two"), "once more");
        assert!(!known(&[("a", "one two"), ("c", "one two")], "one two"), "another file");
        assert!(!known(&[("a", "one too"), ("b", "one too")], "one too"), "another word");
    }

    #[test]
    fn what_is_no_baseline_is_refused() {
        let header = format!("{{\"type\":\"header\",\"schema\":\"{SCHEMA}\"}}\n");
        assert_eq!(Baseline::parse(&header), Ok(Baseline::default()));
        for text in ["", "\n", "{}", "[]", "{\"type\":\"header\",\"schema\":\"twicetold.find/1\"}"]
        {
            assert_eq!(Baseline::parse(text), Err(BaselineError::Header), "{text}");
        }
        let short = "{\"type\":\"place\",\"path\":\"a\",\"passage\":\"12\",\"count\":1}";
        let sign = short.replace("12", "+1234567890123456789012345678901");
        for line in ["x", &header[..header.len() - 1], short, &sign] {
            let result = Baseline::parse(&format!("{header}\n{line}\n"));
            assert_eq!(result, Err(BaselineError::Line { line: 3 }), "{line}");
        }
    }
}
