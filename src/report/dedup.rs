//! What a search for near-duplicate documents found.
//!
//! Records are numbered in the order of the input, over all files, from 0; a
//! reference set comes first. Names, ids and texts are not at hand here.

use crate::cluster::Overlap;
use crate::differ::Words;
use crate::options::dedup::Measure;

/// What makes a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// All members are the same text after normalisation.
    Exact,
    /// Some differ.
    Near,
    /// Some stand inside the record that leads, and are not the same.
    Contained,
}

/// A record of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Number of the record.
    pub record: u32,
    /// What it shares with the leader, its own shingles first. Of a text
    /// shorter than a shingle, which is compared as a whole, one of one.
    pub overlap: Overlap,
    /// Whether it is the same text as the leader after normalisation.
    pub exact: bool,
    /// The words in which it and the leader differ, if asked for: its own
    /// first. None for an exact duplicate.
    pub differs: Option<Box<(Words, Words)>>,
}

/// Records that are taken as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Number from 1 in the order of the report.
    pub id: u32,
    /// What makes it a cluster.
    pub kind: Kind,
    /// Number of the record that the others were compared with. It is kept
    /// unless all are to be removed; it may be one of the reference set.
    pub leader: u32,
    /// All members, the leader too, by record number. Two at least.
    pub members: Vec<Member>,
}

/// What the members of a cluster have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number from 1 in the order of the report.
    pub id: u32,
    /// What makes it a cluster.
    pub kind: Kind,
    /// Number of the record that the others were compared with.
    pub leader: u32,
    /// Members, the leader too.
    pub size: u32,
    /// Shingles of the leader; 0 where they were not counted.
    pub shingles: u32,
    /// The lowest score of a member against the leader.
    pub weakest: Overlap,
}

/// What becomes of a record that is in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Number of the cluster.
    pub cluster: u32,
    /// Members of it.
    pub size: u32,
    /// Number of the record that the others were compared with.
    pub leader: u32,
    /// What it shares with the leader, if it goes.
    pub removed: Option<Overlap>,
}

impl Cluster {
    /// What its members have in common.
    #[must_use]
    pub fn head(&self, measure: Measure) -> Head {
        let at = self.members.partition_point(|m| m.record < self.leader);
        Head {
            id: self.id,
            kind: self.kind,
            leader: self.leader,
            size: self.members.len() as u32,
            shingles: self.members.get(at).map_or(0, |m| m.overlap.first),
            weakest: self.weakest(measure).map(|m| m.overlap).unwrap_or_default(),
        }
    }

    /// The member with the lowest score against the leader; of equals the
    /// first. The leader itself only where it has no company.
    #[must_use]
    pub fn weakest(&self, measure: Measure) -> Option<&Member> {
        self.members.iter().min_by(|x, y| compare(measure, x.overlap, y.overlap))
    }
}

/// Compares two scores exactly.
#[must_use]
pub fn compare(measure: Measure, x: Overlap, y: Overlap) -> std::cmp::Ordering {
    let parts = |o: Overlap| (u128::from(o.shared), u128::from(whole(measure, o)));
    let ((a, n), (b, m)) = (parts(x), parts(y));
    (a * m).cmp(&(b * n))
}

/// What the shared shingles are a part of: those of both, or of the smaller.
#[must_use]
pub fn whole(measure: Measure, overlap: Overlap) -> u64 {
    match measure {
        Measure::Jaccard => overlap.union(),
        Measure::Containment => u64::from(overlap.smaller()),
    }
}

/// The score as a number, in `0..=1`; for people to read, not to decide by.
#[must_use]
pub fn score(measure: Measure, overlap: Overlap) -> f64 {
    let whole = whole(measure, overlap);
    if whole == 0 { 0.0 } else { f64::from(overlap.shared) / whole as f64 }
}

/// Two records that reach the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// Number of the first record.
    pub a: u32,
    /// Number of the second, above `a`.
    pub b: u32,
    /// What they share, `a` first.
    pub overlap: Overlap,
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate<'a> {
    /// It is in no cluster and stays.
    Alone,
    /// It leads a cluster and stays.
    Kept(&'a Cluster),
    /// It goes, as the member of a cluster.
    Removed(&'a Cluster, &'a Member),
}

/// Totals of a search for near-duplicate documents.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// Records read, without those of a reference set.
    pub records: u64,
    /// Records of the reference set.
    pub reference: u64,
    /// Records that stay.
    pub kept: u64,
    /// Records that go.
    pub removed: u64,
    /// Of those that go, the same as their leader after normalisation.
    pub exact_duplicates: u64,
    /// Of those that go, not the same as their leader. When all of a cluster
    /// go, its leader is counted among the removed alone.
    pub near_duplicates: u64,
    /// Clusters.
    pub clusters: u64,
    /// Members of the largest cluster, 0 when there is none.
    pub largest_cluster: u64,
    /// The lowest score in the largest cluster (of equals, the first).
    pub largest_cluster_weakest: Option<Overlap>,
    /// Records shorter than a shingle, which are compared as whole texts: by
    /// their tokens, or by their signs where there is no token.
    pub short: u64,
    /// Records of nothing but white space, which all stay.
    pub empty: u64,
    /// Different texts of a shingle or more, all copies counted once.
    pub documents: u64,
    /// Pairs whose sets of shingles were compared.
    pub candidates: u64,
    /// Of those, pairs below the threshold, or not in one stretch.
    pub refused: u64,
    /// Of those, pairs at or above it that differ in numbers alone.
    pub refused_by_numbers: u64,
    /// Buckets above the limit, over all bands.
    pub large_buckets: u64,
    /// Bands of the signatures, 0 when none were used.
    pub bands: u64,
    /// Rows of a band, 0 when none were used.
    pub rows: u64,
    /// Probability with which a pair exactly at the threshold is found.
    pub recall: f64,
}

/// Everything a search for near-duplicate documents found.
#[derive(Clone, Debug, PartialEq)]
pub struct Deduped {
    /// By their first member.
    pub clusters: Vec<Cluster>,
    /// Pairs by `(a, b)`; empty unless asked for. An exact duplicate is in one
    /// pair only, with the first copy.
    pub pairs: Vec<Pair>,
    /// Totals.
    pub summary: Summary,
    /// Whether leaders go like the other members.
    pub keeps_none: bool,
    /// Place of each record's cluster, or `ALONE`.
    places: Vec<u32>,
}

const ALONE: u32 = u32::MAX;

impl Deduped {
    /// Puts clusters in order, numbers them and finds each record's place.
    /// Nothing but `clusters` and `largest_cluster…` of the summary is set.
    #[must_use]
    pub fn new(mut clusters: Vec<Cluster>, records: usize, measure: Measure) -> Deduped {
        clusters.sort_unstable_by_key(|c| c.members.first().map(|m| m.record));
        let mut places = vec![ALONE; records];
        let mut summary =
            Summary { clusters: clusters.len() as u64, recall: 1.0, ..Summary::default() };
        for (place, cluster) in (0u32..).zip(&mut clusters) {
            cluster.id = place + 1;
            for member in &cluster.members {
                places[member.record as usize] = place;
            }
            if cluster.members.len() as u64 > summary.largest_cluster {
                summary.largest_cluster = cluster.members.len() as u64;
                summary.largest_cluster_weakest = cluster.weakest(measure).map(|m| m.overlap);
            }
        }
        Deduped { clusters, pairs: Vec::new(), summary, keeps_none: false, places }
    }

    /// Number of records, those of a reference set among them.
    #[must_use]
    pub fn records(&self) -> usize {
        self.places.len()
    }

    /// What becomes of a record. Time `O(log members)`.
    ///
    /// # Panics
    ///
    /// If there is no such record.
    #[must_use]
    pub fn fate(&self, record: u32) -> Fate<'_> {
        let Some(cluster) = self.clusters.get(self.places[record as usize] as usize) else {
            return Fate::Alone;
        };
        if cluster.leader == record && !self.keeps_none {
            return Fate::Kept(cluster);
        }
        let at = cluster.members.partition_point(|m| m.record < record);
        Fate::Removed(cluster, &cluster.members[at])
    }

    /// Whether a record stays.
    ///
    /// # Panics
    ///
    /// If there is no such record.
    #[must_use]
    pub fn is_kept(&self, record: u32) -> bool {
        !matches!(self.fate(record), Fate::Removed(..))
    }

    /// The records that stay, ascending, those of a reference set among them.
    pub fn kept(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.places.len() as u32).filter(|&record| self.is_kept(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlap(shared: u32) -> Overlap {
        Overlap { shared, first: 10, second: 10 }
    }

    fn cluster(leader: u32, members: &[(u32, u32)]) -> Cluster {
        let member = |&(record, shared)| Member {
            record,
            overlap: overlap(shared),
            exact: shared == 10,
            differs: None,
        };
        let members = members.iter().map(member).collect();
        Cluster { id: 0, kind: Kind::Near, leader, members }
    }

    #[test]
    fn every_record_has_its_fate() {
        let clusters = vec![cluster(5, &[(3, 9), (5, 10)]), cluster(1, &[(1, 10), (2, 8), (6, 8)])];
        let mut found = Deduped::new(clusters, 8, Measure::Jaccard);
        assert_eq!(
            found.clusters.iter().map(|c| (c.id, c.leader)).collect::<Vec<_>>(),
            [(1, 1), (2, 5)]
        );
        assert_eq!(found.kept().collect::<Vec<_>>(), [0, 1, 4, 5, 7]);
        assert!(matches!(found.fate(6), Fate::Removed(c, m) if c.id == 1 && m.record == 6));
        assert!(matches!(found.fate(5), Fate::Kept(c) if c.id == 2));
        assert_eq!(found.fate(7), Fate::Alone);
        let summary = found.summary;
        assert_eq!((summary.clusters, summary.largest_cluster), (2, 3));
        assert_eq!(summary.largest_cluster_weakest, Some(overlap(8)));
        found.keeps_none = true;
        assert_eq!(found.kept().collect::<Vec<_>>(), [0, 4, 7]);
        assert_eq!(found.records(), 8);
    }

    #[test]
    fn scores_are_compared_exactly() {
        let big = |shared| Overlap { shared, first: u32::MAX, second: u32::MAX };
        let less = compare(Measure::Jaccard, big(u32::MAX - 1), big(u32::MAX));
        assert_eq!(less, std::cmp::Ordering::Less);
        let inside = Overlap { shared: 4, first: 5, second: 50 };
        assert!((score(Measure::Containment, inside) - 0.8).abs() < 1e-12);
        assert!((score(Measure::Jaccard, inside) - 4.0 / 51.0).abs() < 1e-12);
        assert!(score(Measure::Jaccard, Overlap { shared: 0, first: 0, second: 0 }) == 0.0);
    }
}
