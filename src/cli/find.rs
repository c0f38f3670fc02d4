//! `twicetold find`.

use std::io::IsTerminal;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use clap::ValueEnum;
use twicetold::FindOptions;
use twicetold::input::Kind;
use twicetold::input::keys::Keys;
use twicetold::options::find::FindPlan;
use twicetold::options::find::Profile;
use twicetold::options::find::Scope;
use twicetold::options::find::Snap;
use twicetold::output::Output;
use twicetold::output::Outputs;
use twicetold::report::Format;
use twicetold::report::Report;
use twicetold::report::human::Style;
use twicetold::run::RunError;
use twicetold::run::corpus::Corpus;
use twicetold::run::corpus::Findings;
use twicetold::storage::Disk;

use crate::cli::Common;
use crate::cli::Failure;
use crate::cli::inputs;
use crate::cli::inputs::InputArg;
use crate::cli::interrupt;
use crate::cli::messages::Messages;
use crate::cli::messages::wants_color;
use crate::cli::progress::Progress;
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

    /// Shortest passage in words; in scripts without spaces 2.5 characters
    /// count as a word
    #[arg(long, value_name = "N", default_value_t = 15)]
    min_words: usize,

    /// Least identity of two places: equal words of all words aligned
    #[arg(short, long, value_name = "X", default_value_t = 0.7, allow_negative_numbers = true)]
    threshold: f64,

    /// How hard edited passages are looked for
    #[arg(long, value_enum, value_name = "PROFILE", default_value_t)]
    profile: ProfileArg,

    /// Longest stretch without a match inside a passage, in words
    #[arg(long, value_name = "N", default_value_t = 32)]
    max_gap: usize,

    /// Grow reported spans to these borders
    #[arg(long, value_enum, value_name = "BORDERS", default_value_t)]
    snap: SnapArg,

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

    /// How inputs are taken; auto: names in .jsonl or .ndjson (also .gz,
    /// .zst) hold records, standard input and all else is text
    #[arg(long, value_enum, value_name = "KIND", default_value_t)]
    input: InputArg,

    /// Set lines that are no usable records aside in FILE and go on (exit
    /// status 3); without it the first one ends the run
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,

    /// Member of a record that holds its text; dots lead into objects
    #[arg(long, value_name = "KEY", default_value = "text")]
    text_key: String,

    /// Member of a record that names it in reports
    #[arg(long, value_name = "KEY", default_value = "id")]
    id_key: String,

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

/// Runs the command; returns its exit status.
pub(crate) fn run(args: &FindArgs, messages: &Messages) -> Result<u8, Failure> {
    let options = FindOptions {
        scope: args.scope.into(),
        min_words: args.min_words,
        threshold: args.threshold,
        profile: args.profile.into(),
        max_gap: args.max_gap,
        snap: args.snap.into(),
        reworded: args.reworded,
        pairs: args.pairs,
    };
    let plan = FindPlan::new(&options)?;
    let keys = Keys::new(&args.text_key, &args.id_key, &[])?;
    let (entries, lost) = inputs::expanded(&args.paths, args.input.into(), Kind::Text, messages)?;
    let standard = PathBuf::from("-");
    let report = args.output.as_ref().unwrap_or(&standard);
    inputs::refuse(&[&entries], [report].into_iter().chain(&args.rejects))?;
    if entries.is_empty() {
        messages.note("there is no text file in what was named");
    }
    let outputs = Outputs::new(Arc::new(Disk));
    interrupt::remove_on_signals(&outputs)?;
    let mut rejects = args.rejects.as_deref().map(|p| outputs.open(p)).transpose()?;
    let out = outputs.open(args.output.as_deref().unwrap_or(Path::new("-")))?;

    let progress = Progress::new(messages);
    let corpus = Corpus::read(&Disk, &entries, &keys, plan, rejects.as_mut(), &progress)?;
    let lost = lost + corpus.lost;
    let findings = corpus.find(&progress);
    progress.finish();

    let mut complete = Vec::from_iter(rejects);
    let written = write(args, messages, &options, &findings, out);
    match written {
        Ok(out) => complete.push(out),
        // The set-aside records are kept even if nobody reads the report.
        Err(e) if e.is_broken_pipe() => {}
        Err(e) => return Err(e.into()),
    }
    outputs.commit(complete)?;
    Ok(status(args, messages, &findings, lost))
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
    let documents = findings.documents();
    let report = Report { found: &findings.found, documents: &documents, options };
    let written = twicetold::report::write(&report, args.format.into(), &style, &mut out);
    written.map_err(RunError::Write)?;
    Ok(out)
}

/// The exit status of a run that came to its end.
fn status(args: &FindArgs, messages: &Messages, findings: &Findings, lost: u64) -> u8 {
    let summary = &findings.found.summary;
    if summary.chains_left_out > 0 {
        messages.note(&format!(
            "{} chains of matches in texts that repeat themselves over and over were left out",
            summary.chains_left_out
        ));
    }
    if summary.rejected > 0 {
        messages.warning(&format!("{} records were set aside", summary.rejected));
    }
    if lost > 0 {
        messages.warning(&format!("{lost} files or folders could not be read"));
    }
    match args.fail_on {
        _ if summary.rejected > 0 || lost > 0 => 3,
        Some(most) if summary.clusters > most => 1,
        _ => 0,
    }
}
