//! Findings that are known, or not wanted.

use std::io;
use std::path::Path;

use regex::Regex;
use twicetold::report::Cluster;
use twicetold::report::Documents;
use twicetold::report::baseline::Baseline;
use twicetold::run::corpus::Findings;
use twicetold::storage::Shown;

use crate::cli::Failure;

/// A pattern of the command line.
pub(crate) fn pattern(word: &str) -> Result<Regex, String> {
    Regex::new(word).map_err(|e| {
        // The last line says what is wrong, those before show where.
        let text = e.to_string();
        let reason = text.lines().last().unwrap_or_default();
        Shown(Path::new(reason.trim_start_matches("error: "))).to_string()
    })
}

/// Leaves out the clusters in whose leading place one of the patterns matches.
pub(crate) fn ignore(findings: &mut Findings, patterns: &[Regex]) -> io::Result<()> {
    if patterns.is_empty() {
        return Ok(());
    }
    findings.retain(|cluster, documents| Ok(!is_ignored(cluster, documents, patterns)?))
}

fn is_ignored(
    cluster: &Cluster,
    documents: &dyn Documents,
    patterns: &[Regex],
) -> io::Result<bool> {
    let Some(leader) = cluster.occurrences.iter().find(|o| o.leader) else { return Ok(false) };
    let document = documents.document(leader.document)?;
    let text = leader.span.of(&document.text);
    Ok(patterns.iter().any(|pattern| pattern.is_match(text)))
}

/// The baseline in a file.
pub(crate) fn read(path: &Path) -> Result<Baseline, Failure> {
    let failed = |reason: String| {
        Failure::Usage(format!("cannot read the baseline {}: {reason}", Shown(path)))
    };
    let text = std::fs::read_to_string(path)
        .map_err(|e| failed(format!("{e}; --write-baseline makes one")))?;
    Baseline::parse(&text).map_err(|e| failed(e.to_string()))
}
