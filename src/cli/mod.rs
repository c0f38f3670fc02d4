//! The `twicetold` command: arguments, exit statuses, messages.

mod dedup;
mod find;
mod inputs;
mod interrupt;
mod known;
mod memory;
mod messages;
mod progress;
mod resume;
mod size;
mod standard;
mod words;

use std::fmt;
use std::io;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use clap::CommandFactory;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use clap::error::ContextKind;
use clap::error::ContextValue;
use twicetold::checkpoint::CheckpointError;
use twicetold::input::InputError;
use twicetold::input::keys::KeyError;
use twicetold::options::OptionsError;
use twicetold::output::OutputError;
use twicetold::run::RunError;
use twicetold::storage::Shown;

use crate::cli::messages::Messages;

/// Finds what a text tells twice: repeated passages, near-duplicate documents.
#[derive(Parser, Debug)]
#[command(name = "twicetold", version, about, max_term_width = 100, propagate_version = true)]
#[command(after_help = "Exit status: 0 done, 1 findings under --fail-on, 2 could not run or \
                        finish, 3 finished, but some input was rejected or unreadable.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Repeated passages inside a text or across texts
    #[command(display_name = "twicetold")]
    Find(Box<find::FindArgs>),
    /// Near-duplicate documents in dumps and folders
    #[command(display_name = "twicetold")]
    Dedup(Box<dedup::DedupArgs>),
}

/// Options of all commands.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of all commands")]
struct Common {
    /// Threads; 0 or none: one for each processor
    #[arg(short = 'j', long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    threads: usize,
    /// No progress, notes or summary on standard error
    #[arg(short, long)]
    quiet: bool,
    /// More notes, and all places of large clusters
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,
    /// When to use colour; NO_COLOR is honoured
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    color: Color,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// Most threads that can be asked for.
const MOST_THREADS: usize = 1024;

/// Runs the command.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => return ExitCode::from(usage(e)),
    };
    let common = match &cli.command {
        Command::Find(args) => &args.common,
        Command::Dedup(args) => &args.common,
    };
    let messages = Messages::new(common.quiet, common.verbose, common.color);
    // In the pool itself: else each piece of work that is shared out would
    // wake this thread when it is done.
    let run = |_: &rayon::Scope<'_>| match &cli.command {
        Command::Find(args) => find::run(args, &messages),
        Command::Dedup(args) => dedup::run(args, &messages),
    };
    let result = start_threads(common.threads).and_then(|()| rayon::scope(run));
    ExitCode::from(match result {
        Ok(status) => status,
        Err(failure) if failure.is_broken_pipe() => 0,
        Err(Failure::NoInput) => {
            let name = match cli.command {
                Command::Find(_) => "find",
                Command::Dedup(_) => "dedup",
            };
            help(name);
            2
        }
        Err(failure) => {
            messages.error(&failure.to_string());
            2
        }
    })
}

/// Prints what the parser has to say: help and version when asked for, else a
/// usage error. Returns the exit status.
fn usage(mut error: clap::Error) -> u8 {
    // Values that are echoed may play tricks on the terminal.
    let echoes: Vec<(ContextKind, String)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, Shown(Path::new(text)).to_string())),
            _ => None,
        })
        .collect();
    for (kind, shown) in echoes {
        let is_other = |value| matches!(value, Some(ContextValue::String(text)) if text != shown);
        let value = ContextValue::String(shown.clone());
        if is_other(error.insert(kind, value)) {
            // It echoes the value as well, among colours.
            error.insert(ContextKind::Suggested, ContextValue::None);
        }
    }
    if error.use_stderr() {
        // Nobody is left to be told when standard error is closed.
        let _ = error.print();
        return 2;
    }
    let printed = error.print().and_then(|()| io::stdout().flush());
    let failure = match printed {
        Ok(()) if standard::is_output_closed() => "it is closed".to_owned(),
        Ok(()) => return 0,
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return 0,
        Err(e) => e.to_string(),
    };
    let messages = Messages::new(false, false, Color::Auto);
    messages.error(&format!("cannot write standard output: {failure}"));
    2
}

/// Prints the short help of a command to standard error.
fn help(name: &str) {
    let mut command = Cli::command();
    command.build();
    if let Some(own) = command.find_subcommand_mut(name) {
        let text = own.render_help();
        // Nobody is left to be told when standard error is closed.
        let _ = write!(std::io::stderr(), "{text}");
    }
}

/// Sets up the pool of threads that all work runs in.
fn start_threads(threads: usize) -> Result<(), Failure> {
    if threads > MOST_THREADS {
        return Err(Failure::Threads(format!(
            "--threads must be at most {MOST_THREADS}, but it is {threads}"
        )));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build_global()
        .map_err(|e| Failure::Threads(format!("cannot start the threads: {e}; try -j 1")))
}

/// Why the command ended without a result.
#[derive(Debug)]
enum Failure {
    Options(OptionsError),
    Key(KeyError),
    Run(RunError),
    Threads(String),
    /// Options that do not go together.
    Usage(String),
    Signals(io::Error),
    /// Nothing was named and standard input is a terminal.
    NoInput,
}

impl Failure {
    fn is_broken_pipe(&self) -> bool {
        matches!(self, Failure::Run(e) if e.is_broken_pipe())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Options(e) => e.fmt(f),
            Failure::Key(e) => e.fmt(f),
            Failure::Run(e) => e.fmt(f),
            Failure::Threads(message) | Failure::Usage(message) => f.write_str(message),
            Failure::Signals(e) => write!(f, "cannot wait for signals: {e}"),
            Failure::NoInput => f.write_str("there is no input"),
        }
    }
}

macro_rules! failures {
    ($($from:ty => $variant:expr),+ $(,)?) => {
        $(impl From<$from> for Failure {
            fn from(e: $from) -> Failure {
                $variant(e)
            }
        })+
    };
}

failures! {
    OptionsError => Failure::Options,
    KeyError => Failure::Key,
    RunError => Failure::Run,
    InputError => |e| Failure::Run(RunError::Input(e)),
    OutputError => |e| Failure::Run(RunError::Output(e)),
    CheckpointError => |e| Failure::Run(RunError::Checkpoint(e)),
}
