use super::*;
use crate::differ::Words;
use crate::options::dedup::DedupOptions;
use crate::report::dedup::Cluster;
use crate::report::dedup::Deduped;
use crate::report::dedup::Summary;
use crate::report::totals::Cost;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The formats declared once more: types, names and order as in the contract.
mod declared {
    use super::*;

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
        threshold: f64,
        measure: String,
        ngram: u64,
        unit: String,
        num_perm: u64,
        bands: Option<u64>,
        rows: Option<u64>,
        recall: f64,
        exact: bool,
        cluster: String,
        keep: String,
        distinct_numbers: bool,
        against: bool,
        seed: u64,
    }

    #[derive(Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Side {
        id: Value,
        path: String,
        record: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        shingles: Option<u64>,
    }

    #[derive(Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Cluster {
        r#type: String,
        id: u64,
        size: u64,
        kept: Option<Side>,
        #[serde(skip_serializing_if = "Option::is_none")]
        leader: Option<Side>,
        kind: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        weakest: Option<f64>,
        members: Vec<Member>,
    }

    #[derive(Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Member {
        id: Value,
        path: String,
        record: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        shingles: Option<u64>,
        score: f64,
        intersection: u64,
        union: u64,
        exact: bool,
        kept: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        differs: Option<Differs>,
    }

    #[derive(Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Differs {
        removed: Vec<String>,
        removed_more: u64,
        kept: Vec<String>,
        kept_more: u64,
    }

    #[derive(Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Pair {
        r#type: String,
        a: Side,
        b: Side,
        score: f64,
        intersection: u64,
        union: u64,
    }

    #[derive(Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Summary {
        r#type: String,
        records: u64,
        kept: u64,
        removed: u64,
        rejected: u64,
        exact_duplicates: u64,
        near_duplicates: u64,
        clusters: u64,
        largest_cluster: u64,
        largest_cluster_weakest: Option<f64>,
        short: u64,
        empty: u64,
        reference: u64,
        reference_rejected: u64,
        files_skipped: u64,
        files_lost: u64,
        bytes_in: u64,
        bytes_out: u64,
        ngram: u64,
        unit: String,
        bands: u64,
        rows: u64,
        recall: f64,
        candidates: u64,
        refused: u64,
        refused_by_numbers: u64,
        large_buckets: u64,
    }
}

/// Asserts that a line has just the members that were declared, in order.
#[track_caller]
fn conforms<T: DeserializeOwned + Serialize>(line: &[u8]) {
    let line = std::str::from_utf8(line).unwrap().strip_suffix('\n').unwrap();
    let read: T = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    let mut again = Vec::new();
    put(&read, &mut again).unwrap();
    assert_eq!(std::str::from_utf8(&again).unwrap(), line);
}

fn plan(change: impl Fn(&mut DedupOptions)) -> DedupPlan {
    let mut options = DedupOptions::default();
    change(&mut options);
    DedupPlan::new(&options).unwrap()
}

fn name(label: &str, record: Option<u64>) -> Name<'static> {
    Name { label: label.to_owned(), path: "a \"b\".jsonl".into(), record }
}

fn member(record: u32, shared: u32, exact: bool) -> dedup::Member {
    let overlap = Overlap { shared, first: 10, second: 30 };
    dedup::Member { record, overlap, exact, differs: None }
}

fn cluster(members: Vec<dedup::Member>) -> Cluster {
    let mut clusters = Deduped::new(
        vec![Cluster { id: 0, kind: Kind::Near, leader: 2, members }],
        9,
        Measure::Jaccard,
    )
    .clusters;
    clusters.remove(0)
}

fn written(plan: &DedupPlan, cluster: &Cluster) -> Vec<u8> {
    let mut out = Vec::new();
    let mut clusters = Clusters::new(plan, &mut out);
    let head = &cluster.head(plan.options().measure);
    clusters.begin(head, &name("\"lead\"", Some(3))).unwrap();
    for member in &cluster.members {
        clusters.member(head, member, &name("17", Some(member.record.into()))).unwrap();
    }
    clusters.end().unwrap();
    out
}

#[test]
fn every_member_of_every_record_stands_in_its_place() {
    let mut near = member(4, 7, false);
    let words =
        |first: &[&str], more| Words { first: first.iter().map(|&w| w.to_owned()).collect(), more };
    near.differs = Some(Box::new((words(&["a", "\u{202e}"], 3), words(&[], 0))));
    let cluster = cluster(vec![member(2, 10, true), near]);
    let totals =
        Totals { found: Summary { recall: 0.99999, ..Summary::default() }, ..Totals::default() };
    for plan in [
        plan(|_| ()),
        plan(|o| o.exact = true),
        plan(|o| o.measure = Measure::Containment),
        plan(|o| o.cluster = Linking::Connected),
        plan(|o| o.keep = Keep::None),
        plan(|o| o.keep = Keep::Max("a.b".to_owned())),
    ] {
        let measure = plan.options().measure;
        let mut out = Vec::new();
        header(CLUSTERS, &plan, &mut out).unwrap();
        conforms::<declared::Header>(&out);
        conforms::<declared::Cluster>(&written(&plan, &cluster));
        out.clear();
        let overlap = Overlap { shared: 1, first: 2, second: 3 };
        let sides = (&name("{\"k\":[1.5,\"\u{9b}\"]}", Some(1)), &name("\"x\"", None));
        pair(&Pair { a: 0, b: 1, overlap }, sides, measure, &mut out).unwrap();
        conforms::<declared::Pair>(&out);
        out.clear();
        summary(&totals, &plan, &mut out).unwrap();
        conforms::<declared::Summary>(&out);
        out.clear();
        totals.write(&plan, Cost { seconds: 1.5, peak_memory: None }, &mut out).unwrap();
        let file: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((&file["seconds"], &file["recall"]), (&1.5.into(), &0.9999.into()));
    }
}

#[test]
fn a_cluster_is_one_line_however_many_its_members() {
    let members: Vec<dedup::Member> = (2..5).map(|r| member(r, 9, false)).collect();
    let line = written(&plan(|_| ()), &cluster(members));
    let read: Value = serde_json::from_slice(&line).unwrap();
    assert_eq!((read["members"].as_array().unwrap().len(), &read["size"]), (3, &3.into()));
    assert_eq!(line.iter().filter(|&&b| b == b'\n').count(), 1);
    let kept: Vec<bool> =
        read["members"].as_array().unwrap().iter().map(|m| m["kept"].as_bool().unwrap()).collect();
    assert_eq!(kept, [true, false, false]);
}

#[test]
fn scores_are_rounded_down_and_never_below_a_threshold_they_passed() {
    let of = |shared, first, second| score(Measure::Jaccard, Overlap { shared, first, second });
    assert_eq!(of(2, 3, 3).to_string(), "0.5");
    assert_eq!(of(2, 2, 3).to_string(), "0.6666");
    assert_eq!(of(4, 4, 5).to_string(), "0.8");
    assert_eq!(of(u32::MAX - 1, u32::MAX - 1, u32::MAX).to_string(), "0.9999");
    assert_eq!(of(0, 0, 0).to_string(), "0");
    let inside = Overlap { shared: 2, first: 2, second: 300 };
    assert_eq!(score(Measure::Containment, inside).to_string(), "1");
}

#[test]
fn annotations_hold_what_became_of_a_record() {
    let lead = name("\"le\\\"ad\"", Some(3));
    let mark = Mark { cluster: 1, size: 2, leader: 2, removed: Some(member(4, 7, false).overlap) };
    let json = |fate, leader| {
        String::from_utf8(annotation("k\"", fate, leader, Measure::Jaccard)).unwrap()
    };
    assert_eq!(
        json(None, None),
        r#""k\"":{"cluster_id":null,"cluster_size":1,"kept":true,"duplicate_of":null,"score":null}"#
    );
    assert_eq!(
        json(Some(mark), Some(&lead)),
        r#""k\"":{"cluster_id":1,"cluster_size":2,"kept":false,"duplicate_of":"le\"ad","score":0.2121}"#
    );
}
