//! Where each record stands, so that it can be had again.
//!
//! Neither texts nor ids are held: a plain regular file is read again at the
//! place of the line, what came through a pipe or compressed from the
//! [`Spill`], or from the state that is kept of the run. A file that is not the version it was, or a line that is not
//! what it was, is [`InputError::Changed`].
//!
//! * time: one read of the system a record, or for many in a row
//! * space: 32 bytes a record, on disk when they are many ([`Rows`]), and a
//!   few open files

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::checkpoint::CheckpointError;
use crate::checkpoint::Reader;
use crate::checkpoint::Section;
use crate::input::Entry;
use crate::input::InputError;
use crate::input::bytes::Bytes;
use crate::input::keys::Keys;
use crate::input::record::Fields;
use crate::input::record::parse;
use crate::input::record::parse_in;
use crate::input::text;
use crate::report::duplicates::Name;
use crate::run::RunError;
use crate::run::dedup::rows::Row;
use crate::run::dedup::rows::Rows;
use crate::run::documents::Texts;
use crate::run::stream::Origin;
use crate::spill::Spill;
use crate::spill::read_exact_at;
use crate::storage::FileKind;
use crate::storage::Source;
use crate::storage::Stat;
use crate::storage::Storage;

/// Files held open for reading again.
const OPEN: usize = 8;

/// Bytes of a file read at a time.
const BLOCK: u64 = 1 << 20;

/// Where an entry is read again.
#[derive(Clone, Debug)]
enum Place {
    /// In the file itself, which was this.
    File(Stat),
    /// In the spill.
    Spill,
}

/// A file held open, with the number of its entry.
type Open = (u32, Arc<dyn Source>);

/// All records, in the order of the input; those of a reference set first.
pub(super) struct Archive<'a> {
    storage: &'a dyn Storage,
    /// Those of the reference set first.
    pub(super) entries: Vec<&'a Entry>,
    /// Their paths as reports name them.
    paths: Vec<String>,
    places: Vec<Option<Place>>,
    pub(super) rows: Rows,
    pub(super) spill: Spill,
    /// In place of the spill while reading, when the run may go on later.
    pub(super) spool: Option<Section>,
    /// Text and id.
    keys: Keys,
    open: Mutex<Vec<Open>>,
    /// Memory of lines that were read again, for later ones.
    spare: Mutex<Vec<Vec<u8>>>,
}

impl<'a> Archive<'a> {
    /// Without records.
    pub(super) fn new(
        storage: &'a dyn Storage,
        entries: Vec<&'a Entry>,
        keys: Keys,
        (rows, spill): (Rows, Spill),
    ) -> Archive<'a> {
        Archive {
            storage,
            paths: entries.iter().map(|e| e.path.to_string_lossy().into_owned()).collect(),
            places: vec![None; entries.len()],
            entries,
            rows,
            spill,
            spool: None,
            keys,
            open: Mutex::default(),
            spare: Mutex::default(),
        }
    }

    /// Number of records.
    pub(super) fn records(&self) -> u32 {
        self.rows.len()
    }

    /// Bytes kept that could not be had again.
    pub(super) fn spooled(&self) -> u64 {
        self.spill.len()
    }

    /// The row of a record.
    pub(super) fn row(&self, record: u32) -> Result<Row, RunError> {
        Ok(self.rows.get(record)?)
    }

    /// The path of an entry.
    pub(super) fn path(&self, entry: u32) -> &'a Path {
        &self.entries[entry as usize].path
    }

    /// Notes where an entry comes from and keeps its next bytes if they could
    /// not be had again. Returns the distance from places in its stream to
    /// where they are read again, and the room of the bytes if it is free.
    pub(super) fn keep(
        &mut self,
        entry: u32,
        origin: &Origin,
        offset: u64,
        bytes: Vec<u8>,
    ) -> Result<(u64, Option<Vec<u8>>), RunError> {
        match self.place(entry, origin) {
            Place::File(_) => Ok((0, Some(bytes))),
            Place::Spill => {
                let (place, room) = self.put_aside(bytes)?;
                Ok((place.wrapping_sub(offset), room))
            }
        }
    }

    /// Notes where a text comes from, and keeps it if it could not be had
    /// again. Returns where it is read again.
    pub(super) fn keep_text(
        &mut self,
        entry: u32,
        origin: &Origin,
        text: String,
    ) -> Result<u64, RunError> {
        let named = !self.entries[entry as usize].is_stdin();
        let (place, offset) = match &origin.stat {
            Some(stat) if named && stat.kind == FileKind::Regular => (Place::File(stat.clone()), 0),
            _ => (Place::Spill, self.put_aside(text.into_bytes())?.0),
        };
        self.places[entry as usize] = Some(place);
        Ok(offset)
    }

    /// Keeps bytes; returns their place, and their room if it is free.
    fn put_aside(&mut self, bytes: Vec<u8>) -> Result<(u64, Option<Vec<u8>>), RunError> {
        match &mut self.spool {
            Some(spool) => {
                let place = spool.len();
                spool.put(&bytes)?;
                Ok((place, Some(bytes)))
            }
            None => Ok(self.spill.push(bytes)?),
        }
    }

    /// Writes how each entry is read again.
    pub(super) fn put_places(&self, out: &mut Section) -> Result<(), CheckpointError> {
        self.places.iter().try_for_each(|place| {
            out.put(&[match place {
                None => 0,
                Some(Place::File(_)) => 1,
                Some(Place::Spill) => 2,
            }])
        })
    }

    /// Reads the same; the files are those that they were, as far as size and
    /// time of change tell.
    pub(super) fn take_places(&mut self, from: &mut Reader) -> Result<(), RunError> {
        for entry in 0..self.entries.len() {
            let mut place = [0];
            from.take(&mut place)?;
            self.places[entry] = match place {
                [1] => {
                    let path = self.path(entry as u32);
                    let stat = self.storage.stat(path);
                    Some(Place::File(stat.map_err(|e| self.failed(entry as u32, e))?))
                }
                [2] => Some(Place::Spill),
                _ => None,
            };
        }
        Ok(())
    }

    fn place(&mut self, entry: u32, origin: &Origin) -> &Place {
        let named = !self.entries[entry as usize].is_stdin();
        self.places[entry as usize].get_or_insert_with(|| match &origin.stat {
            // A file of the system's own making has no size, and may be
            // another each time.
            Some(stat)
                if named && origin.plain && stat.kind == FileKind::Regular && stat.size > 0 =>
            {
                Place::File(stat.clone())
            }
            _ => Place::Spill,
        })
    }

    /// Fills `buf` with what stands from `offset` on.
    pub(super) fn read(&self, entry: u32, offset: u64, buf: &mut [u8]) -> Result<(), RunError> {
        if !matches!(self.places[entry as usize], Some(Place::File(_))) {
            return Ok(self.spill.read(offset, buf)?);
        }
        let source = self.source(entry)?;
        match read_exact_at(&*source, offset, buf) {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Err(self.changed(entry)),
            Err(source) => Err(self.failed(entry, source)),
        }
    }

    /// The file of an entry, if it is what it was.
    pub(super) fn source(&self, entry: u32) -> Result<Arc<dyn Source>, RunError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, source)) = open.iter().find(|o| o.0 == entry) {
            return Ok(Arc::clone(source));
        }
        let opened = self.storage.open(self.path(entry)).or_else(|_| {
            // There may be no descriptor left but those held here.
            open.clear();
            self.storage.open(self.path(entry))
        });
        let source = opened.map_err(|source| self.failed(entry, source))?;
        let now = source.stat().map_err(|source| self.failed(entry, source))?;
        if !matches!(&self.places[entry as usize], Some(Place::File(was)) if was.same_version(&now))
        {
            return Err(self.changed(entry));
        }
        let source: Arc<dyn Source> = Arc::from(source);
        if open.len() == OPEN {
            open.remove(0);
        }
        open.push((entry, Arc::clone(&source)));
        Ok(source)
    }

    /// The line of a record, as it was read.
    fn line(&self, row: &Row) -> Result<Vec<u8>, RunError> {
        let mut line = self.spare().pop().unwrap_or_default();
        line.resize(row.length as usize, 0);
        self.read(row.entry, row.offset, &mut line)?;
        if !row.matches(&line) {
            return Err(self.changed(row.entry));
        }
        Ok(line)
    }

    /// Takes the memory of a line back, unless it is large.
    fn keep_room(&self, line: Vec<u8>) {
        if line.capacity() as u64 <= BLOCK {
            self.spare().push(line);
        }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The text of a text file.
    fn whole(&self, row: &Row) -> Result<String, RunError> {
        let text = match self.places[row.entry as usize] {
            Some(Place::File(_)) => {
                let mut bytes = Bytes::open(self.storage, self.path(row.entry))?;
                text::read(&mut bytes, text::TEXT_LIMIT)?.text
            }
            _ => {
                let text = String::from_utf8(self.line(row)?);
                text.map_err(|_| self.changed(row.entry))?
            }
        };
        if row.matches(text.as_bytes()) { Ok(text) } else { Err(self.changed(row.entry)) }
    }

    /// Passes the bytes of a text file to `put`, as they are in the file; of
    /// one that cannot be had again, its text.
    pub(super) fn whole_file(
        &self,
        row: &Row,
        mut put: impl FnMut(&[u8]) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let Some(Place::File(was)) = &self.places[row.entry as usize] else {
            return put(&self.line(row)?);
        };
        let source = self.source(row.entry)?;
        let failed = |source| self.failed(row.entry, source);
        let (mut place, mut block) = (0, Vec::new());
        while place < was.size {
            block.resize((was.size - place).min(BLOCK) as usize, 0);
            self.read(row.entry, place, &mut block)?;
            put(&block)?;
            place += block.len() as u64;
        }
        let now = source.stat().map_err(failed)?;
        if was.same_version(&now) { Ok(()) } else { Err(self.changed(row.entry)) }
    }

    fn fields<'l>(&self, row: &Row, line: &'l [u8]) -> Result<Fields<'l>, RunError> {
        parse(line, &self.keys).map_err(|_| self.changed(row.entry))
    }

    /// How reports name a record.
    pub(super) fn name(&self, record: u32) -> Result<Name<'_>, RunError> {
        let row = self.row(record)?;
        let path = Cow::Borrowed(self.paths[row.entry as usize].as_str());
        if row.line == 0 {
            return Ok(Name { label: Name::quote(&path), path, record: None });
        }
        let line = self.line(&row)?;
        let id = self.fields(&row, &line)?.id.filter(|&id| id != "null");
        let label = match id {
            Some(id) => id.to_owned(),
            None => Name::quote(&format!("{path}:{}", row.line)),
        };
        Ok(Name { label, path, record: Some(row.line) })
    }

    pub(super) fn changed(&self, entry: u32) -> RunError {
        InputError::Changed { path: self.path(entry).to_path_buf() }.into()
    }

    pub(super) fn failed(&self, entry: u32, source: std::io::Error) -> RunError {
        InputError::Failed { path: self.path(entry).to_path_buf(), source }.into()
    }
}

impl Texts for Archive<'_> {
    type Error = RunError;

    fn text(&self, record: u32, buffer: &mut String) -> Result<(), RunError> {
        let row = self.row(record)?;
        if row.line == 0 {
            *buffer = self.whole(&row)?;
            return Ok(());
        }
        let line = self.line(&row)?;
        match parse_in(&line, &self.keys, buffer).map_err(|_| self.changed(row.entry))?.text {
            Cow::Owned(text) => *buffer = text,
            Cow::Borrowed(text) => {
                buffer.clear();
                buffer.push_str(text);
            }
        }
        self.keep_room(line);
        Ok(())
    }
}
