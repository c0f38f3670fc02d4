//! What a search goes by -> the basis of the state that it leaves.

use crate::checkpoint::Basis;
use crate::checkpoint::CheckpointError;
use crate::input::Entry;
use crate::options::find::FindOptions;
use crate::options::find::Level;
use crate::options::find::Profile;
use crate::options::find::Scope;
use crate::run::dedup::resume::kinds;
use crate::storage::Storage;

/// Options that play no part in a report's alignments may differ: `--pairs`,
/// `--snap`, `--format`, and what leaves findings out.
///
/// # Errors
///
/// [`CheckpointError::Unrepeatable`] for inputs that cannot be read twice.
pub fn basis(
    storage: &dyn Storage,
    entries: &[Entry],
    options: &FindOptions,
    (text, id): (&str, &str),
    (line_limit, rejects): (usize, bool),
) -> Result<Basis, CheckpointError> {
    let mut basis = Basis::new("find");
    basis.option(
        "--scope",
        match options.scope {
            Scope::Within => "within",
            Scope::Across => "across",
            Scope::All => "all",
        },
    );
    basis.option(
        "--level",
        match options.level {
            Level::Passage => "passage",
            Level::Paragraph => "paragraph",
            Level::Sentence => "sentence",
            Level::Line => "line",
        },
    );
    basis.option("--min-words", options.min_words);
    basis.option("--threshold", options.threshold);
    basis.option(
        "--profile",
        match options.profile {
            Profile::Fast => "fast",
            Profile::Default => "default",
            Profile::Sensitive => "sensitive",
            Profile::Max => "max",
        },
    );
    basis.option("--max-gap", options.max_gap);
    if options.reworded {
        basis.option("--reworded", "on");
    }
    if rejects {
        basis.option("--rejects", "on");
    }
    basis.option("--text-key", text);
    basis.option("--id-key", id);
    basis.option("--max-record", line_limit);
    basis.option("--input", kinds(entries));
    for entry in entries {
        basis.input(storage, &entry.path)?;
    }
    Ok(basis)
}
