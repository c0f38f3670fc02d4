//! Tests of the search for reworded passages, from texts to clusters.

use std::ops::Range;

use super::*;
use crate::hash;
use crate::report::Cluster;
use crate::report::Kind;
use crate::run::passages;
use crate::span::ByteSpan;

const SYLLABLES: &[&str] =
    &["ta", "lo", "mi", "ver", "usa", "ken", "dri", "po", "shu", "bel", "na", "go"];

/// A passage and a retelling of it.
struct Story {
    told: &'static str,
    retold: &'static str,
    /// Words of which sentences on other matters are made.
    words: &'static str,
    syllables: &'static [&'static str],
    blank: &'static str,
    stop: &'static str,
}

const ENGLISH: Story = Story {
    told: "The keeper of the lighthouse on Skellig wrote a diary for forty years. Every evening he \
           noted the wind, the ships that passed and the birds that struck the lantern. When the \
           station was automated in March, his daughter gave the notebooks to the maritime museum \
           in Cork, where two historians are now copying them page by page.",
    retold: "Two historians in Cork are busy copying, page after page, the notebooks of a man who \
             was keeper of the lighthouse on Skellig. His daughter handed them to the maritime \
             museum when the station became automated in March. For forty years he had noted in \
             this diary each evening which ships passed, how the wind blew and what birds had \
             struck the lantern.",
    words: "water road tree child letter morning window friend river table garden winter doctor \
            bread music paper horse kitchen summer mountain brother engine village carpet market \
            pencil shirt cloud orange basket candle sugar bridge button forest pocket silver \
            turns holds calls opens finds leaves keeps paints sells brings shows makes moves \
            slowly often never again later under before almost alone small green heavy quiet",
    syllables: SYLLABLES,
    blank: " ",
    stop: ". ",
};

const CHINESE: Story = Story {
    told: "灯塔看守人在小岛上写了四十年的日记。每天傍晚他都记下风向、经过的船只以及撞上灯笼的海鸟。\
           三月灯塔改为自动运行以后，他的女儿把这些笔记本捐给了海事博物馆，两位历史学家正在那里逐页抄录。",
    retold: "在海事博物馆，两位历史学家逐页抄录着一批笔记本。它们是灯塔看守人的女儿捐出的，那时正值三月，\
             灯塔刚刚改为自动运行。四十年里，看守人在小岛上坚持写日记，每到傍晚就记下撞上灯笼的海鸟、\
             经过的船只和当天的风向。",
    words: "农夫 老师 邻居 委员会 面包 木头 自行车 花园 信件 早晨 学校 朋友 夏天 道路 孩子 窗户 桌子 冬天 医生 \
            音乐 纸张 马匹 厨房 高山 兄弟 机器 村庄 地毯 市场 铅笔 衬衫 云彩 橙子 篮子 蜡烛 白糖 纽扣 森林 \
            找到 卖掉 粉刷 丢失 搬走 描述 忘记 修好 打开 离开 慢慢 经常 再次 几乎 安静 绿色",
    syllables: &[
        "阿", "卡", "迪", "莫", "森", "巴", "洛", "伊", "谢", "斯", "图", "克", "芬", "戈",
    ],
    blank: "",
    stop: "。",
};

const THAI: Story = Story {
    told: "ผู้ดูแลประภาคารบนเกาะเล็กเขียนบันทึกประจำวันมาสี่สิบปี ทุกเย็นเขาจดทิศทางลม เรือที่แล่นผ่าน \
           และนกทะเลที่บินชนโคมไฟ เมื่อประภาคารเปลี่ยนเป็นระบบอัตโนมัติในเดือนมีนาคม \
           ลูกสาวของเขามอบสมุดบันทึกให้พิพิธภัณฑ์ทางทะเล ซึ่งนักประวัติศาสตร์สองคนกำลังคัดลอกทีละหน้า",
    retold: "ที่พิพิธภัณฑ์ทางทะเล นักประวัติศาสตร์สองคนกำลังคัดลอกสมุดบันทึกทีละหน้า \
             ลูกสาวของผู้ดูแลประภาคารมอบให้เมื่อเดือนมีนาคม ตอนที่ประภาคารเปลี่ยนเป็นระบบอัตโนมัติ \
             ตลอดสี่สิบปีบนเกาะเล็กเขาจดทุกเย็นว่ามีนกทะเลบินชนโคมไฟ เรือที่แล่นผ่าน และทิศทางลมอย่างไร",
    words: "ชาวนา ครู เพื่อนบ้าน หมา กรรมการ ขนมปัง สะพาน จักรยาน ประตู จดหมาย เช้า โรงเรียน ฤดูร้อน ถนน \
            ต้นไม้ เด็ก หน้าต่าง โต๊ะ ฤดูหนาว หมอ ดนตรี กระดาษ ม้า ครัว ภูเขา พี่ชาย เครื่องยนต์ หมู่บ้าน \
            พรม ตลาด ดินสอ เสื้อ เมฆ ส้ม ตะกร้า เทียน น้ำตาล กระดุม ป่า พบ ขาย ทาสี แบก ลืม ซ่อม เปิด ช้า \
            บ่อย เงียบ สีเขียว",
    syllables: &["อา", "กา", "ดิ", "โม", "เซ", "บา", "โล", "อี", "เช", "ซู", "ตู", "เก", "ฟา", "โก"],
    blank: "",
    stop: "\n\n",
};

/// Sentences of ten words on other matters: every other one is common, the
/// rest are made of syllables and mean nothing.
fn filler(story: &Story, sentences: usize, seed: u64) -> String {
    let words: Vec<&str> = story.words.split_whitespace().collect();
    let mut state = seed;
    let mut next = |n: usize| (hash::splitmix64(&mut state) % n as u64) as usize;
    let mut sentence = || {
        let mut one = |n: usize| match n % 2 {
            0 => words[next(words.len())].to_owned(),
            _ => (0..3).map(|_| story.syllables[next(story.syllables.len())]).collect(),
        };
        (0..10).map(&mut one).collect::<Vec<String>>().join(story.blank) + story.stop
    };
    (0..sentences).map(|_| sentence()).collect()
}

/// Texts of which two, the fourth and the eighth, tell the story, and where
/// they do.
fn corpus(story: &Story) -> (Vec<String>, [Place; 2]) {
    let mut texts: Vec<String> = (0..12).map(|n| filler(story, 6 + n % 5, n as u64)).collect();
    let mut places = Vec::new();
    for (n, passage) in [(3, story.told), (7, story.retold)] {
        let text = &mut texts[n];
        let start = text.len();
        text.push_str(passage);
        places.push((n, start..text.len()));
        text.push_str(story.stop);
        text.push_str(&filler(story, 7, 100 + n as u64));
    }
    (texts, places.try_into().unwrap())
}

fn search_in(texts: &[String], scope: Scope) -> Found {
    let texts: Vec<(&str, &str)> = texts.iter().map(|t| ("", t.as_str())).collect();
    let options = FindOptions { scope, pairs: true, ..FindOptions::default() };
    find(&texts, &options).unwrap()
}

type Place = (usize, Range<usize>);

fn place((document, span): (u32, ByteSpan)) -> Place {
    (document as usize, span.start as usize..span.end as usize)
}

fn places(cluster: &Cluster) -> Vec<Place> {
    cluster.occurrences.iter().map(|o| place((o.document, o.span))).collect()
}

/// Asserts that what was found is at least four fifths of what was told, and
/// the other way round.
fn assert_near(name: &str, got: &[Place], expected: &[Place]) {
    assert_eq!(got.len(), expected.len(), "{name}: {got:?}");
    for ((d, span), (document, told)) in got.iter().zip(expected) {
        assert_eq!(d, document, "{name}");
        let common = span.end.min(told.end).saturating_sub(span.start.max(told.start));
        assert!(10 * common >= 8 * told.len().max(span.len()), "{name}: {span:?} for {told:?}");
    }
}

const STORIES: [(&str, &Story); 3] =
    [("English", &ENGLISH), ("Chinese", &CHINESE), ("Thai", &THAI)];

#[test]
fn a_story_told_in_other_words_and_order_is_found_in_every_script() {
    for (name, story) in STORIES {
        let (texts, told) = corpus(story);
        let found = search_in(&texts, Scope::Across);
        assert_eq!(found.clusters.len(), 1, "{name}");
        let cluster = &found.clusters[0];
        assert_eq!((cluster.kind, cluster.documents), (Kind::Reworded, 2));
        assert_near(name, &places(cluster), &told);
        // The same for the pair, whose score is a part of the whole.
        assert_eq!(found.pairs.len(), 1);
        let pair = &found.pairs[0];
        assert_eq!([place(pair.a), place(pair.b)].to_vec(), places(cluster), "{name}");
        assert!(0 < pair.score.matches && pair.score.matches < pair.score.columns);
        assert_eq!(search_in(&texts, Scope::Within).clusters, []);
    }
}

#[test]
fn a_story_told_again_in_the_same_text_is_found() {
    for (name, story) in STORIES {
        let mut text = filler(story, 12, 1);
        let mut told = Vec::new();
        for (passage, seed) in [(story.told, 2), (story.retold, 3)] {
            told.push((0, text.len()..text.len() + passage.len()));
            text += &(passage.to_owned() + story.stop + &filler(story, 12, seed));
        }
        let texts = [text];
        for scope in [Scope::Within, Scope::All] {
            let found = search_in(&texts, scope);
            assert_eq!(found.clusters.len(), 1, "{name}");
            assert_near(name, &places(&found.clusters[0]), &told);
        }
        assert_eq!(search_in(&texts, Scope::Across).clusters, []);
    }
}

#[test]
fn what_neighbours_have_in_common_is_no_retelling() {
    let told = "The keeper of the lighthouse on Skellig wrote a diary for forty years and noted \
                every evening the ships that passed and the birds that struck his lantern. ";
    let retold = "In the diary of the keeper of the lighthouse on Skellig we find for forty years \
                  each evening the birds that had struck his lantern and the passed ships. ";
    let text = |between| {
        let between = filler(&ENGLISH, between, 8);
        [filler(&ENGLISH, 9, 1) + told + &between + retold + &filler(&ENGLISH, 9, 2)]
    };
    assert_eq!(search_in(&text(1), Scope::Within).clusters, []);
    assert_eq!(search_in(&text(9), Scope::Within).clusters.len(), 1);
}

#[test]
fn texts_without_a_retelling_give_nothing() {
    let options = FindOptions::default();
    assert_eq!(find(&[], &options).unwrap(), Found::default());
    for text in ["", "...", "one", "中", "1 2 3"] {
        let found = find(&[("", text), ("", text), ("", "other")], &options).unwrap();
        assert_eq!((found.clusters, found.pairs), (vec![], vec![]));
    }
    for (name, story) in STORIES {
        let texts: Vec<String> = (0..30).map(|n| filler(story, 20, n)).collect();
        let found = search_in(&texts, Scope::All);
        assert_eq!(found.clusters, [], "{name}");
    }
}

#[test]
fn a_template_filled_with_other_figures_is_no_retelling() {
    let mut state = 9;
    let mut next = |n: u64| hash::splitmix64(&mut state) % n;
    let mut notice = |_| {
        format!(
            "The quarterly dividend of the Wexford canal company was set at {}.{} cents a share, \
             payable on May {} to holders of record on April {}. Revenues of its barges rose to \
             {},{} pounds from {},{} pounds, and tonnage of barley reached {}. ",
            next(90) + 10,
            next(90) + 10,
            next(30),
            next(30),
            next(900) + 100,
            next(900) + 100,
            next(900) + 100,
            next(900) + 100,
            next(9000) + 1000,
        )
    };
    let mut notices: Vec<String> = (0..8).map(&mut notice).collect();
    let among = |notices: &[String]| -> Vec<String> {
        let text = |(n, notice): (u64, &String)| {
            filler(&ENGLISH, 4, n) + notice + &filler(&ENGLISH, 4, 500 + n)
        };
        (0..).zip(notices).map(text).collect()
    };
    assert_eq!(search_in(&among(&notices), Scope::Across).clusters, []);
    // Once the figures happen to be the same.
    notices.push(notices[5].clone());
    assert_eq!(search_in(&among(&notices), Scope::Across).clusters, []);
    // With the same figures it is one: the sentence is unusual enough.
    let same = notices[3].replace("The quarterly dividend", "A dividend for the quarter");
    let texts = among(&[notices[3].clone(), filler(&ENGLISH, 20, 99), same]);
    assert_ne!(search_in(&texts, Scope::Across).clusters, []);
}

#[test]
fn figures_alone_are_nothing_in_common() {
    let figures: String = (0..60).map(|n| format!("{} ", 7919 * n)).collect();
    let table =
        |n: u64| format!("{}. {figures}. {}", filler(&ENGLISH, 5, n), filler(&ENGLISH, 5, 50 + n));
    let texts: Vec<String> = (0..6).map(table).collect();
    assert_eq!(search_in(&texts, Scope::All).clusters, []);
}

#[test]
fn a_summary_of_a_long_text_is_one_passage() {
    // Each sentence of the summary has words of two sentences of the text.
    let sentence = |n: usize| {
        let word = |i: usize| format!("{}{}{}", SYLLABLES[n % 12], SYLLABLES[i], SYLLABLES[n / 12]);
        (0..8).map(word).collect::<Vec<_>>()
    };
    let long: String = (0..36).map(|n| sentence(n).join(" ") + " of the other. ").collect();
    let parts = |n: usize| [&sentence(n)[1..7], &sentence(n + 4)[1..7]].concat().join(" ");
    let summary: String = (0..4).map(|n| parts(1 + 8 * n) + " and so. ").collect();
    let start = filler(&ENGLISH, 10, 3);
    let told = start.len()..start.len() + summary.len();
    let mut texts: Vec<String> = (10..20).map(|n| filler(&ENGLISH, 20, n)).collect();
    texts.insert(2, start + &summary + &filler(&ENGLISH, 10, 4));
    texts.insert(6, long.clone());
    let found = search_in(&texts, Scope::Across);
    assert_eq!(found.pairs.len(), 1, "{:?}", found.pairs);
    let (a, b) = (place(found.pairs[0].a), place(found.pairs[0].b));
    assert_near("summary", &[a], &[(2, told)]);
    assert!(b.0 == 6 && 10 * b.1.len() >= 8 * long.len(), "{b:?} of {}", long.len());
}

#[test]
fn all_copies_of_a_text_are_in_the_family() {
    let (mut texts, _) = corpus(&ENGLISH);
    texts.push(texts[3].clone());
    texts.push(texts[7].to_uppercase());
    let found = search_in(&texts, Scope::Across);
    assert_eq!(found.clusters.len(), 1);
    let documents = |c: &Cluster| places(c).iter().map(|p| p.0).collect::<Vec<_>>();
    assert_eq!(documents(&found.clusters[0]), [3, 7, 12, 13]);
    assert_eq!(found.clusters[0].occurrences.iter().filter(|o| o.leader).count(), 1);
    assert_eq!(found.pairs.len(), 4);
}

/// Texts made of few sentences with words changed here and there, so that
/// much is told again.
fn retellings(seed: u64) -> Vec<String> {
    let mut state = seed;
    let mut next = |n: usize| (hash::splitmix64(&mut state) % n as u64) as usize;
    let sentences: Vec<String> = (0..12).map(|n| filler(&ENGLISH, 1, 1000 * seed + n)).collect();
    let mut text = |n: usize| {
        let mut text = filler(&ENGLISH, 3, 7000 + n as u64);
        for _ in 0..next(25) {
            let mut words: Vec<&str> = sentences[next(12)].split(' ').collect();
            let (x, y) = (next(words.len()), next(words.len()));
            words.swap(x, y);
            words.remove(next(words.len()));
            text += &(words.join(" ") + ". ");
        }
        text
    };
    (0..20).map(&mut text).collect()
}

#[test]
fn the_number_of_threads_makes_no_difference() {
    for seed in 0..4 {
        let texts = retellings(seed);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| search_in(&texts, Scope::All))
        };
        let expected = with(1);
        assert!(!expected.clusters.is_empty() && !expected.pairs.is_empty());
        assert_eq!(with(2), expected);
        assert_eq!(with(7), expected);
    }
}

#[test]
fn the_order_of_the_texts_makes_no_difference_to_the_pairs() {
    for seed in 0..6 {
        let texts = retellings(seed);
        // Number `n` comes to stand where `order` has it.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&n| hash::window(&[n as u64, seed]));
        let moved: Vec<String> = order.iter().map(|&n| texts[n].clone()).collect();
        let pairs = |texts: &[String], name: &dyn Fn(usize) -> usize| {
            let mut all: Vec<_> = search_in(texts, Scope::All)
                .pairs
                .iter()
                .map(|p| {
                    let named = |(d, span): Place| (name(d), span.start, span.end);
                    let (x, y) = (named(place(p.a)), named(place(p.b)));
                    (x.min(y), x.max(y), p.score.matches, p.score.columns)
                })
                .collect();
            all.sort_unstable();
            all
        };
        assert_eq!(pairs(&moved, &|n| order[n]), pairs(&texts, &|n| n), "seed {seed}");
    }
}

#[test]
fn no_text_makes_it_panic() {
    let parts = [
        "a", "word ", "中国", ". ", "!", "\n\n", "กา", "3", "3.14 ", "。", " ", "\u{301}", "ﷺ",
        "🙂",
    ];
    for seed in 0..200 {
        let mut state = seed;
        let mut next = |n: u64| hash::splitmix64(&mut state) % n;
        let few = 1 + next(parts.len() as u64);
        let texts: Vec<String> = (0..next(6))
            .map(|_| (0..next(600)).map(|_| parts[next(few) as usize]).collect())
            .collect();
        let found = search_in(&texts, Scope::All);
        for p in found.pairs.iter().flat_map(|p| [p.a, p.b]) {
            assert!(!p.1.of(&texts[p.0 as usize]).is_empty());
        }
    }
}

#[test]
fn copies_are_told_as_copies_and_the_rest_as_reworded() {
    let (mut texts, told) = corpus(&ENGLISH);
    // The retelling in a third text, word by word.
    let copy = ENGLISH.retold.to_owned() + ". " + &filler(&ENGLISH, 9, 77);
    texts.push(copy);
    let named: Vec<(&str, &str)> = texts.iter().map(|t| ("", t.as_str())).collect();
    let options = FindOptions { reworded: true, pairs: true, ..FindOptions::default() };
    let found = passages::find(&named, &options).unwrap();
    let kinds: Vec<Kind> = found.clusters.iter().map(|c| c.kind).collect();
    assert_eq!(kinds, [Kind::Passage, Kind::Reworded]);
    let copied = (12, 0..ENGLISH.retold.len());
    assert_near("copies", &places(&found.clusters[0]), &[told[1].clone(), copied.clone()]);
    let all = [told[0].clone(), told[1].clone(), copied];
    assert_near("retellings", &places(&found.clusters[1]), &all);
    let clusters: Vec<u32> = found.pairs.iter().map(|p| p.cluster).collect();
    assert_eq!(clusters, [2, 2, 1], "each pair once, that of copies as such");
    assert_eq!(found.summary.clusters, 2);
    let plain = passages::find(&named, &FindOptions { reworded: false, ..options }).unwrap();
    assert_eq!(plain.clusters, found.clusters[..1]);
}
