//! The `twicetold` command: arguments, exit statuses, messages.

mod find;
mod interrupt;
mod messages;
mod progress;

use std::process::ExitCode;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;

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
    Find(find::FindArgs),
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
        Err(e) => {
            // Help asked for is output, anything else a usage error.
            let status = if e.use_stderr() { 2 } else { 0 };
            let printed = e.print();
            return ExitCode::from(if printed.is_err() && status == 0 { 2 } else { status });
        }
    };
    let common = match &cli.command {
        Command::Find(args) => &args.common,
    };
    let messages = Messages::new(common.quiet, common.verbose, common.color);
    if let Err(message) = start_threads(common.threads) {
        messages.error(&message);
        return ExitCode::from(2);
    }
    let status = match &cli.command {
        Command::Find(args) => find::run(args, &messages),
    };
    ExitCode::from(status)
}

/// Sets up the pool of threads that all work runs in.
fn start_threads(threads: usize) -> Result<(), String> {
    if threads > MOST_THREADS {
        return Err(format!("--threads must be at most {MOST_THREADS}, but it is {threads}"));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build_global().map_err(|e| format!("cannot start {threads} threads: {e}; try -j 1"))
}
