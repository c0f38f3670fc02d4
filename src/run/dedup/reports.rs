//! Clusters and pairs -> their records, with the names of records.
//!
//! Neither names nor texts are held: those of the next members or pairs are
//! read again by all threads, what is to be said of them is made of them, and
//! it is written in order.
//!
//! * time: a read and a parse for each record named, two where texts are
//!   looked at
//! * space: the names of some thousand records; the texts of two for each
//!   thread

use std::io::BufWriter;
use std::io::Write;

use ahash::AHashMap;
use rayon::prelude::*;

use crate::cluster::Overlap;
use crate::options::dedup::DedupPlan;
use crate::report::dedup::Head;
use crate::report::dedup::Kind;
use crate::report::dedup::Member;
use crate::report::duplicates;
use crate::report::duplicates::Clusters;
use crate::report::duplicates::Name;
use crate::report::totals::Totals;
use crate::run::RunError;
use crate::run::Watch;
use crate::run::dedup::archive::Archive;
use crate::run::dedup::sinks::Sink;
use crate::run::documents::Outcome;
use crate::run::documents::Workspace;
use crate::run::documents::outcome;
use crate::run::documents::outcome::Read;

/// Records whose names are read together.
const AHEAD: usize = 4096;

/// What is reported.
pub(super) struct Reports<'a> {
    pub(super) archive: &'a Archive<'a>,
    pub(super) found: &'a mut Outcome,
    pub(super) totals: &'a Totals,
    pub(super) plan: &'a DedupPlan,
    pub(super) watch: &'a dyn Watch,
}

/// Some members of a cluster that stand one after the other.
struct Span {
    head: Head,
    members: Vec<Member>,
    begins: bool,
    ends: bool,
}

impl Reports<'_> {
    /// Writes `twicetold.clusters/1`.
    pub(super) fn clusters(&self, sink: &mut Sink) -> Result<(), RunError> {
        if !sink.is_open() {
            return Ok(());
        }
        self.watch.begin("reporting", 0);
        let mut out = BufWriter::with_capacity(1 << 16, sink);
        duplicates::header(duplicates::CLUSTERS, self.plan, &mut out)?;
        let mut clusters = Clusters::new(self.plan, &mut out);
        let mut reader = self.found.clusters()?;
        let mut left = None;
        loop {
            let mut spans = spans(&mut reader, &mut left)?;
            if spans.is_empty() {
                break;
            }
            self.complete(&mut spans)?;
            let asked = spans.iter().flat_map(|span| {
                let members = span.members.iter().map(|m| m.record);
                members.chain(span.begins.then_some(span.head.leader))
            });
            let names = self.names(asked.collect())?;
            for Span { head, members, begins, ends } in &spans {
                if *begins {
                    clusters.begin(head, &names[&head.leader])?;
                }
                for member in members {
                    clusters.member(head, member, &names[&member.record])?;
                }
                if *ends {
                    clusters.end()?;
                }
            }
        }
        duplicates::summary(self.totals, self.plan, &mut out)?;
        out.flush().map_err(RunError::Write)
    }

    /// Counts the sets whose sizes are not known, and adds the words by which
    /// members differ.
    fn complete(&self, spans: &mut [Span]) -> Result<(), RunError> {
        let open = |span: &&mut Span| span.head.shingles == 0;
        let counted: Vec<Result<(), RunError>> = spans
            .par_iter_mut()
            .filter(open)
            .map_init(Workspace::default, |workspace, span| {
                let size = self.found.size(span.head.leader, self.archive, workspace)?;
                span.head.shingles = size;
                let copies = span.members.iter_mut().filter(|member| member.exact);
                copies.for_each(|copy| copy.overlap = same(size));
                Ok(())
            })
            .collect();
        counted.into_iter().collect::<Result<(), RunError>>()?;
        if !self.plan.options().explain {
            return Ok(());
        }
        let explained: Vec<Result<(), RunError>> = spans
            .par_iter_mut()
            .filter(|span| span.head.kind != Kind::Exact)
            .map(|span| {
                let leader = Read::new(self.archive, span.head.leader)?;
                let near = span.members.par_iter_mut().filter(|member| !member.exact);
                let each = near.map(|member| {
                    let own = Read::new(self.archive, member.record)?;
                    member.differs = Some(Box::new(own.differing(&leader)));
                    Ok(())
                });
                let all: Vec<Result<(), RunError>> = each.collect();
                all.into_iter().collect()
            })
            .collect();
        explained.into_iter().collect()
    }

    /// Writes `twicetold.pairs/1`.
    pub(super) fn pairs(&mut self, sink: &mut Sink) -> Result<(), RunError> {
        if !sink.is_open() {
            return Ok(());
        }
        self.watch.begin("reporting", 0);
        let measure = self.plan.options().measure;
        let mut out = BufWriter::with_capacity(1 << 16, sink);
        duplicates::header(duplicates::PAIRS, self.plan, &mut out)?;
        loop {
            let mut pairs = self.found.next_pairs(AHEAD / 2)?;
            if pairs.is_empty() {
                break;
            }
            let open = pairs.iter().filter(|pair| pair.overlap == Overlap::default());
            let sizes = self.sizes(open.map(|pair| pair.a).collect())?;
            for pair in pairs.iter_mut().filter(|pair| pair.overlap == Overlap::default()) {
                pair.overlap = same(sizes[&pair.a]);
            }
            let names = self.names(pairs.iter().flat_map(|pair| [pair.a, pair.b]).collect())?;
            for pair in &pairs {
                let (a, b) = (&names[&pair.a], &names[&pair.b]);
                duplicates::pair(pair, (a, b), measure, &mut out)?;
            }
        }
        duplicates::summary(self.totals, self.plan, &mut out)?;
        out.flush().map_err(RunError::Write)
    }

    /// The names of records.
    fn names(&self, records: Vec<u32>) -> Result<AHashMap<u32, Name<'_>>, RunError> {
        self.of_each(records, |record, _| self.archive.name(record))
    }

    /// The sizes of the sets of records.
    fn sizes(&self, records: Vec<u32>) -> Result<AHashMap<u32, u32>, RunError> {
        self.of_each(records, |record, bench| self.found.size(record, self.archive, bench))
    }

    /// Something of each record; the first error in their order.
    fn of_each<T: Send>(
        &self,
        mut records: Vec<u32>,
        of: impl Fn(u32, &mut Workspace) -> Result<T, RunError> + Sync,
    ) -> Result<AHashMap<u32, T>, RunError> {
        records.sort_unstable();
        records.dedup();
        let all: Vec<Result<T, RunError>> = records
            .par_iter()
            .map_init(Workspace::default, |bench, &record| of(record, bench))
            .collect();
        let mut map = AHashMap::with_capacity(all.len());
        for (record, one) in records.into_iter().zip(all) {
            map.insert(record, one?);
        }
        Ok(map)
    }
}

/// What a text shares with itself.
fn same(size: u32) -> Overlap {
    Overlap { shared: size, first: size, second: size }
}

/// The next members of the next clusters; `left` is the cluster that the last
/// ones were not the end of.
fn spans(
    reader: &mut outcome::Clusters<'_>,
    left: &mut Option<Head>,
) -> Result<Vec<Span>, RunError> {
    let (mut spans, mut room) = (Vec::new(), AHEAD);
    while room > 0 {
        let begins = left.is_none();
        let head = match left.take() {
            Some(head) => head,
            None => match reader.next_head()? {
                Some(head) => head,
                None => break,
            },
        };
        let mut members = Vec::new();
        reader.members(room, &mut members)?;
        let ends = reader.is_over();
        room -= members.len();
        if !ends {
            *left = Some(head);
        }
        spans.push(Span { head, members, begins, ends });
    }
    Ok(spans)
}
