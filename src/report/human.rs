//! Reports for people at a terminal.
//!
//! A cluster is a line that says what is repeated and how often, and its
//! places: the leader with an excerpt of the passage, then the others by
//! document and start, each with what sets it apart from the leader: nothing
//! ("same words"), or the words that differ; and that it stands in quotes, by
//! the rules of [`crate::text::quotes`]. A line of totals ends the report.
//!
//! ```text
//! #1  37 words, twice in article.txt
//!   article.txt:1:2  in quotes
//!     Child protection is everybody's business … has already hit home
//!   article.txt:7:2  same words, in quotes
//!
//! 1 repeated passage, 2 places, 20 % of the text in 1 document
//! ```
//!
//! A place is `path:line:column`, as editors and terminals know it; in a
//! dump `path:record (id) line:column`, where line and column count within
//! the record's text. Percentages are rounded down: 100 % is all.
//!
//! Of a cluster [`PLACES`] places are shown, with [`Style::verbose`] all; the
//! number of the others is. Control and bidi characters of texts, ids and
//! paths are always shown as escapes.
//!
//! Time is linear in the passages shown, not in the places found.

use std::borrow::Cow;
use std::io;
use std::io::Write;

use crate::options::find::Level;
use crate::options::find::Method;
use crate::report::Cluster;
use crate::report::Document;
use crate::report::Kind;
use crate::report::Occurrence;
use crate::report::Report;
use crate::report::Score;
use crate::report::excerpt;
use crate::report::excerpt::Mark;
use crate::report::excerpt::Piece;
use crate::report::visible;
use crate::report::words::Words;
use crate::report::words::differences;
use crate::text::quotes;

/// How a report for people looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether escape sequences for colours are written. Without them words
    /// that differ stand as `[-words of the leader-] {+words here+}`.
    pub color: bool,
    /// Columns of the terminal. Excerpts keep to it, between 20 and 100, as
    /// longer lines are hard to read; the lines of places do not, so that
    /// paths stay whole.
    pub width: usize,
    /// Whether all places are shown.
    pub verbose: bool,
}

impl Default for Style {
    /// No colours, 80 columns, not verbose.
    fn default() -> Style {
        Style { color: false, width: 80, verbose: false }
    }
}

/// Places shown of a cluster: with their excerpts about one screen.
pub const PLACES: usize = 10;

/// Lines of an excerpt, and the columns beyond which lines that are long
/// enough need not be filled: a sentence or two.
const LINES: usize = 3;
const COLUMNS: usize = 240;

/// Blanks before an excerpt.
const INDENT: &str = "    ";

/// Longest id shown, in columns.
const ID: usize = 40;

/// Escape sequences ("select graphic rendition", ECMA-48). Colours are those
/// of the tools people know: paths and lines as in ripgrep, differences as in
/// git.
mod sgr {
    pub(super) const RESET: &str = "\x1b[0m";
    pub(super) const BOLD: &str = "\x1b[1m";
    pub(super) const FAINT: &str = "\x1b[2m";
    pub(super) const MAGENTA: &str = "\x1b[35m";
    pub(super) const GREEN: &str = "\x1b[32m";
    /// Red and struck out, for eyes that do not tell red from green.
    pub(super) const REMOVED: &str = "\x1b[9;31m";
    /// Green and bold.
    pub(super) const ADDED: &str = "\x1b[1;32m";
}

/// Writes the report.
///
/// # Errors
///
/// What `out` answers.
pub(crate) fn write<W: Write>(report: &Report<'_>, style: &Style, out: &mut W) -> io::Result<()> {
    let mut printer = Printer { report, style, out };
    for cluster in &report.found.clusters {
        printer.cluster(cluster)?;
        printer.out.write_all(b"\n")?;
    }
    printer.painted(sgr::BOLD, &totals(report))?;
    printer.out.write_all(b"\n")?;
    if let Some(method) = method(report) {
        printer.aside("", &method)?;
    }
    Ok(())
}

struct Printer<'a, W> {
    report: &'a Report<'a>,
    style: &'a Style,
    out: &'a mut W,
}

impl<'a, W: Write> Printer<'a, W> {
    fn painted(&mut self, sgr: &str, text: &str) -> io::Result<()> {
        if self.style.color && !sgr.is_empty() {
            write!(self.out, "{sgr}{text}{}", sgr::RESET)
        } else {
            self.out.write_all(text.as_bytes())
        }
    }

    fn cluster(&mut self, cluster: &Cluster) -> io::Result<()> {
        let heading = self.heading(cluster)?;
        self.painted(sgr::BOLD, &heading)?;
        self.out.write_all(b"\n")?;
        let all = &cluster.occurrences;
        let Some(leader) = all.iter().find(|o| o.leader).or(all.first()) else {
            return Ok(());
        };
        let first = self.report.document(leader.document)?;
        self.place(&first, leader)?;
        self.note(cluster, (&first, leader), None)?;
        let text = passage(&first, leader);
        self.excerpt(excerpt::cut(text, self.room()))?;

        let limit = if self.style.verbose { all.len() } else { PLACES };
        let mut words = None;
        for other in all.iter().filter(|o| !std::ptr::eq(*o, leader)).take(limit - 1) {
            let document = self.report.document(other.document)?;
            self.place(&document, other)?;
            let here = passage(&document, other);
            if cluster.kind == Kind::Reworded {
                // Nearly all words differ; the passage itself says more.
                self.note(cluster, (&document, other), Some(false))?;
                self.excerpt(excerpt::cut(here, self.room()))?;
                continue;
            }
            let found = if here == text {
                None
            } else {
                let leader = words.get_or_insert_with(|| Words::new(text));
                differences(leader, &Words::new(here), self.room())
            };
            self.note(cluster, (&document, other), Some(found.is_none()))?;
            let Some(found) = found else { continue };
            self.excerpt(found.pieces)?;
            let left_out = found.left_out as u64;
            match (left_out, found.unfinished) {
                (0, false) => (),
                (0, true) => self.aside(INDENT, "and more differences")?,
                (n, true) => {
                    let more = counted(n, "more difference");
                    self.aside(INDENT, &format!("and at least {more}"))?;
                }
                (n, false) => {
                    self.aside(INDENT, &format!("and {}", counted(n, "more difference")))?;
                }
            }
        }
        if all.len() > limit {
            self.aside("  ", &format!("and {} more", grouped((all.len() - limit) as u64)))?;
        }
        Ok(())
    }

    /// A line about what is not shown.
    fn aside(&mut self, indent: &str, text: &str) -> io::Result<()> {
        self.out.write_all(indent.as_bytes())?;
        self.painted(sgr::FAINT, text)?;
        self.out.write_all(b"\n")
    }

    /// What a cluster is, how often and where it stands, how alike its places
    /// are.
    fn heading(&self, cluster: &Cluster) -> io::Result<String> {
        let places = &cluster.occurrences;
        let mut how = format!("#{}  ", cluster.id);
        if cluster.kind == Kind::Boilerplate {
            how.push_str("boilerplate, ");
        }
        if cluster.kind == Kind::Reworded {
            how.push_str("reworded, ");
        }
        how.push_str(&counted(u64::from(cluster.words), "word"));
        match places.as_slice() {
            [run] if run.repeats > 1 => {
                how.push_str(&format!(", {} in a row", times(u64::from(run.repeats))));
            }
            _ if cluster.documents as usize != places.len() => {
                how.push_str(&format!(", {}", times(places.len() as u64)));
            }
            _ => (),
        }
        let mut rest = String::new();
        let weakest = cluster.weakest();
        if cluster.kind == Kind::Reworded {
            rest.push_str(", ");
            rest.push_str(&shared(weakest));
            rest.push_str(if places.len() > 2 { " at least" } else { "" });
        } else if !weakest.is_exact() {
            rest.push_str(&format!(", {} % alike", weakest.parts(100)));
            rest.push_str(if places.len() > 2 { " at least" } else { "" });
        }
        if let Some(parent) = cluster.parent {
            rest.push_str(&format!(", inside #{parent}"));
        }
        let place = match (cluster.documents, places.first()) {
            (1, Some(first)) => {
                let document = self.report.document(first.document)?;
                let name = visible::name(&document.path);
                let name = match document.record {
                    Some(record) => Cow::Owned(format!("{name}:{record}")),
                    None => name,
                };
                let taken = excerpt::columns(&how) + " in ".len() + excerpt::columns(&rest);
                if taken + excerpt::columns(&name) <= self.style.width {
                    name.into_owned()
                } else {
                    "one document".to_owned()
                }
            }
            (n, _) => counted(u64::from(n), "document"),
        };
        Ok(format!("{how} in {place}{rest}"))
    }

    fn place(&mut self, document: &Document<'_>, occurrence: &Occurrence) -> io::Result<()> {
        self.out.write_all(b"  ")?;
        self.painted(sgr::MAGENTA, &visible::name(&document.path))?;
        self.out.write_all(b":")?;
        if let Some(record) = document.record {
            self.painted(sgr::GREEN, &record.to_string())?;
            self.out.write_all(b" ")?;
            if let Some(id) = id(document, record) {
                write!(self.out, "({id}) ")?;
            }
        }
        self.painted(sgr::GREEN, &occurrence.line.to_string())?;
        write!(self.out, ":{}", occurrence.column)
    }

    /// What is to be said about a place, on its line; `same` says whether it
    /// has the words of the leader, none for the leader itself.
    fn note(
        &mut self,
        cluster: &Cluster,
        (document, o): (&Document<'_>, &Occurrence),
        same: Option<bool>,
    ) -> io::Result<()> {
        let mut notes = Vec::new();
        match same {
            // Of two the heading says it.
            Some(_) if cluster.kind == Kind::Reworded && cluster.occurrences.len() == 2 => (),
            Some(_) if cluster.kind == Kind::Reworded => notes.push(shared(o.score)),
            Some(true) => notes.push("same words".to_owned()),
            // A whole score with words that differ: the span was grown to a
            // border, or a run breaks off elsewhere.
            Some(false) if !o.score.is_exact() => {
                notes.push(format!("{} % alike", o.score.parts(100)));
            }
            _ => (),
        }
        // Of a run alone the heading says it.
        if o.repeats > 1 && cluster.occurrences.len() > 1 {
            notes.push(format!("{} in a row", times(u64::from(o.repeats))));
        }
        if quotes::enclose(&document.text, o.span) {
            notes.push("in quotes".to_owned());
        }
        if !notes.is_empty() {
            self.out.write_all(b"  ")?;
            self.painted(sgr::FAINT, &notes.join(", "))?;
        }
        self.out.write_all(b"\n")
    }

    /// Columns of a line of an excerpt.
    fn width(&self) -> usize {
        self.style.width.clamp(20, 100) - INDENT.len()
    }

    /// Columns of an excerpt.
    fn room(&self) -> usize {
        (LINES * self.width()).min(COLUMNS)
    }

    fn excerpt(&mut self, mut pieces: Vec<Piece>) -> io::Result<()> {
        if !self.style.color {
            for piece in &mut pieces {
                match piece.mark {
                    Mark::Removed => piece.text = format!("[-{}-]", piece.text),
                    Mark::Added => piece.text = format!("{{+{}+}}", piece.text),
                    Mark::Plain | Mark::Note => (),
                }
            }
        }
        for line in excerpt::wrap(&pieces, self.width()) {
            self.out.write_all(INDENT.as_bytes())?;
            for piece in &line {
                let sgr = match piece.mark {
                    Mark::Plain => "",
                    Mark::Removed => sgr::REMOVED,
                    Mark::Added => sgr::ADDED,
                    Mark::Note => sgr::FAINT,
                };
                self.painted(sgr, &piece.text)?;
            }
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// The text to show of a place: of a run its first unit.
fn passage<'a>(document: &'a Document<'_>, occurrence: &Occurrence) -> &'a str {
    let passage = occurrence.span.of(&document.text);
    let unit = occurrence.period.and_then(|period| passage.get(..period as usize));
    unit.unwrap_or(passage).trim_end()
}

/// The id of a record, decoded, if it has one of its own: without one its
/// label is `path:record`, which is said already.
fn id(document: &Document<'_>, record: u64) -> Option<String> {
    let label = serde_json::from_str::<Cow<'_, str>>(&document.label);
    let label = label.unwrap_or(Cow::Borrowed(&document.label));
    if label == format!("{}:{record}", document.path) {
        return None;
    }
    Some(excerpt::cut_line(&label, ID))
}

/// What the clusters are made of.
fn noun(report: &Report<'_>) -> &'static str {
    match report.options.level {
        Level::Passage => "passage",
        Level::Paragraph => "paragraph",
        Level::Sentence => "sentence",
        Level::Line => "line",
    }
}

/// How units were compared.
fn method(report: &Report<'_>) -> Option<String> {
    let summary = report.found.summary;
    let units = counted(summary.units, noun(report));
    let mut line = match summary.method? {
        Method::Join => format!("{units} compared by a join that misses no pair"),
        Method::Lsh => {
            let recall = f64::from(summary.recall) / 10_000.0;
            format!(
                "{units} compared by MinHash, which finds {recall} of pairs at the threshold; \
                 --exact finds all"
            )
        }
    };
    if summary.crowds > 0 {
        let crowds = counted(summary.crowds, "crowd");
        line.push_str(&format!("; of {crowds} of more than 64 not all pairs were looked at"));
    }
    Some(line)
}

/// The totals: what was found in all, or that nothing was.
fn totals(report: &Report<'_>) -> String {
    let summary = report.found.summary;
    let documents = counted(summary.documents, "document");
    let mut line = if summary.documents == 0 {
        "No documents to search".to_owned()
    } else if report.found.clusters.is_empty() {
        let least = match report.options.level {
            Level::Passage => report.options.min_words,
            _ => report.options.min_words.min(report.options.exact_words),
        };
        let least = counted(least as u64, "word");
        format!("No repeated {}s of {least} or more in {documents}", noun(report))
    } else {
        let passages = counted(summary.clusters, &format!("repeated {}", noun(report)));
        let places = counted(summary.occurrences, "place");
        let share = u128::from(summary.repeated_bytes) * 100 / u128::from(summary.bytes.max(1));
        let share = match share {
            0 => "less than 1 %".to_owned(),
            share => format!("{share} %"),
        };
        format!("{passages}, {places}, {share} of the text in {documents}")
    };
    let asides = [
        (summary.boilerplate, "is boilerplate", "are boilerplate"),
        (summary.skipped, "file was passed over", "files were passed over"),
        (summary.rejected, "record was set aside", "records were set aside"),
        (
            summary.chains_left_out,
            "chain of matches was left out",
            "chains of matches were left out",
        ),
        (summary.ignored, "passage was ignored", "passages were ignored"),
        (
            summary.formulas_left_out,
            "formula was left out of the search for reworded passages",
            "formulas were left out of the search for reworded passages",
        ),
    ];
    for (n, one, many) in asides.into_iter().filter(|&(n, ..)| n > 0) {
        line.push_str(&format!("; {} {}", grouped(n), if n == 1 { one } else { many }));
    }
    if report.found.clusters.is_empty() {
        line.push('.');
    }
    line
}

/// What two reworded passages have in common: never that one was copied.
fn shared(score: Score) -> String {
    format!("shares {} % of its unusual words", score.parts(100))
}

/// `1 word`, `2,000 words`.
fn counted(n: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// `once`, `twice`, `3 times`.
fn times(n: u64) -> String {
    match n {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{} times", grouped(n)),
    }
}

/// A number with a comma before every three digits.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Format;
    use crate::report::Score;
    use crate::report::fixture::Fixture;
    use insta::assert_snapshot;

    const QUOTE: &str = "Child protection is everybody's business and we should afford our \
        children the same protection online that we would give them in the park or playground \
        - - that is our approach and that collective response has already hit home";

    fn score(mut place: Occurrence, matches: u32, columns: u32) -> Occurrence {
        place.score = Score { matches, columns };
        place
    }

    fn run(mut place: Occurrence, period: u32, repeats: u32) -> Occurrence {
        (place.period, place.repeats) = (Some(period), repeats);
        place
    }

    fn article(f: &mut Fixture<'static>) {
        let text: &'static str = format!(
            "\"{QUOTE}.\"\nMore than 330 people have been arrested by officers targeting the UK's \
            highest-risk sex offenders in the last year, figures have showed.\n\"{QUOTE}.\"\n\
            The organisation also found an average of four reports a day needed immediate action \
            as a result of a child being at risk.\n"
        )
        .leak();
        let file = f.file("article.txt", text);
        f.cluster(Kind::Passage, 37, vec![f.place(file, QUOTE, 0), f.place(file, QUOTE, 1)]);
    }

    #[test]
    fn reworded_passages_share_words_and_are_never_called_alike() {
        let mut f = Fixture::default();
        let (a, b, c) = ("a ship sank off Cork", "off Cork it sank, a ship", "Cork: ship sank");
        let places: Vec<_> = [("a.txt", a), ("b.txt", b), ("c.txt", c)]
            .into_iter()
            .map(|(path, text)| {
                let document = f.file(path, text);
                f.place(document, text, 0)
            })
            .collect();
        let [first, second, third] = places.try_into().unwrap();
        f.cluster(Kind::Reworded, 5, vec![first.clone(), score(second.clone(), 3, 4)]);
        f.cluster(Kind::Reworded, 5, vec![first, score(second, 3, 4), score(third, 1, 2)]);
        let expected = "\
            #1  reworded, 5 words in 2 documents, shares 75 % of its unusual words\n  \
              a.txt:1:1\n    a ship sank off Cork\n  \
              b.txt:1:1\n    off Cork it sank, a ship\n\n\
            #2  reworded, 5 words in 3 documents, shares 50 % of its unusual words at least\n  \
              a.txt:1:1\n    a ship sank off Cork\n  \
              b.txt:1:1  shares 75 % of its unusual words\n    off Cork it sank, a ship\n  \
              c.txt:1:1  shares 50 % of its unusual words\n    Cork: ship sank\n\n";
        let got = f.plain(100);
        assert!(got.starts_with(expected), "{got}");
    }

    #[test]
    fn a_quote_that_stands_twice_in_an_article() {
        let mut f = Fixture::default();
        article(&mut f);
        assert_snapshot!(f.plain(80), @r#"
        #1  37 words, twice in article.txt
          article.txt:1:2  in quotes
            Child protection is everybody's business and we should afford our children
            the same protection online that we would give them in the park or playground
            - - that is our approach and that collective response has already hit home
          article.txt:3:2  same words, in quotes

        1 repeated passage, 2 places, 62 % of the text in 1 document
        "#);
    }

    #[test]
    fn a_narrow_terminal() {
        let mut f = Fixture::default();
        article(&mut f);
        assert_snapshot!(f.plain(40), @r#"
        #1  37 words, twice in article.txt
          article.txt:1:2  in quotes
            Child protection is everybody's
            business and we should afford our …
            response has already hit home
          article.txt:3:2  same words, in quotes

        1 repeated passage, 2 places, 62 % of the text in 1 document
        "#);
    }

    #[test]
    fn a_wide_terminal() {
        let mut f = Fixture::default();
        article(&mut f);
        assert_snapshot!(f.plain(200), @r#"
        #1  37 words, twice in article.txt
          article.txt:1:2  in quotes
            Child protection is everybody's business and we should afford our children the same protection
            online that we would give them in the park or playground - - that is our approach and that
            collective response has already hit home
          article.txt:3:2  same words, in quotes

        1 repeated passage, 2 places, 62 % of the text in 1 document
        "#);
    }

    #[test]
    fn near_repeats_show_the_words_that_differ() {
        let mut f = Fixture::default();
        let a = "The museum opened its new wing on Tuesday after five years of work.";
        let b = "The museum has opened its north wing on Tuesday, after five years.";
        let c = "THE MUSEUM opened its new wing on Tuesday - after five years of work!";
        let a_in = f.file("a.txt", a);
        let b_in = f.file("news/b.txt", b);
        let c_in = f.file("c.txt", c);
        let near = score(f.place(b_in, b, 0), 10, 14);
        f.cluster(Kind::Passage, 13, vec![f.place(a_in, a, 0), near, f.place(c_in, c, 0)]);
        assert_snapshot!(f.plain(80), @r#"
        #1  13 words in 3 documents, 71 % alike at least
          a.txt:1:1
            The museum opened its new wing on Tuesday after five years of work.
          news/b.txt:1:1  71 % alike
            The museum {+has+} opened its [-new-] {+north+} wing on Tuesday, after five
            years. [-of work-]
          c.txt:1:1  same words

        1 repeated passage, 3 places, 100 % of the text in 3 documents
        "#);
        let coloured = Style { color: true, ..Style::default() };
        assert_snapshot!(f.written(Format::Human, coloured).replace('\u{1b}', "^"), @r#"
        ^[1m#1  13 words in 3 documents, 71 % alike at least^[0m
          ^[35ma.txt^[0m:^[32m1^[0m:1
            The museum opened its new wing on Tuesday after five years of work.
          ^[35mnews/b.txt^[0m:^[32m1^[0m:1  ^[2m71 % alike^[0m
            The museum ^[1;32mhas^[0m opened its ^[9;31mnew^[0m ^[1;32mnorth^[0m wing on Tuesday, after five years. ^[9;31mof^[0m
            ^[9;31mwork^[0m
          ^[35mc.txt^[0m:^[32m1^[0m:1  ^[2msame words^[0m

        ^[1m1 repeated passage, 3 places, 100 % of the text in 3 documents^[0m
        "#);
    }

    #[test]
    fn of_long_near_repeats_only_the_surroundings_of_differences_are_shown() {
        let mut f = Fixture::default();
        let words: Vec<String> = (1..=300).map(|n| format!("word{n}")).collect();
        let a: &'static str = words.join(" ").leak();
        let few = a
            .replace("word50 ", "other ")
            .replace("word200 ", "")
            .replace("word201", "word201 more");
        let every: Vec<String> = words
            .iter()
            .enumerate()
            .map(|(i, w)| if i % 10 == 5 { format!("changed{i}") } else { w.clone() })
            .collect();
        let (few, every): (&'static str, &'static str) = (few.leak(), every.join(" ").leak());
        let ids = [f.record(1, "\"first\"", a), f.record(2, "17", few), f.record(3, "[1]", every)];
        let places = vec![
            f.place(ids[0], a, 0),
            score(f.place(ids[1], few, 0), 298, 301),
            score(f.place(ids[2], every, 0), 270, 300),
        ];
        f.cluster(Kind::Passage, 300, places);
        assert_snapshot!(f.plain(80), @r#"
        #1  300 words in 3 documents, 90 % alike at least
          dump.jsonl:1 (first) 1:1
            word1 word2 word3 word4 word5 word6 word7 word8 word9 word10 word11 word12
            word13 word14 word15 word16 word17 word18 word19 word20 word21 word22 word23
            … word292 word293 word294 word295 word296 word297 word298 word299 word300
          dump.jsonl:2 (17) 1:1  99 % alike
            … word46 word47 word48 word49 [-word50-] {+other+} word51 word52 word53
            word54 … word196 word197 word198 word199 [-word200-] word201 {+more+}
            word202 word203 word204 word205 …
          dump.jsonl:3 ([1]) 1:1  90 % alike
            word1 word2 word3 word4 word5 [-word6-] {+changed5+} word7 word8 word9
            word10 word11 word12 word13 word14 word15 [-word16-] {+changed15+} word17
            word18 word19 word20 word21 word22 word23 word24 word25 [-word26-]
            {+changed25+} word27 word28 word29 word30 word31 word32 word33 word34 word35
            and 27 more differences

        1 repeated passage, 3 places, 100 % of the text in 3 documents
        "#);
    }

    #[test]
    fn a_run_is_one_place() {
        let mut f = Fixture::default();
        let unit = "All work and no play makes Jack a dull boy.\n\n";
        let text: &'static str = unit.repeat(1_500).leak();
        let file = f.file("shining.txt", text);
        let place = run(f.place(file, text, 0), unit.len() as u32, 1_500);
        f.cluster(Kind::Run, 10, vec![score(place, 990, 1_000)]);
        assert_snapshot!(f.plain(80), @r#"
        #1  10 words, 1,500 times in a row in shining.txt, 99 % alike
          shining.txt:1:1
            All work and no play makes Jack a dull boy.

        1 repeated passage, 1 place, 100 % of the text in 1 document
        "#);
    }

    #[test]
    fn a_run_among_other_places_says_so() {
        let mut f = Fixture::default();
        let file =
            f.file("a.txt", "one two three. one two three. one two three. And one two three");
        let long = f.place(file, "one two three. one two three. one two three", 0);
        let places = vec![run(long, 15, 3), f.place(file, "one two three", 3)];
        f.cluster(Kind::Passage, 3, places);
        assert_snapshot!(f.plain(80), @r#"
        #1  3 words, twice in a.txt
          a.txt:1:1  3 times in a row
            one two three.
          a.txt:1:50  same words

        1 repeated passage, 2 places, 90 % of the text in 1 document
        "#);
    }

    #[test]
    fn of_many_places_few_are_shown_and_the_others_counted() {
        let mut f = Fixture::default();
        let text: &'static str = "Subscribe to our newsletter today. Thanks\n".repeat(12).leak();
        let (a, b) = (f.file("a.txt", text), f.file("b.txt", text));
        let passage = "Subscribe to our newsletter today";
        let mut places: Vec<Occurrence> = (0..12).map(|n| f.place(a, passage, n)).collect();
        places.extend((0..12).map(|n| f.place(b, passage, n)));
        places[13].leader = true;
        f.cluster(Kind::Boilerplate, 5, places);
        assert_snapshot!(f.plain(80), @r#"
        #1  boilerplate, 5 words, 24 times in 2 documents
          b.txt:2:1
            Subscribe to our newsletter today
          a.txt:1:1  same words
          a.txt:2:1  same words
          a.txt:3:1  same words
          a.txt:4:1  same words
          a.txt:5:1  same words
          a.txt:6:1  same words
          a.txt:7:1  same words
          a.txt:8:1  same words
          a.txt:9:1  same words
          and 14 more

        1 repeated passage, 24 places, 78 % of the text in 2 documents; 1 is boilerplate
        "#);
        let verbose = Style { verbose: true, ..Style::default() };
        let all = f.written(Format::Human, verbose);
        assert_eq!(all.matches("same words").count(), 23);
        assert!(!all.contains(" more"));
    }

    #[test]
    fn a_nested_passage_names_its_parent() {
        let mut f = Fixture::default();
        let text = "one two three four / one two three four / two three";
        let file = f.file("a.txt", text);
        let outer = (0..2).map(|n| f.place(file, "one two three four", n)).collect();
        f.cluster(Kind::Passage, 4, outer);
        let inner = (0..3).map(|n| f.place(file, "two three", n)).collect();
        f.cluster(Kind::Passage, 2, inner);
        f.found.clusters[1].parent = Some(1);
        assert_snapshot!(f.plain(80), @r#"
        #1  4 words, twice in a.txt
          a.txt:1:1
            one two three four
          a.txt:1:22  same words

        #2  2 words, 3 times in a.txt, inside #1
          a.txt:1:5
            two three
          a.txt:1:26  same words
          a.txt:1:43  same words

        2 repeated passages, 5 places, 88 % of the text in 1 document
        "#);
    }

    #[test]
    fn chinese_is_measured_in_columns_and_broken_anywhere() {
        let mut f = Fixture::default();
        let a = "今天天气很好，我们去公园散步，看到了很多人在那里打太极拳，还有孩子们在放风筝，大家都很高兴。";
        let b = "今天天气很好，我们去北海公园散步，看到了很多人在那里打太极拳，还有孩子们在放风筝，大家都高兴。";
        let (a_in, b_in) = (f.file("一.txt", a), f.file("二.txt", b));
        f.cluster(Kind::Passage, 17, vec![f.place(a_in, a, 0), score(f.place(b_in, b, 0), 40, 43)]);
        assert_snapshot!(f.plain(50), @r#"
        #1  17 words in 2 documents, 93 % alike
          一.txt:1:1
            今天天气很好，我们去公园散步，看到了很多人在那
            里打太极拳，还有孩子们在放风筝，大家都很高兴。
          二.txt:1:1  93 % alike
            今天天气很好，我们去{+北海+}公园散步，看到了很
            多人在那里打太极拳，还有孩子们在放风筝，大家都
            [-很-]高兴。

        1 repeated passage, 2 places, 100 % of the text in 2 documents
        "#);
        for line in f.plain(50).lines().filter(|line| line.starts_with(INDENT)) {
            assert!(excerpt::columns(line) <= 50, "{line}");
        }
    }

    #[test]
    fn text_from_right_to_left_stands_in_logical_order() {
        let mut f = Fixture::default();
        let a = "בראשית ברא אלהים את השמים ואת הארץ";
        let b = "בראשית ברא אלהים את הארץ ואת השמים";
        let (a_in, b_in) = (f.file("a.txt", a), f.file("b.txt", b));
        f.cluster(Kind::Passage, 7, vec![f.place(a_in, a, 0), score(f.place(b_in, b, 0), 5, 7)]);
        assert_snapshot!(f.plain(80), @r#"
        #1  7 words in 2 documents, 71 % alike
          a.txt:1:1
            בראשית ברא אלהים את השמים ואת הארץ
          b.txt:1:1  71 % alike
            בראשית ברא אלהים את {+הארץ ואת+} השמים [-ואת הארץ-]

        1 repeated passage, 2 places, 100 % of the text in 2 documents
        "#);
    }

    #[test]
    fn control_characters_are_shown_and_do_not_act() {
        let mut f = Fixture::default();
        let text = "one \u{1b}]0;title\u{7} two\u{202e} three\u{9b}31m\u{0} \u{7f}four\r\n\tfive";
        let file = f.file("a\u{1b}[2J.txt", text);
        let record = f.record(4, "\"\\u001b[1m\\nid\\u202e\"", text);
        f.cluster(Kind::Passage, 5, vec![f.place(file, text, 0), f.place(record, text, 0)]);
        f.cluster(Kind::Passage, 5, vec![f.place(record, text, 0), f.place(record, text, 0)]);
        let shown = f.plain(80);
        assert!(!shown.replace('\n', "").contains(visible::is_hidden));
        assert_snapshot!(shown, @r#"
        #1  5 words in 2 documents
          a\u{1b}[2J.txt:1:1
            one \u{1b}]0;title\u{7} two\u{202e} three\u{9b}31m\u{0} \u{7f}four five
          dump.jsonl:4 (\u{1b}[1m id\u{202e}) 1:1  same words

        #2  5 words, twice in dump.jsonl:4
          dump.jsonl:4 (\u{1b}[1m id\u{202e}) 1:1
            one \u{1b}]0;title\u{7} two\u{202e} three\u{9b}31m\u{0} \u{7f}four five
          dump.jsonl:4 (\u{1b}[1m id\u{202e}) 1:1  same words

        2 repeated passages, 4 places, 100 % of the text in 2 documents
        "#);
    }

    #[test]
    fn nothing_found_is_one_plain_line() {
        let mut f = Fixture::default();
        f.file("a.txt", "one");
        assert_snapshot!(f.plain(80), @r#"
        No repeated passages of 15 words or more in 1 document.
        "#);
        f.file("b.txt", "two");
        f.options.min_words = 1;
        (f.found.summary.skipped, f.found.summary.rejected) = (1, 2);
        assert_snapshot!(f.plain(80), @r#"
        No repeated passages of 1 word or more in 2 documents; 1 file was passed over; 2 records were set aside.
        "#);
    }

    #[test]
    fn a_record_without_an_id_is_named_once() {
        let mut f = Fixture::default();
        let text = "one two / one two";
        let record = f.record(9, "\"dump.jsonl:9\"", text);
        f.cluster(
            Kind::Passage,
            2,
            vec![f.place(record, "one two", 0), f.place(record, "one two", 1)],
        );
        assert_snapshot!(f.plain(80), @r#"
        #1  2 words, twice in dump.jsonl:9
          dump.jsonl:9 1:1
            one two
          dump.jsonl:9 1:11  same words

        1 repeated passage, 2 places, 82 % of the text in 1 document
        "#);
    }

    #[test]
    fn a_name_too_long_for_the_heading_stands_with_the_places_only() {
        let mut f = Fixture::default();
        let path: &'static str = "folder/".repeat(9).leak();
        let file = f.file(path, "one two / one two");
        f.cluster(Kind::Passage, 2, vec![f.place(file, "one two", 0), f.place(file, "one two", 1)]);
        assert!(f.plain(80).starts_with("#1  2 words, twice in one document\n  folder/"));
        assert!(f.plain(90).starts_with("#1  2 words, twice in folder/"));
    }

    #[test]
    fn places_that_are_not_shown_cost_nothing() {
        let mut f = Fixture::default();
        let text: &'static str = format!("{} / ", "one two three four ".repeat(5_000)).leak();
        let file = f.file("a.txt", text);
        let place = f.place(file, text, 0);
        f.cluster(Kind::Passage, 20_000, vec![place.clone(); 10]);
        f.found.clusters[0].occurrences = vec![place; 100_000];
        // Shown, they would be ten thousand million bytes.
        assert!(f.plain(80).contains("\n  and 99,990 more\n"));
    }

    #[test]
    fn percentages_are_whole_only_when_all_is_equal() {
        let mut f = Fixture::default();
        let file = f.file("a.txt", "one two / one too");
        let near = score(f.place(file, "one too", 0), 999, 1_000);
        f.cluster(Kind::Passage, 2, vec![f.place(file, "one two", 0), near]);
        f.found.summary.repeated_bytes = 1;
        f.found.summary.bytes = 1_000;
        let shown = f.plain(80);
        assert!(shown.contains("in a.txt, 99 % alike\n"), "{shown}");
        assert!(shown.contains(", less than 1 % of the text"), "{shown}");
    }

    #[test]
    fn numbers_are_grouped_by_three() {
        let shown = [0, 1, 999, 1_000, 100_000, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "1", "999", "1,000", "100,000", "1,234,567"]);
    }
}
