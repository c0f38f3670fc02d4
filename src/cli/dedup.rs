//! `twicetold dedup`.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use clap::ValueEnum;
use twicetold::input::Entry;
use twicetold::input::InputKind;
use twicetold::input::Kind;
use twicetold::input::guess;
use twicetold::options::OptionsError;
use twicetold::options::dedup::DedupOptions;
use twicetold::options::dedup::DedupPlan;
use twicetold::options::dedup::Keep;
use twicetold::options::dedup::Linking;
use twicetold::options::dedup::Measure;
use twicetold::options::dedup::Unit;
use twicetold::output::Outputs;
use twicetold::output::folder::OutputFolder;
use twicetold::report::totals::Cost;
use twicetold::run::RunError;
use twicetold::run::dedup;
use twicetold::run::dedup::Inputs;
use twicetold::run::dedup::Settings;
use twicetold::run::dedup::sinks::Sink;
use twicetold::run::dedup::sinks::Sinks;
use twicetold::storage::Disk;

use crate::cli::Common;
use crate::cli::Failure;
use crate::cli::inputs;
use crate::cli::inputs::Expanded;
use crate::cli::inputs::InputArg;
use crate::cli::interrupt;
use crate::cli::memory;
use crate::cli::messages::Messages;
use crate::cli::messages::counted;
use crate::cli::progress::Progress;
use crate::cli::resume;
use crate::cli::size::size;
use crate::cli::words::words;

#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct DedupArgs {
    /// JSON Lines, also compressed (gzip, zstd), and folders of them; or
    /// text files and folders of them; `-` or none: standard input
    #[arg(value_name = "INPUT")]
    paths: Vec<PathBuf>,

    /// Write what stays to OUT (compressed when it ends in .gz or .zst); of
    /// text files, copy those that stay into the new folder OUT
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,

    /// Least score of a duplicate
    #[arg(
        short,
        long,
        value_name = "X",
        default_value_t = 0.8,
        allow_negative_numbers = true,
        help_heading = "What is a duplicate"
    )]
    threshold: f64,

    /// What the score is
    #[arg(
        long,
        value_enum,
        value_name = "MEASURE",
        default_value_t,
        help_heading = "What is a duplicate"
    )]
    measure: MeasureArg,

    /// Words (or characters) in a shingle
    #[arg(long, value_name = "N", default_value_t = 5, help_heading = "What is a duplicate")]
    ngram: usize,

    /// What shingles are made of
    #[arg(
        long,
        value_enum,
        value_name = "UNIT",
        default_value_t,
        help_heading = "What is a duplicate"
    )]
    unit: UnitArg,

    /// Records that differ only in numbers and dates are no duplicates
    #[arg(long, help_heading = "What is a duplicate")]
    distinct_numbers: bool,

    /// Compare with the records of REF only, which are never written; again
    /// for more files or folders
    #[arg(long, value_name = "REF", help_heading = "What is a duplicate")]
    against: Vec<PathBuf>,

    /// What a cluster is
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        default_value_t,
        help_heading = "What is a duplicate"
    )]
    cluster: ClusterArg,

    /// Which record of a cluster stays: first, last, longest, shortest,
    /// min:FIELD, max:FIELD (numbers before strings), or none
    #[arg(long, value_name = "POLICY", default_value = "first", help_heading = "What stays")]
    keep: String,

    /// Keep all records and add to each a member that says what it is a
    /// duplicate of
    #[arg(long, help_heading = "What stays", conflicts_with = "removed")]
    annotate: bool,

    /// Name of that member
    #[arg(
        long,
        value_name = "NAME",
        default_value = "twicetold",
        help_heading = "What stays",
        requires = "annotate"
    )]
    annotate_key: String,

    /// Write what goes to FILE
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    removed: Option<PathBuf>,

    /// Report the clusters in FILE, one JSON object a line
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    clusters: Option<PathBuf>,

    /// Report every verified pair in FILE, one JSON object a line
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pairs: Option<PathBuf>,

    /// Name the words that differ, in the clusters file
    #[arg(long, help_heading = "Reports", requires = "clusters")]
    explain: bool,

    /// Write the summary to FILE, as JSON
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    summary: Option<PathBuf>,

    /// Write nothing but the summary
    #[arg(long, help_heading = "Reports")]
    dry_run: bool,

    /// Find every pair, without signatures
    #[arg(long, help_heading = "How it is found")]
    exact: bool,

    /// Least share of the pairs at the threshold that are found
    #[arg(
        long,
        value_name = "P",
        default_value_t = 0.99,
        allow_negative_numbers = true,
        help_heading = "How it is found"
    )]
    recall: f64,

    /// Values in a signature
    #[arg(long, value_name = "N", default_value_t = 128, help_heading = "How it is found")]
    num_perm: usize,

    /// Bands of a signature; none: chosen for the recall
    #[arg(long, value_name = "N", help_heading = "How it is found")]
    bands: Option<usize>,

    /// Values in a band
    #[arg(long, value_name = "N", help_heading = "How it is found")]
    rows: Option<usize>,

    /// Draws the hash functions
    #[arg(long, value_name = "N", default_value_t = 42, help_heading = "How it is found")]
    seed: u64,

    /// How inputs are taken; auto: .jsonl and .ndjson (also .gz, .zst), files
    /// named here that begin with `{`, and pipes hold records, all else is
    /// text
    #[arg(long, value_enum, value_name = "KIND", default_value_t, help_heading = "Reading")]
    input: InputArg,

    /// Longest line that is read as a record, such as 64M or 2G, up to 4095M;
    /// one that cannot be a record may have 64M
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = inputs::max_record,
        default_value = "1G",
        help_heading = "Reading"
    )]
    max_record: usize,

    /// Member of a record that holds its text; dots lead into objects, `\.` is
    /// a dot in a name
    #[arg(long, value_name = "KEY", default_value = "text", help_heading = "Reading")]
    text_key: String,

    /// Member of a record that names it in reports
    #[arg(long, value_name = "KEY", default_value = "id", help_heading = "Reading")]
    id_key: String,

    /// Set lines that are no usable records aside in FILE and go on (exit
    /// status 3); without it the first one ends the run
    #[arg(long, value_name = "FILE", help_heading = "Reading")]
    rejects: Option<PathBuf>,

    /// Memory to stay within, as 512M, 2G, 1.5GiB, from 128M up; what does not
    /// fit goes to files in the folder for temporary files; none: 75 % of what
    /// the machine or its control group allows
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Memory and disk")]
    memory: Option<u64>,

    /// Folder for temporary files; none: TMPDIR, else /tmp
    #[arg(long, value_name = "DIR", help_heading = "Memory and disk")]
    temp_dir: Option<PathBuf>,

    /// Keep what was done in the folder DIR, and go on from there after a run
    /// that was killed: give the same command again. Inputs have to be files.
    /// DIR is empty or made, and is as it was before at the end
    #[arg(long, value_name = "DIR", help_heading = "Memory and disk")]
    resume: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) common: Common,
}

const EXAMPLES: &str = "\
Examples:
  twicetold dedup dump.jsonl.zst -o clean.jsonl.zst
      Keep one of each article.
  zcat dump.jsonl.gz | twicetold dedup --clusters clusters.jsonl | gzip > clean.jsonl.gz
      A filter between two programs, with a report of what went and why.
  twicetold dedup --keep max:date --removed old.jsonl news.jsonl -o new.jsonl
      Keep the latest version of each article, and the others apart.
  twicetold dedup --against seen.jsonl today.jsonl -o fresh.jsonl
      Only what was not there before.
  twicetold dedup --measure containment -t 0.9 dump.jsonl -o clean.jsonl
      Drop what stands whole inside of a longer record.
  twicetold dedup --resume state dumps/ -o clean.jsonl.zst
      A long run: after a crash, the same command goes on where it was.
  twicetold dedup notes/ -o notes-clean
      Copy a folder of text files without its duplicates.";

words!(MeasureArg for Measure {
    /// Shared shingles of all shingles of the two
    #[default]
    Jaccard = Measure::Jaccard,
    /// Shared shingles of those of the smaller, which must stand in one
    /// stretch of the larger; only the smaller can go
    Containment = Measure::Containment,
});

words!(UnitArg for Unit {
    /// Words; in scripts without spaces 2.5 characters count as a word
    #[default]
    Word = Unit::Word,
    /// Characters, white space left out
    Char = Unit::Char,
});

words!(ClusterArg for Linking {
    /// Records that reach the threshold against the one that stays
    #[default]
    Leader = Linking::Leader,
    /// All records that a chain of pairs connects
    Connected = Linking::Connected,
});

impl DedupArgs {
    fn plan(&self) -> Result<DedupPlan, OptionsError> {
        DedupPlan::new(&DedupOptions {
            threshold: self.threshold,
            measure: self.measure.into(),
            ngram: self.ngram,
            unit: self.unit.into(),
            num_perm: self.num_perm,
            bands: self.bands,
            rows: self.rows,
            recall: self.recall,
            exact: self.exact,
            cluster: self.cluster.into(),
            keep: self.keep.parse()?,
            distinct_numbers: self.distinct_numbers,
            explain: self.explain,
            pairs: self.pairs.is_some(),
            against: !self.against.is_empty(),
            seed: self.seed,
            ..DedupOptions::default()
        })
    }

    fn settings(&self, plan: &DedupPlan) -> Result<Settings, Failure> {
        let annotate = self.annotate.then_some(self.annotate_key.as_str());
        let room = memory::room(self.memory, self.temp_dir.as_deref())?;
        let mut settings = Settings::new(plan, (&self.text_key, &self.id_key), annotate, room)?;
        settings.rejects = self.rejects.is_some();
        settings.line_limit = self.max_record;
        Ok(settings)
    }

    /// Files that are to be written.
    fn outputs(&self) -> Vec<&Path> {
        let DedupArgs { output, removed, clusters, pairs, rejects, summary, .. } = self;
        let files = [output, removed, clusters, pairs, rejects, summary].into_iter().flatten();
        let standard = self.output.is_none() && !self.dry_run;
        files.map(PathBuf::as_path).chain(standard.then_some(Path::new("-"))).collect()
    }
}

/// Runs the command; returns its exit status.
pub(crate) fn run(args: &DedupArgs, messages: &Messages) -> Result<u8, Failure> {
    let start = Instant::now();
    let plan = args.plan()?;
    let mut settings = args.settings(&plan)?;
    let (references, Expanded { entries, lost, skipped }) = entries(args, messages)?;
    (settings.lost, settings.skipped) = (lost, skipped);
    let kind = dedup::kind(&entries)?;
    refuse_for_texts(args, &plan, kind)?;

    let inputs = Inputs { storage: &Disk, references: &references, entries: &entries };
    let outputs = Outputs::new(Arc::new(Disk));
    interrupt::remove_on_signals(&outputs)?;
    let folder_of_state = args.resume.as_deref();
    let paths: Vec<&Path> = args.paths.iter().chain(&args.against).map(PathBuf::as_path).collect();
    let state = folder_of_state
        .map(|folder| resume::open(folder, &paths, || settings.basis(inputs), messages))
        .transpose()?;
    let (mut sinks, mut folder) = sinks(args, kind, &outputs)?;
    sinks.state = state;

    let progress = Progress::new(messages);
    let copies = folder.as_mut().map(|folder| (folder, args.paths.as_slice()));
    let totals = dedup::dedup(inputs, &settings, &mut sinks, copies, &progress)?;
    progress.finish();

    let cost = Cost { seconds: start.elapsed().as_secs_f64(), peak_memory: memory::peak() };
    totals.write(&plan, cost, &mut sinks.summary).map_err(RunError::Write)?;
    sinks.settle()?;
    let gone = sinks.is_any_gone();
    let state = sinks.state.take();
    outputs.commit_with_folder(sinks.into_outputs(), folder)?;
    resume::remove(state, messages);
    if !gone {
        messages.summary(&totals.human(&plan, cost));
    }
    if totals.without_field > 0 {
        let lack = counted(totals.without_field, "record has", "records have");
        messages.warning(&format!("{lack} no field as named by --keep {}", args.keep));
    }
    inputs::warn(messages, totals.rejected + totals.reference_rejected, totals.lost);
    Ok(if totals.rejected + totals.reference_rejected + totals.lost > 0 { 3 } else { 0 })
}

/// The reference set, and the inputs with what was passed over in both.
fn entries(args: &DedupArgs, messages: &Messages) -> Result<(Vec<Entry>, Expanded), Failure> {
    let kind: InputKind = args.input.into();
    let outputs = args.outputs();
    let expand = |paths: &[PathBuf]| -> Result<Expanded, Failure> {
        let mut found = inputs::expanded(paths, kind, Kind::Jsonl, &outputs, messages)?;
        if kind == InputKind::Auto {
            guess::records(&Disk, &mut found.entries);
        }
        Ok(found)
    };
    let mut references = Expanded::default();
    if !args.against.is_empty() {
        references = expand(&args.against)?;
    }
    let mut found = expand(&args.paths)?;
    inputs::refuse_common(&references.entries, &found.entries)?;
    inputs::refuse(&[&references.entries, &found.entries], &outputs)?;
    if found.entries.is_empty() {
        messages.note("there is no file to read in what was named");
    }
    found.lost += references.lost;
    found.skipped += references.skipped;
    Ok((references.entries, found))
}

/// Refuses what is meant for records.
fn refuse_for_texts(args: &DedupArgs, plan: &DedupPlan, kind: Kind) -> Result<(), Failure> {
    let by_field = matches!(plan.options().keep, Keep::Min(_) | Keep::Max(_));
    let option = match kind {
        Kind::Text if args.annotate => "--annotate",
        Kind::Text if by_field => "--keep by a field",
        _ => return Ok(()),
    };
    Err(Failure::Usage(format!(
        "{option} is for records, but the inputs are texts; --input jsonl reads them as records"
    )))
}

/// Opens the outputs; with `--dry-run` the summary alone.
fn sinks(
    args: &DedupArgs,
    kind: Kind,
    outputs: &Arc<Outputs>,
) -> Result<(Sinks, Option<OutputFolder>), RunError> {
    let open = |path: Option<&PathBuf>| -> Result<Sink, RunError> {
        Ok(Sink::new(path.map(|path| outputs.open(path)).transpose()?))
    };
    let summary = open(args.summary.as_ref())?;
    if args.dry_run {
        return Ok((Sinks { summary, ..Sinks::default() }, None));
    }
    let standard = PathBuf::from("-");
    let output = args.output.as_ref().unwrap_or(&standard);
    let is_folder = kind == Kind::Text && *output != standard;
    let folder = if is_folder { Some(outputs.open_folder(output)?) } else { None };
    let sinks = Sinks {
        kept: open((!is_folder).then_some(output))?,
        removed: open(args.removed.as_ref())?,
        clusters: open(args.clusters.as_ref())?,
        pairs: open(args.pairs.as_ref())?,
        rejects: open(args.rejects.as_ref())?,
        summary,
        state: None,
    };
    Ok((sinks, folder))
}
