//! Findings for tests, built from texts and the passages in them.

use std::collections::BTreeSet;

use crate::options::find::FindOptions;
use crate::report::Cluster;
use crate::report::Document;
use crate::report::Format;
use crate::report::Found;
use crate::report::Kind;
use crate::report::Occurrence;
use crate::report::Report;
use crate::report::Score;
use crate::report::human::Style;
use crate::report::write;
use crate::span::ByteSpan;

/// Documents and what is claimed to be found in them.
#[derive(Default)]
pub(super) struct Fixture<'a> {
    pub(super) documents: Vec<Document<'a>>,
    pub(super) found: Found,
    pub(super) options: FindOptions,
}

impl<'a> Fixture<'a> {
    /// Adds a text file.
    pub(super) fn file(&mut self, path: &'a str, text: &'a str) -> u32 {
        let label = serde_json::to_string(path).unwrap();
        self.document(Document {
            label: label.into(),
            path: path.into(),
            record: None,
            text: text.into(),
            offsets: None,
        })
    }

    /// Adds a record; its id as JSON.
    pub(super) fn record(&mut self, record: u64, id: &'a str, text: &'a str) -> u32 {
        self.document(Document {
            label: id.into(),
            path: "dump.jsonl".into(),
            record: Some(record),
            text: text.into(),
            offsets: None,
        })
    }

    fn document(&mut self, document: Document<'a>) -> u32 {
        self.found.summary.documents += 1;
        self.found.summary.bytes += document.text.len() as u64;
        self.documents.push(document);
        self.documents.len() as u32 - 1
    }

    /// The place of the `nth` time (from 0) that a passage stands in a
    /// document.
    pub(super) fn place(&self, document: u32, passage: &str, nth: usize) -> Occurrence {
        let text: &str = &self.documents[document as usize].text;
        let (start, _) = text.match_indices(passage).nth(nth).expect(passage);
        let end = start + passage.len();
        let line = |at: usize| text[..at].matches('\n').count() as u32 + 1;
        let column = |at: usize| text[..at].rsplit('\n').next().unwrap().chars().count() as u32 + 1;
        Occurrence {
            document,
            span: ByteSpan { start: start as u32, end: end as u32 },
            line: line(start),
            column: column(start),
            end_line: line(end),
            end_column: column(end),
            score: Score { matches: 1, columns: 1 },
            leader: false,
            period: None,
            repeats: 1,
        }
    }

    /// Adds a cluster; without a leader among the places the first one leads.
    pub(super) fn cluster(&mut self, kind: Kind, words: u32, mut places: Vec<Occurrence>) {
        if !places.iter().any(|o| o.leader) {
            places[0].leader = true;
        }
        let mut documents: Vec<u32> = places.iter().map(|o| o.document).collect();
        documents.dedup();
        let all = self.found.clusters.iter().flat_map(|c| &c.occurrences).chain(&places);
        let bytes = all.flat_map(|o| (o.span.start..o.span.end).map(|at| (o.document, at)));
        let repeated: BTreeSet<(u32, u32)> = bytes.collect();
        let summary = &mut self.found.summary;
        summary.repeated_bytes = repeated.len() as u64;
        summary.clusters += 1;
        summary.occurrences += places.len() as u64;
        summary.boilerplate += u64::from(kind == Kind::Boilerplate);
        self.found.clusters.push(Cluster {
            id: summary.clusters as u32,
            kind,
            words,
            documents: documents.len() as u32,
            parent: None,
            occurrences: places,
        });
    }

    pub(super) fn written(&self, format: Format, style: Style) -> String {
        let (found, documents, options) = (&self.found, &self.documents, &self.options);
        let mut out = Vec::new();
        write(&Report { found, documents, options }, format, &style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    pub(super) fn plain(&self, width: usize) -> String {
        self.written(Format::Human, Style { width, ..Style::default() })
    }
}
