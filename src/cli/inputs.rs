//! From what is named on the command line to the files to be read.

use std::io::IsTerminal;
use std::path::Path;
use std::path::PathBuf;

use clap::ValueEnum;
use twicetold::input::Entry;
use twicetold::input::InputKind;
use twicetold::input::Kind;
use twicetold::input::jsonl::LINE_LIMITS;
use twicetold::input::walk::expand;
use twicetold::output::refuse_inputs;
use twicetold::storage::Disk;
use twicetold::storage::Identity;
use twicetold::storage::Shown;
use twicetold::storage::Storage;

use crate::cli::Failure;
use crate::cli::messages::Messages;
use crate::cli::messages::counted;
use crate::cli::size::size;
use crate::cli::standard;
use crate::cli::words::words;

words!(InputArg for InputKind {
    /// By the name of each file
    #[default]
    Auto = InputKind::Auto,
    /// Each file is one text
    Text = InputKind::Text,
    /// Each line is a record
    Jsonl = InputKind::Jsonl,
});

/// What is to be read.
#[derive(Default)]
pub(crate) struct Expanded {
    pub(crate) entries: Vec<Entry>,
    /// Files and folders in folders that could not be looked at.
    pub(crate) lost: u64,
    /// Links, pipes and the like in folders, passed over.
    pub(crate) skipped: u64,
}

/// Entries of folders passed over that are told of one by one; all of them are
/// counted.
const TOLD: u64 = 10;

/// The files to be read, without those of folders that are to be written.
/// Without paths standard input, unless it is a terminal.
pub(crate) fn expanded(
    paths: &[PathBuf],
    kind: InputKind,
    stdin: Kind,
    outputs: &[&Path],
    messages: &Messages,
) -> Result<Expanded, Failure> {
    let standard = [PathBuf::from("-")];
    if paths.is_empty() && std::io::stdin().is_terminal() {
        return Err(Failure::NoInput);
    }
    let paths = if paths.is_empty() { &standard } else { paths };
    let (entries, notes) = expand(&Disk, paths, kind, stdin, outputs)?;
    let (mut lost, mut skipped) = (0, 0);
    for note in &notes {
        lost += u64::from(note.is_loss());
        skipped += u64::from(note.is_skip());
        if note.is_loss() {
            messages.warning(&note.to_string());
        } else if !note.is_skip() || skipped <= TOLD {
            messages.note(&note.to_string());
        }
    }
    if skipped > TOLD {
        messages.note(&format!("and {} more passed over", skipped - TOLD));
    }
    Ok(Expanded { entries, lost, skipped })
}

/// Refuses outputs that are inputs, or each other, and standard output when it
/// is closed.
pub(crate) fn refuse(inputs: &[&[Entry]], outputs: &[&Path]) -> Result<(), Failure> {
    if standard::is_output_closed() && outputs.iter().any(|path| path.as_os_str() == "-") {
        return Err(Failure::Usage("standard output is closed; name a file with -o".to_owned()));
    }
    let inputs: Vec<&Path> = inputs.iter().copied().flatten().map(|e| e.path.as_path()).collect();
    Ok(refuse_inputs(&Disk, outputs, &inputs)?)
}

/// Tells what of the input found no way into the result.
pub(crate) fn warn(messages: &Messages, rejected: u64, lost: u64) {
    if rejected > 0 {
        let records = counted(rejected, "record was", "records were");
        messages.warning(&format!("{records} set aside"));
    }
    if lost > 0 {
        let entries = counted(lost, "file or folder", "files or folders");
        messages.warning(&format!("{entries} could not be read"));
    }
}

/// Most bytes of a record.
pub(crate) fn max_record(word: &str) -> Result<usize, String> {
    let bytes = size(word)?;
    let fits = usize::try_from(bytes).ok().filter(|bytes| LINE_LIMITS.contains(bytes));
    fits.ok_or_else(|| "it must be between 1K and 4095M".to_owned())
}

/// Refuses inputs that are part of the reference set.
pub(crate) fn refuse_common(references: &[Entry], inputs: &[Entry]) -> Result<(), Failure> {
    let identity = |entry: &Entry| {
        let stat = if entry.is_stdin() {
            Disk.stdin().and_then(|source| source.stat())
        } else {
            Disk.stat(&entry.path)
        };
        stat.ok().and_then(|stat| stat.identity)
    };
    let mut known: Vec<Identity> = references.iter().filter_map(identity).collect();
    known.sort_unstable();
    for entry in inputs.iter().filter(|_| !known.is_empty()) {
        if identity(entry).is_some_and(|own| known.binary_search(&own).is_ok()) {
            let path = Shown(&entry.path);
            let message = format!("{path} is an input and a reference; leave out one of the two");
            return Err(Failure::Usage(message));
        }
    }
    Ok(())
}
