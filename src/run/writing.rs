//! A report -> its bytes, in parallel.
//!
//! Clusters are put into words some hundred places at a time, and written in
//! their order while the next ones are made. The bytes are those of
//! [`report::write`](report::write()).
//!
//! * space: the words of some hundred places for each of a few pieces a thread;
//!   a cluster with thousands is written as it is made

use std::io;
use std::io::Write;
use std::ops::Range;

use rayon::prelude::*;

use crate::report;
use crate::report::Cluster;
use crate::report::Format;
use crate::report::Part;
use crate::report::Report;
use crate::report::human::Style;

/// Places of the clusters of a piece, one cluster at least.
const PLACES: usize = 256;

/// Most places of a cluster that is made in memory.
const LARGE: usize = 4096;

/// Pieces made together for each thread.
const EACH: usize = 4;

/// Writes a report to `out`, which need not be buffered.
///
/// # Errors
///
/// As [`report::write`](report::write()).
///
/// # Panics
///
/// As [`report::write`](report::write()).
pub fn write<W: Write + Send>(
    report: &Report<'_>,
    format: Format,
    style: &Style,
    out: W,
) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    let how = (format, style);
    report::write_part(report, how, Part::Head, &mut out)?;
    let clusters = &report.found.clusters;
    let make = |some: &Range<usize>| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        report::write_part(report, how, Part::Clusters(some.clone()), &mut bytes)?;
        Ok(bytes)
    };
    let (mut next, mut made) = (0, Vec::new());
    loop {
        let (pieces, end) = pieces(clusters, next);
        let (made_next, written) = rayon::join(
            || pieces.par_iter().map(make).collect::<io::Result<Vec<Vec<u8>>>>(),
            || made.iter().try_for_each(|bytes: &Vec<u8>| out.write_all(bytes)),
        );
        written?;
        made = made_next?;
        next = end;
        if pieces.is_empty() {
            let Some(large) = clusters.get(next) else { break };
            debug_assert!(large.occurrences.len() > LARGE, "the others are made in memory");
            report::write_part(report, how, Part::Clusters(next..next + 1), &mut out)?;
            next += 1;
        }
    }
    report::write_part(report, how, Part::Tail, &mut out)?;
    out.flush()
}

/// The pieces from a cluster on that are made together, and the cluster after
/// them. There is none before a large cluster, and at the end.
fn pieces(clusters: &[Cluster], from: usize) -> (Vec<Range<usize>>, usize) {
    let (mut pieces, mut start) = (Vec::new(), from);
    let most = EACH * rayon::current_num_threads();
    while pieces.len() < most {
        let (mut end, mut places) = (start, 0);
        while let Some(cluster) = clusters.get(end)
            && cluster.occurrences.len() <= LARGE
            && places < PLACES
        {
            places += cluster.occurrences.len().max(1);
            end += 1;
        }
        if end == start {
            break;
        }
        pieces.push(start..end);
        start = end;
    }
    (pieces, start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;
    use crate::options::find::FindOptions;
    use crate::report::Document;
    use crate::report::Found;
    use crate::report::Kind;
    use crate::report::Occurrence;
    use crate::report::Score;
    use crate::span::ByteSpan;

    /// Clusters of so many places each.
    fn found(sizes: &[usize]) -> Found {
        let place = |n: usize| Occurrence {
            document: 0,
            span: ByteSpan { start: n as u32 % 5, end: 6 + n as u32 % 5 },
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 1,
            score: Score { matches: 1, columns: 1 },
            leader: n == 0,
            period: None,
            repeats: 1,
        };
        let clusters = (1..).zip(sizes).map(|(id, &size)| Cluster {
            id,
            kind: Kind::Passage,
            words: 1,
            documents: 1,
            parent: None,
            occurrences: (0..size).map(place).collect(),
        });
        Found { clusters: clusters.collect(), ..Found::default() }
    }

    #[test]
    fn the_bytes_are_those_of_the_report() {
        let documents = vec![Document {
            label: "1".into(),
            path: "a".into(),
            record: None,
            text: "one two three".into(),
            offsets: None,
        }];
        let options = FindOptions::default();
        for seed in 0..30u64 {
            let mut state = seed;
            let mut draw = |n: u64| (splitmix64(&mut state) % n) as usize;
            let sizes: Vec<usize> = (0..draw(60))
                .map(|_| {
                    [draw(9), draw(700), LARGE + draw(3)][if draw(9) == 0 { 2 } else { draw(2) }]
                })
                .collect();
            let found = found(&sizes);
            let report = Report { found: &found, documents: &documents, options: &options };
            for format in [Format::Human, Format::Json, Format::Jsonl] {
                let (mut whole, mut parts) = (Vec::new(), Vec::new());
                report::write(&report, format, &Style::default(), &mut whole).unwrap();
                write(&report, format, &Style::default(), &mut parts).unwrap();
                assert!(whole == parts, "seed {seed}, {format:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_written_is_an_error() {
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
        let (found, options) = (found(&[3000, 10, 5000, 4000]), FindOptions::default());
        let text = "one two three".into();
        let document =
            Document { label: "1".into(), path: "a".into(), record: None, text, offsets: None };
        let documents = vec![document];
        let report = Report { found: &found, documents: &documents, options: &options };
        for room in [0, 100_000, 500_000, 900_000] {
            let error = write(&report, Format::Jsonl, &Style::default(), Full(room)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
    }
}
