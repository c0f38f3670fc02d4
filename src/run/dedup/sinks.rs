//! The outputs of a run, each of which may not be wanted.

use std::io;
use std::io::Write;
use std::path::Path;

use crate::checkpoint::Checkpoint;
use crate::output::Output;
use crate::output::OutputError;
use crate::storage::Shown;

/// An output that may not be wanted, or no longer: when its reader has gone,
/// the others are still written.
#[derive(Default)]
pub struct Sink {
    output: Option<Output>,
    gone: bool,
}

impl Sink {
    /// Writes to `output`, if there is one.
    #[must_use]
    pub fn new(output: Option<Output>) -> Sink {
        Sink { output, gone: false }
    }

    /// Whether anything that is written goes anywhere.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.output.is_some()
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    ///
    /// As [`Output::put`], but for a reader that has gone.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        let Some(output) = &mut self.output else { return Ok(()) };
        let written = output.put(bytes);
        self.unless_gone(written)
    }

    /// Writes a path and a line end; for a terminal a path that is one line.
    ///
    /// # Errors
    ///
    /// As [`put`](Sink::put).
    pub(super) fn put_path(&mut self, path: &Path) -> Result<(), OutputError> {
        if self.output.as_ref().is_some_and(Output::is_terminal) {
            self.put(Shown(path).to_string().as_bytes())?;
        } else {
            self.put(path.as_os_str().as_encoded_bytes())?;
        }
        self.put(b"\n")
    }

    fn settle(&mut self) -> Result<(), OutputError> {
        let Some(output) = self.output.as_mut().filter(|output| output.is_direct()) else {
            return Ok(());
        };
        let path = output.path().to_path_buf();
        let flushed = output.flush().map_err(|e| match e.downcast::<OutputError>() {
            Ok(error) => error,
            Err(source) => OutputError::Failed { path, action: "write", source },
        });
        self.unless_gone(flushed)
    }

    fn close(&mut self) {
        self.output = None;
        self.gone = true;
    }

    fn unless_gone(&mut self, result: Result<(), OutputError>) -> Result<(), OutputError> {
        match result {
            Err(e) if e.is_broken_pipe() => {
                self.close();
                Ok(())
            }
            result => result,
        }
    }
}

impl Write for Sink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match &mut self.output {
            None => Ok(buf.len()),
            Some(output) => match output.write(buf) {
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {
                    self.close();
                    Ok(buf.len())
                }
                result => result,
            },
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where everything goes.
#[derive(Default)]
pub struct Sinks {
    /// Lines that stay; of text files their paths.
    pub kept: Sink,
    /// Lines that go; of text files their paths.
    pub removed: Sink,
    /// Records of clusters.
    pub clusters: Sink,
    /// Records of pairs.
    pub pairs: Sink,
    /// Unusable lines.
    pub rejects: Sink,
    /// Totals, which the caller writes.
    pub summary: Sink,
    /// What the run has done so far, for one that goes on; the caller removes
    /// it when the outputs stand.
    pub state: Option<Checkpoint>,
}

impl Sinks {
    /// Whether the reader of one of them has gone.
    #[must_use]
    pub fn is_any_gone(&self) -> bool {
        let Sinks { kept, removed, clusters, pairs, rejects, summary, .. } = self;
        [kept, removed, clusters, pairs, rejects, summary].into_iter().any(|sink| sink.gone)
    }

    /// Empties the buffers of outputs that have no final name to wait for, so
    /// that a reader that has gone is met before anything is committed.
    ///
    /// # Errors
    ///
    /// The first write that fails, but for a reader that has gone.
    pub fn settle(&mut self) -> Result<(), OutputError> {
        let Sinks { kept, removed, clusters, pairs, rejects, summary, .. } = self;
        [kept, removed, clusters, pairs, rejects, summary].into_iter().try_for_each(Sink::settle)
    }

    /// Those that are still open, to be committed.
    #[must_use]
    pub fn into_outputs(self) -> Vec<Output> {
        let Sinks { kept, removed, clusters, pairs, rejects, summary, .. } = self;
        [kept, removed, clusters, pairs, rejects, summary]
            .into_iter()
            .filter_map(|sink| sink.output)
            .collect()
    }
}
