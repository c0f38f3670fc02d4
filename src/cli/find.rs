//! `twicetold find`.

use std::io::IsTerminal;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use clap::ValueEnum;
use regex::Regex;
use twicetold::FindOptions;
use twicetold::input::Entry;
use twicetold::input::Kind;
use twicetold::input::keys::Keys;
use twicetold::options::OptionsError;
use twicetold::options::find::FindPlan;
use twicetold::options::find::Level;
use twicetold::options::find::Method;
use twicetold::options::find::Profile;
use twicetold::options::find::Scope;
use twicetold::options::find::Snap;
use twicetold::options::find::passages_only;
use twicetold::output::Output;
use twicetold::output::Outputs;
use twicetold::report::Format;
use twicetold::report::Report;
use twicetold::report::baseline::Baseline;
use twicetold::report::human::Style;
use twicetold::run::RunError;
use twicetold::run::corpus::Corpus;
use twicetold::run::corpus::Findings;
use twicetold::run::corpus::Reading;
use twicetold::run::corpus::resume::basis;
use twicetold::storage::Disk;

use crate::cli::Common;
use crate::cli::Failure;
use crate::cli::inputs;
use crate::cli::inputs::Expanded;
use crate::cli::inputs::InputArg;
use crate::cli::interrupt;
use crate::cli::known;
use crate::cli::memory;
use crate::cli::messages::Messages;
use crate::cli::messages::counted;
use crate::cli::messages::wants_color;
use crate::cli::progress::Progress;
use crate::cli::resume;
use crate::cli::size::size;
use crate::cli::words::words;

#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct FindArgs {
    /// Text files, folders, JSON Lines, also compressed (gzip, zstd);
    /// `-` or none: standard input
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// What is compared: inside one document, between documents, or both
    #[arg(long, value_enum, value_name = "SCOPE", default_value_t)]
    scope: ScopeArg,

    /// What is compared: any stretches of words, or whole units of the text by
    /// Jaccard similarity of their shingles of 3 words
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t)]
    level: LevelArg,

    /// With a level of units: find every pair, however many units there are;
    /// without it, MinHash compares very many
    #[arg(long)]
    exact: bool,

    /// Shortest passage in words [default: 15]; in scripts without spaces 2.5
    /// characters count as a word; units that are the same word for word are
    /// found from 3 words on unless N is given
    #[arg(long, value_name = "N")]
    min_words: Option<usize>,

    /// Least identity of two places: equal words of all words aligned; of
    /// units, shingles in both of those in either
    #[arg(short, long, value_name = "X", default_value_t = 0.7, allow_negative_numbers = true)]
    threshold: f64,

    /// How hard edited passages are looked for [default: default]
    #[arg(long, value_enum, value_name = "PROFILE")]
    profile: Option<ProfileArg>,

    /// Longest stretch without a match inside a passage, in words [default: 32]
    #[arg(long, value_name = "N")]
    max_gap: Option<usize>,

    /// Grow reported spans of passages to these borders [default: word]
    #[arg(long, value_enum, value_name = "BORDERS")]
    snap: Option<SnapArg>,

    /// Also find passages told in other words or another order
    ///
    /// These share unusual words, such as names and terms, more than chance
    /// explains; they are reported apart from copies, as reworded. Independent
    /// reports of one event share such words too: read before you conclude.
    #[arg(long)]
    reworded: bool,

    /// Form of the report
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: FormatArg,

    /// Write the report to FILE (compressed when it ends in .gz or .zst)
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Also report the verified pairs behind the clusters (json, jsonl)
    #[arg(long)]
    pairs: bool,

    /// Exit with 1 when there are findings, or more than N
    #[arg(long, value_name = "any|N", value_parser = fail_on)]
    fail_on: Option<u64>,

    /// Passages in which REGEX matches are no findings; their first place
    /// decides; again for more
    #[arg(long, value_name = "REGEX", value_parser = known::pattern)]
    ignore_pattern: Vec<Regex>,

    /// Report only what is not in FILE, which --write-baseline wrote
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write what is found to FILE, for --baseline of later runs
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,

    /// How inputs are taken; auto: names in .jsonl or .ndjson (also .gz,
    /// .zst) hold records, standard input and all else is text
    #[arg(long, value_enum, value_name = "KIND", default_value_t)]
    input: InputArg,

    /// Set lines that are no usable records aside in FILE and go on (exit
    /// status 3); without it the first one ends the run
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,

    /// Longest line that is read as a record, such as 64M or 2G, up to 4095M;
    /// one that cannot be a record may have 64M
    #[arg(long, value_name = "SIZE", value_parser = inputs::max_record, default_value = "1G")]
    max_record: usize,

    /// Memory to stay within, such as 512M or 8G, from 128M up; what does not
    /// fit goes to files in the folder for temporary files; none: 75 % of what
    /// the machine or its control group allows
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<u64>,

    /// Folder for temporary files; none: TMPDIR, else /tmp
    #[arg(long, value_name = "DIR")]
    temp_dir: Option<PathBuf>,

    /// Keep what was done in the folder DIR, and go on from there after a run
    /// that was killed: give the same command again. Inputs have to be files.
    /// DIR is empty or made, and is as it was before at the end
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,

    /// Member of a record that holds its text; dots lead into objects, `\.` is
    /// a dot in a name
    #[arg(long, value_name = "KEY", default_value = "text")]
    text_key: String,

    /// Member of a record that names it in reports
    #[arg(long, value_name = "KEY", default_value = "id")]
    id_key: String,

    /// Taken like that of other commands; nothing that find does is drawn, so
    /// that it changes nothing
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,

    #[command(flatten)]
    pub(crate) common: Common,
}

const EXAMPLES: &str = "\
Examples:
  twicetold find article.txt
      Which passages does this file repeat?
  twicetold find --scope across docs/
      Which passages stand in several files of a folder?
  zcat dump.jsonl.gz | twicetold find --input jsonl --format jsonl - | jq .words
      Records from a pipe, findings to a program.
  twicetold find --level paragraph --scope within terms.txt
      Which whole paragraphs does a file repeat, word for word or nearly?
  twicetold find --reworded --scope across essays/
      Which passages tell what another essay tells, in whatever words?
  twicetold find --fail-on any --quiet docs/
      Fail a build on any repeated passage.";

words!(ScopeArg for Scope {
    /// Places inside one document
    Within = Scope::Within,
    /// Places in different documents
    Across = Scope::Across,
    /// Both
    #[default]
    All = Scope::All,
});

words!(LevelArg for Level {
    /// Any stretches of words
    #[default]
    Passage = Level::Passage,
    /// Blocks between blank lines
    Paragraph = Level::Paragraph,
    /// Sentences, also those that go on over line ends
    Sentence = Level::Sentence,
    /// Lines
    Line = Level::Line,
});

words!(ProfileArg for Profile {
    /// Seeds of 5 words, one of 8 kept
    Fast = Profile::Fast,
    /// Seeds of 4 words, one of 4 kept
    #[default]
    Default = Profile::Default,
    /// Seeds of 3 words, one of 4 kept
    Sensitive = Profile::Sensitive,
    /// All seeds of 3 words
    Max = Profile::Max,
});

words!(SnapArg for Snap {
    /// The words that match
    #[default]
    Word = Snap::Word,
    /// Whole sentences
    Sentence = Snap::Sentence,
    /// Whole paragraphs
    Paragraph = Snap::Paragraph,
});

words!(FormatArg for Format {
    /// For people, with excerpts
    #[default]
    Human = Format::Human,
    /// One JSON object
    Json = Format::Json,
    /// One JSON object a line
    Jsonl = Format::Jsonl,
});

fn fail_on(word: &str) -> Result<u64, String> {
    match word {
        "any" => Ok(0),
        number => number.parse().map_err(|_| "expected `any` or a number".to_owned()),
    }
}

impl FindArgs {
    fn options(&self) -> Result<FindOptions, OptionsError> {
        let given = [
            ("--profile", self.profile.is_some()),
            ("--max-gap", self.max_gap.is_some()),
            ("--snap", self.snap.is_some()),
            ("--reworded", self.reworded),
        ];
        let level = self.level.into();
        if let Some((option, _)) = given.into_iter().find(|&(_, given)| given)
            && level != Level::Passage
        {
            return Err(passages_only(option));
        }
        let plain = FindOptions::default();
        Ok(FindOptions {
            scope: self.scope.into(),
            level,
            min_words: self.min_words.unwrap_or(plain.min_words),
            exact_words: self.min_words.unwrap_or(plain.exact_words),
            threshold: self.threshold,
            method: self.exact.then_some(Method::Join),
            profile: self.profile.map_or(plain.profile, Into::into),
            max_gap: self.max_gap.unwrap_or(plain.max_gap),
            snap: self.snap.map_or(plain.snap, Into::into),
            reworded: self.reworded,
            pairs: self.pairs,
        })
    }
}

/// Runs the command; returns its exit status.
pub(crate) fn run(args: &FindArgs, messages: &Messages) -> Result<u8, Failure> {
    let options = args.options()?;
    let plan = FindPlan::new(&options)?;
    let keys = Keys::new(&args.text_key, &args.id_key, &[])?;
    let room = memory::room(args.memory, args.temp_dir.as_deref())?;
    let known = args.baseline.as_deref().map(known::read).transpose()?;
    let Expanded { entries, lost, skipped } = entries(args, messages)?;
    if entries.is_empty() {
        messages.note("there is no text file in what was named");
    }
    let outputs = Outputs::new(Arc::new(Disk));
    interrupt::remove_on_signals(&outputs)?;
    let paths: Vec<&Path> = args.paths.iter().map(PathBuf::as_path).collect();
    let mut state = args
        .resume
        .as_deref()
        .map(|folder| {
            let keys = (args.text_key.as_str(), args.id_key.as_str());
            let reading = (args.max_record, args.rejects.is_some());
            let basis = || basis(&Disk, &entries, &options, keys, reading);
            resume::open(folder, &paths, basis, messages)
        })
        .transpose()?;
    let mut rejects = args.rejects.as_deref().map(|p| outputs.open(p)).transpose()?;
    let baseline = args.write_baseline.as_deref().map(|p| outputs.open(p)).transpose()?;
    let out = outputs.open_styled(args.output.as_deref().unwrap_or(Path::new("-")))?;

    let progress = Progress::new(messages);
    let reading = Reading { keys: &keys, plan, line_limit: args.max_record, room };
    let mut corpus = Corpus::read(&Disk, &entries, reading, rejects.as_mut(), &progress)?;
    corpus.skipped += skipped;
    corpus.lost += lost;
    let lost = corpus.lost;
    let mut findings = corpus.find(state.as_mut(), &progress)?;
    progress.finish();

    let mut complete = Vec::from_iter(rejects);
    known::ignore(&mut findings, &args.ignore_pattern).map_err(RunError::Write)?;
    if let Some(mut out) = baseline {
        let all = Baseline::of(&findings.found.clusters, findings.documents());
        all.and_then(|all| all.write(&mut out)).map_err(RunError::Write)?;
        complete.push(out);
    }
    if let Some(known) = &known {
        let retained = findings.retain(|cluster, all| Ok(!known.holds(cluster, all)?));
        retained.map_err(RunError::Write)?;
    }
    let written = write(args, messages, &options, &findings, out);
    match written {
        Ok(out) => complete.push(out),
        // The set-aside records are kept even if nobody reads the report.
        Err(e) if e.is_broken_pipe() => {}
        Err(e) => return Err(e.into()),
    }
    outputs.commit(complete)?;
    resume::remove(state, messages);
    Ok(status(args, messages, &findings, lost))
}

/// What is read; refuses outputs that are inputs. A baseline may be replaced
/// by what is found, and is no input in a folder.
fn entries(args: &FindArgs, messages: &Messages) -> Result<Expanded, Failure> {
    let standard = PathBuf::from("-");
    let written = [args.output.as_ref().unwrap_or(&standard)].into_iter().chain(&args.rejects);
    let mut files: Vec<&Path> = written.map(PathBuf::as_path).collect();
    if let Some(baseline) = &args.baseline {
        let kind = Kind::Text;
        let baseline = Entry { path: baseline.clone(), kind, named: true, size: None };
        inputs::refuse(&[&[baseline]], &files)?;
    }
    files.extend(args.write_baseline.as_deref());
    let taken: Vec<&Path> = files.iter().copied().chain(args.baseline.as_deref()).collect();
    let expanded = inputs::expanded(&args.paths, args.input.into(), Kind::Text, &taken, messages)?;
    inputs::refuse(&[&expanded.entries], &files)?;
    Ok(expanded)
}

fn write(
    args: &FindArgs,
    messages: &Messages,
    options: &FindOptions,
    findings: &Findings,
    mut out: Output,
) -> Result<Output, RunError> {
    let terminal = args.output.is_none() && std::io::stdout().is_terminal();
    let style = Style {
        color: wants_color(messages.color, terminal),
        width: if terminal { messages.width() } else { Style::default().width },
        verbose: messages.verbose,
    };
    let report = Report { found: &findings.found, documents: findings.documents(), options };
    let written = twicetold::report::write(&report, args.format.into(), &style, &mut out);
    written.map_err(RunError::Write)?;
    Ok(out)
}

/// The exit status of a run that came to its end.
fn status(args: &FindArgs, messages: &Messages, findings: &Findings, lost: u64) -> u8 {
    let summary = &findings.found.summary;
    if summary.chains_left_out > 0 {
        messages.note(&format!(
            "{} left out, in texts that repeat themselves over and over",
            counted(summary.chains_left_out, "chain of matches was", "chains of matches were")
        ));
    }
    inputs::warn(messages, summary.rejected, lost);
    match args.fail_on {
        _ if summary.rejected > 0 || lost > 0 => 3,
        Some(most) if summary.clusters > most => 1,
        _ => 0,
    }
}
