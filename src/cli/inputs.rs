//! From what is named on the command line to the files to be read.

use std::io::IsTerminal;
use std::path::Path;
use std::path::PathBuf;

use clap::ValueEnum;
use twicetold::input::Entry;
use twicetold::input::InputKind;
use twicetold::input::Kind;
use twicetold::input::walk::expand;
use twicetold::output::refuse_inputs;
use twicetold::storage::Disk;
use twicetold::storage::Identity;
use twicetold::storage::Shown;
use twicetold::storage::Storage;

use crate::cli::Failure;
use crate::cli::messages::Messages;
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

/// The files to be read, and how many could not be looked at. Without paths
/// standard input, unless it is a terminal.
pub(crate) fn expanded(
    paths: &[PathBuf],
    kind: InputKind,
    stdin: Kind,
    messages: &Messages,
) -> Result<(Vec<Entry>, u64), Failure> {
    let standard = [PathBuf::from("-")];
    if paths.is_empty() && std::io::stdin().is_terminal() {
        return Err(Failure::NoInput);
    }
    let paths = if paths.is_empty() { &standard } else { paths };
    let (entries, notes) = expand(&Disk, paths, kind, stdin)?;
    let mut lost = 0;
    for note in &notes {
        if note.is_loss() {
            lost += 1;
            messages.warning(&note.to_string());
        } else {
            messages.note(&note.to_string());
        }
    }
    Ok((entries, lost))
}

/// Refuses outputs that are inputs, or each other.
pub(crate) fn refuse<'a>(
    inputs: &[&[Entry]],
    outputs: impl Iterator<Item = &'a PathBuf>,
) -> Result<(), Failure> {
    let outputs: Vec<&Path> = outputs.map(PathBuf::as_path).collect();
    let inputs: Vec<&Path> = inputs.iter().copied().flatten().map(|e| e.path.as_path()).collect();
    Ok(refuse_inputs(&Disk, &outputs, &inputs)?)
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
