//! Clusters and pairs -> their records, with the names of records.
//!
//! Names are not held: those of the next records are read from their lines by
//! all threads, in the order in which they will be asked for.
//!
//! * time: a read and a parse for each record named
//! * space: the names of some thousand records

use std::io::BufWriter;
use std::io::Write;
use std::sync::Arc;

use ahash::AHashMap;
use rayon::prelude::*;

use crate::options::dedup::DedupPlan;
use crate::report::dedup::Deduped;
use crate::report::duplicates;
use crate::report::duplicates::Clusters;
use crate::report::duplicates::Name;
use crate::report::totals::Totals;
use crate::run::RunError;
use crate::run::dedup::archive::Archive;
use crate::run::dedup::sinks::Sink;

/// Records whose names are read together.
const AHEAD: usize = 4096;

/// What is reported.
pub(super) struct Reports<'a> {
    pub(super) archive: &'a Archive<'a>,
    pub(super) found: &'a Deduped,
    pub(super) totals: &'a Totals,
    pub(super) plan: &'a DedupPlan,
}

impl Reports<'_> {
    /// Writes `twicetold.clusters/1`.
    pub(super) fn clusters(&self, sink: &mut Sink) -> Result<(), RunError> {
        if !sink.is_open() {
            return Ok(());
        }
        let mut out = BufWriter::with_capacity(1 << 16, sink);
        duplicates::header(duplicates::CLUSTERS, self.plan, &mut out)?;
        let asked = self.found.clusters.iter().flat_map(|cluster| {
            let members = cluster.members.iter().map(|m| m.record);
            std::iter::once(cluster.leader).chain(members)
        });
        let mut names = Names::new(self.archive, asked);
        let mut clusters = Clusters::new(self.plan, &mut out);
        for cluster in &self.found.clusters {
            clusters.begin(cluster, &*names.next()?)?;
            for member in &cluster.members {
                clusters.member(cluster, member, &*names.next()?)?;
            }
            clusters.end()?;
        }
        duplicates::summary(self.totals, self.plan, &mut out)?;
        out.flush().map_err(RunError::Write)
    }

    /// Writes `twicetold.pairs/1`.
    pub(super) fn pairs(&self, sink: &mut Sink) -> Result<(), RunError> {
        if !sink.is_open() {
            return Ok(());
        }
        let measure = self.plan.options().measure;
        let mut out = BufWriter::with_capacity(1 << 16, sink);
        duplicates::header(duplicates::PAIRS, self.plan, &mut out)?;
        let asked = self.found.pairs.iter().flat_map(|pair| [pair.a, pair.b]);
        let mut names = Names::new(self.archive, asked);
        for pair in &self.found.pairs {
            let (a, b) = (names.next()?, names.next()?);
            duplicates::pair(pair, (&*a, &*b), measure, &mut out)?;
        }
        duplicates::summary(self.totals, self.plan, &mut out)?;
        out.flush().map_err(RunError::Write)
    }
}

/// Names of records, in the order in which they are asked for.
struct Names<'a, I> {
    archive: &'a Archive<'a>,
    asked: I,
    /// Those that are ready, the next one last.
    ready: Vec<Arc<Name<'a>>>,
}

impl<'a, I: Iterator<Item = u32>> Names<'a, I> {
    fn new(archive: &'a Archive<'a>, asked: I) -> Names<'a, I> {
        Names { archive, asked, ready: Vec::new() }
    }

    fn next(&mut self) -> Result<Arc<Name<'a>>, RunError> {
        if self.ready.is_empty() {
            let asked: Vec<u32> = self.asked.by_ref().take(AHEAD).collect();
            let mut distinct = asked.clone();
            distinct.sort_unstable();
            distinct.dedup();
            let named: Vec<Result<Name<'a>, RunError>> =
                distinct.par_iter().map(|&record| self.archive.name(record)).collect();
            let mut names = AHashMap::with_capacity(named.len());
            for (record, name) in distinct.into_iter().zip(named) {
                names.insert(record, Arc::new(name?));
            }
            self.ready.extend(asked.iter().rev().map(|record| Arc::clone(&names[record])));
        }
        Ok(self.ready.pop().expect("as many names are asked for as were announced"))
    }
}
