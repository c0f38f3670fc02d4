//! A component of so many candidate pairs that they have no room in memory ->
//! its families.
//!
//! Pairs come from the disk and are compared a part of a round at a time; what
//! comes of them goes to the disk, sorted by the document that is less
//! preferred, and is met again when that document looks for its leader. The
//! comparisons and the families are those that there would be in memory.
//!
//! * time: that of the comparisons, and a sort of the pairs
//! * space: a bit a document of the search, 4 bytes a document of the component
//!   (8 where the policy is another than the first), and shares of the memory

use crate::bits::Bits;
use crate::bits::Ranked;
use crate::cluster::Link;
use crate::cluster::Member;
use crate::cluster::Overlap;
use crate::cluster::Splitting;
use crate::external::Sorted;
use crate::external::Sorting;
use crate::keep::Ranks;
use crate::lsh::unpack;
use crate::options::dedup::Linking;
use crate::run::documents::DocumentsError;
use crate::run::documents::batches::Batches;
use crate::run::documents::batches::ROUND;
use crate::run::documents::batches::judge;
use crate::run::documents::found::ends;
use crate::run::documents::groups::Filled;
use crate::run::documents::groups::Groups;
use crate::run::documents::rows::parts;
use crate::run::documents::rows::row;
use crate::run::documents::shelf::Stack;
use crate::run::documents::source::Source;
use crate::run::room::Room;
use crate::spill::SpillError;
use ahash::AHashMap;

/// Links on disk, by the rank of the document that is less preferred.
struct Links {
    sorting: Sorting,
    /// Documents that are in some link.
    seen: Bits,
}

/// Bytes of a link: a rank, two documents, whether they are known to be alike,
/// and what they share.
const WIDTH: usize = 25;

/// The part of the free memory in which links are sorted.
const SHARE: u64 = 8;

impl Links {
    fn new(room: &Room, documents: usize) -> Links {
        let share = room.budget.share_of_free(SHARE, 1 << 10);
        let sorting = Sorting::new(&room.scratch, WIDTH, share);
        Links { sorting, seen: Bits::new(documents) }
    }

    fn add(&mut self, links: &[Link], ranks: &Ranks) -> Result<(), SpillError> {
        for &Link { a, b, known } in links {
            let rank = ranks.of(a).max(ranks.of(b));
            let Overlap { shared, first, second } = known.unwrap_or_default();
            let mut record = row::<WIDTH>([rank, a, b, shared, first, second]);
            record[WIDTH - 1] = u8::from(known.is_some());
            self.sorting.push(&record)?;
            self.seen.put(a);
            self.seen.put(b);
        }
        Ok(())
    }
}

/// The link at hand and its rank.
fn head(sorted: &Sorted) -> Option<(u32, Link)> {
    let record = sorted.head()?;
    let [rank, a, b, shared, first, second] = parts(record);
    let overlap = Overlap { shared, first, second };
    let known = (record.last() == Some(&1)).then_some(overlap);
    Some((rank, Link { a, b, known }))
}

impl<S: Source> Batches<'_, '_, S> {
    /// Compares the pairs of a component, of which the first are `pairs`, and
    /// adds its families.
    pub(super) fn giant(
        &mut self,
        groups: &mut Groups,
        mut pairs: Vec<u64>,
        most: usize,
    ) -> Result<(), DocumentsError<S::Error>> {
        let mut links = Links::new(self.job.room, self.shingles.len());
        let (mut length, mut left, mut more) = (ROUND, ROUND, true);
        // Within a round, what is connected is as it was before it.
        self.deferred = Some(Vec::new());
        loop {
            let later = pairs.split_off(left.min(pairs.len()));
            self.part(&pairs, &mut links)?;
            left -= pairs.len();
            if left == 0 {
                self.connect();
                length = length.saturating_mul(2);
                left = length;
            }
            pairs = later;
            if pairs.is_empty() {
                if !more {
                    break;
                }
                more = groups.fill(most, &mut pairs)? == Filled::Part;
            }
        }
        self.connect();
        self.deferred = None;
        self.separate(links)
    }

    /// Compares some pairs of a round.
    fn part(&mut self, pairs: &[u64], links: &mut Links) -> Result<(), DocumentsError<S::Error>> {
        let mut found = Vec::new();
        let open = self.open(pairs, &mut found);
        let members = ends(open.iter().flat_map(|&pair| <[u32; 2]>::from(unpack(pair))));
        if !members.is_empty() {
            let blocks = self.blocks(&members, self.job.set_bytes() / 2);
            self.tiles(&blocks, &open, &mut found)?;
        }
        Ok(links.add(&found, self.job.ranks)?)
    }

    /// Connects what was found to be alike.
    fn connect(&mut self) {
        for (a, b) in self.deferred.as_mut().map(std::mem::take).unwrap_or_default() {
            self.joined.union(a, b);
        }
    }

    /// The families of all components that links make.
    fn separate(&mut self, links: Links) -> Result<(), DocumentsError<S::Error>> {
        let (job, linking) = (self.job, self.job.plan.options().cluster);
        if job.plan.options().against {
            return Ok(());
        }
        let Links { sorting, seen } = links;
        let mut sorted = sorting.finish()?;
        let seen = Ranked::of(seen);
        let mut sizes: AHashMap<u32, u32> = AHashMap::new();
        for document in seen.each() {
            *sizes.entry(self.joined.find(document)).or_default() += 1;
        }
        let mut order: Vec<u32> = Vec::new();
        if *job.ranks != Ranks::Forward {
            order.extend(seen.each());
            order.sort_unstable_by_key(|&d| job.ranks.of(d));
        }
        let forward = seen.each().filter(|_| order.is_empty());
        let mut components: AHashMap<u32, Splitting> = AHashMap::new();
        let mut family = vec![0; seen.ones() as usize];
        let place = |d: u32| seen.rank(d).map_or(0, |place| place as usize);
        let mut stack = Stack::new(job, job.set_bytes());
        let bounds = job.bounds();
        let mut compare = |x: u32, leader: u32| -> Result<_, DocumentsError<S::Error>> {
            let (x, leader) = (stack.get(x)?, stack.get(leader)?);
            Ok(judge(&x, &leader, bounds, linking))
        };
        let mut meets = Vec::new();
        for document in forward.chain(order.iter().copied()) {
            let root = self.joined.find(document);
            let size = sizes.get(&root).copied().unwrap_or_default();
            let own = components.entry(root).or_insert_with(|| Splitting::new(size as usize));
            meets.clear();
            while let Some((rank, link)) = head(&sorted)
                && rank == job.ranks.of(document)
            {
                let other = family[place(link.a ^ link.b ^ document)];
                meets.push((other, own.known(other, &link)));
                sorted.step()?;
            }
            let joined = match linking {
                Linking::Leader => own.join(document, &mut meets, Some(&mut compare))?,
                Linking::Connected => own.follow(document, &mut compare)?,
            };
            family[place(document)] = joined.family;
            if let Some(overlap) = joined.overlap {
                let leader = own.leader(joined.family);
                self.found.families.join(leader, Member { document, overlap })?;
            }
        }
        Ok(())
    }
}
