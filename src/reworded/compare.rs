//! Two documents with verified pairs of units -> the passages that they both
//! tell.
//!
//! Joins the stages from regions to the choice of the better passages.
//!
//! * time: that of [`local`](crate::reworded::local) on the regions, twice
//!   where a summary is possible
//! * space: linear in the units alike

use crate::options::WORD_WEIGHT;
use crate::reworded::Point;
use crate::reworded::Setting;
use crate::reworded::Telling;
use crate::reworded::UnitSpan;
use crate::reworded::choose;
use crate::reworded::cluster;
use crate::reworded::hull;
use crate::reworded::local::Alike;
use crate::reworded::local::Local;
use crate::reworded::measure::Measure;
use crate::reworded::regions;
use crate::reworded::regions::GROW;
use crate::reworded::regions::GROW_WIDE;
use crate::reworded::regions::Region;
use crate::reworded::summary;

/// Weight of the shortest passage of which anything can be said: twenty
/// words, a long sentence.
pub const LEAST: u32 = 20 * WORD_WEIGHT;

/// Working memory for comparing documents.
#[derive(Debug, Default)]
pub struct Comparer {
    local: Local,
    alike: Alike,
    refused: Vec<Region>,
}

/// What a comparison is about.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Rank of the first document.
    pub a: u32,
    /// Rank of the second, which may be the same.
    pub b: u32,
    /// Weight of the shortest passage wanted.
    pub least: u32,
}

impl Comparer {
    /// Finds the passages of two documents, and those that differ in their
    /// figures only, both sorted. Reorders `points`, the
    /// verified pairs of units; inside one document the earlier unit comes
    /// first.
    pub fn compare(
        &mut self,
        setting: &Setting<'_>,
        pair: Pair,
        points: &mut [Point],
    ) -> (Vec<Telling>, Vec<Region>) {
        let weight = |span| setting.corpus.weight(span);
        self.local.open(setting, pair.a);
        let narrow = regions(setting, pair, points, GROW);
        let mut all = Alike::default();
        let mut found = Vec::new();
        for group in &narrow {
            self.look(setting, group);
            self.passages(setting, pair, group, &mut found);
            all.weak.append(&mut self.alike.weak);
            all.strong.append(&mut self.alike.strong);
        }
        if may_be_scattered(&all.weak, &found) {
            let wide = regions(setting, pair, points, GROW_WIDE);
            let looked_at = narrow == wide;
            let wide = wide.concat();
            self.alike = all;
            if looked_at {
                self.alike.sort();
            } else {
                self.look(setting, &wide);
            }
            for t in self.summaries(setting, pair, &wide) {
                summary::replace(&mut found, t, weight);
            }
        }
        choose::best(&mut found, weight);
        let mut refused = std::mem::take(&mut self.refused);
        refused.sort_unstable();
        refused.dedup();
        (found, refused)
    }

    /// Compares the units of regions and of no others.
    fn look(&mut self, setting: &Setting<'_>, regions: &[Region]) {
        self.alike.weak.clear();
        self.alike.strong.clear();
        for &region in regions {
            self.local.compare(setting, region, &mut self.alike);
        }
        self.alike.sort();
    }

    fn passages(
        &mut self,
        setting: &Setting<'_>,
        pair: Pair,
        regions: &[Region],
        found: &mut Vec<Telling>,
    ) {
        let Comparer { local, alike, refused } = self;
        let judge = Judge { setting, pair, regions };
        cluster::passages(&mut alike.weak, &mut |own| {
            if !founded(own, &alike.strong) {
                return true;
            }
            let verdict = judge.verdict(local, own, Measure::is_alike);
            found.extend(verdict.telling);
            refused.extend(verdict.refused);
            verdict.alike
        });
    }

    fn summaries(&mut self, setting: &Setting<'_>, pair: Pair, regions: &[Region]) -> Vec<Telling> {
        let Comparer { local, alike, .. } = self;
        let judge = Judge { setting, pair, regions };
        let mut found = Vec::new();
        let lopsided = |t: &Telling| summary::is_lopsided(t, |s| setting.corpus.weight(s));
        summary::clusters(&mut alike.weak, &mut |own| {
            if founded(own, &alike.strong) {
                let verdict = judge.verdict(local, own, Measure::is_summary);
                found.extend(verdict.telling.filter(lopsided));
            }
        });
        found
    }
}

/// Groups of regions of two documents.
fn regions(setting: &Setting<'_>, pair: Pair, points: &mut [Point], grow: u32) -> Vec<Vec<Region>> {
    let document = |rank| setting.corpus.document(rank);
    if pair.a == pair.b {
        regions::within(points, document(pair.a), grow)
    } else {
        regions::across(points, (document(pair.a), document(pair.b)), grow)
    }
}

/// Whether units of both documents are alike that no one passage explains.
fn may_be_scattered(alike: &[Point], found: &[Telling]) -> bool {
    let (Some(first), [] | [_]) = (alike.first(), found) else {
        return !found.is_empty();
    };
    let one = |n| UnitSpan { start: n, end: n + 1 };
    let told = |p: &Point| found.iter().any(|t| t.a.meets(one(p.0)) && t.b.meets(one(p.1)));
    let several = alike.iter().any(|p| p.0 != first.0) && alike.iter().any(|p| p.1 != first.1);
    several && !alike.iter().all(told)
}

/// Whether one of some points is among those that may found a passage, all
/// sorted.
fn founded(own: &[Point], strong: &[Point]) -> bool {
    own.iter().any(|p| strong.binary_search(p).is_ok())
}

struct Verdict {
    /// Whether the two sides are alike, so that the cluster need not be split.
    alike: bool,
    telling: Option<Telling>,
    /// The two sides, if all but the figures is as it should be.
    refused: Option<Region>,
}

/// What passages of two documents are judged by.
struct Judge<'a> {
    setting: &'a Setting<'a>,
    pair: Pair,
    regions: &'a [Region],
}

impl Judge<'_> {
    /// Judges the passages that hold some points, as alike by `is_alike`.
    fn verdict(
        &self,
        local: &mut Local,
        own: &[Point],
        is_alike: fn(&Measure, usize) -> bool,
    ) -> Verdict {
        let (a, b) = hull(own);
        if a.meets(b) {
            return Verdict { alike: false, telling: None, refused: None };
        }
        let corpus = self.setting.corpus;
        local.weigh(self.setting, self.around(a, b));
        let m = local.measure(self.setting, a, b);
        let whole = if self.pair.a == self.pair.b {
            self.setting.logs.of(corpus.document(self.pair.a).len())
        } else {
            self.setting.vocabulary.whole()
        };
        let long = corpus.weight(a).min(corpus.weight(b)) >= self.pair.least.max(LEAST);
        let alike = is_alike(&m, own.len());
        let good = alike && long && m.is_no_accident(whole);
        let other = good && m.is_other_figures();
        let telling = Telling {
            a,
            b,
            cosine: m.cosine(),
            shared: m.unusual.both as u32,
            unusual: m.unusual.less() as u32,
        };
        Verdict {
            alike,
            telling: (good && !other).then_some(telling),
            refused: other.then_some((a, b)),
        }
    }

    /// The region that two passages were found in, or what is around them.
    fn around(&self, a: UnitSpan, b: UnitSpan) -> Region {
        let holds = |(x, y): &&Region| a.common(*x) == a && b.common(*y) == b;
        self.regions.iter().find(holds).copied().unwrap_or_else(|| {
            let all = |rank| self.setting.corpus.document(rank);
            if self.pair.a == self.pair.b {
                (a, b)
            } else {
                (a.grown(GROW, all(self.pair.a)), b.grown(GROW, all(self.pair.b)))
            }
        })
    }
}
