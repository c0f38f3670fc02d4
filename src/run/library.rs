//! Names and texts of the documents of a search, in memory or on the disk.
//!
//! Texts are held as they were read until [`Library::spill`] writes them to a
//! temporary file; inputs are never read twice, so that a pipe, a compressed
//! file and a file that changes meanwhile are all the same.
//!
//! * time: one read of the system a document that is on the disk, none for one
//!   that was looked at just before
//! * space: the texts; on the disk 8 bytes a document, and [`RECENT`]
//!   documents that were looked at last

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::report::Document;
use crate::report::Documents;
use crate::report::Text;
use crate::report::duplicates::Name;
use crate::run::places::Texts;
use crate::spill::Scratch;
use crate::spill::ScratchFile;
use crate::spill::SpillError;
use crate::text::original::Offsets;

/// Documents on the disk that are kept in memory when they were looked at.
const RECENT: usize = 8;

/// Most bytes of texts that are kept so, beyond the last one.
const RECENT_BYTES: usize = 4 << 20;

/// Bytes written at a time.
const WRITE: usize = 1 << 20;

/// A document and where it comes from.
#[derive(Debug)]
pub(crate) struct Held {
    /// Number of the file.
    pub(crate) entry: u32,
    /// Line of a record.
    pub(crate) record: Option<u64>,
    /// The id as raw JSON.
    pub(crate) id: Option<Box<str>>,
    /// What is searched.
    pub(crate) text: Arc<String>,
    /// Of a text file whose places are not those of its text.
    pub(crate) offsets: Option<Arc<Offsets>>,
}

impl Held {
    /// Bytes that it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Held>() + self.text.len() + self.id.as_ref().map_or(0, |id| id.len())
    }
}

/// The documents of a search, by number.
#[derive(Debug)]
pub(crate) struct Library {
    /// Paths, by entry.
    paths: Vec<String>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Memory(Vec<Held>),
    Disk(Disk),
}

#[derive(Debug)]
struct Disk {
    file: ScratchFile,
    /// What comes next in the file.
    pending: Vec<u8>,
    /// Where each document begins.
    starts: Vec<u64>,
    recent: Mutex<VecDeque<(u32, Arc<Held>)>>,
}

impl Library {
    /// Without documents; the paths of the files, by entry.
    pub(crate) fn new(paths: Vec<String>) -> Library {
        Library { paths, place: Place::Memory(Vec::new()) }
    }

    /// Puts the next document in.
    pub(crate) fn push(&mut self, held: Held) -> Result<(), SpillError> {
        match &mut self.place {
            Place::Memory(documents) => documents.push(held),
            Place::Disk(disk) => disk.push(&held)?,
        }
        Ok(())
    }

    /// Moves all documents to the disk, and those that come to it too.
    pub(crate) fn spill(&mut self, scratch: &Scratch) -> Result<(), SpillError> {
        if let Place::Memory(documents) = &mut self.place {
            let mut disk = Disk {
                file: scratch.file()?,
                pending: Vec::new(),
                starts: Vec::new(),
                recent: Mutex::default(),
            };
            // One by one, so that no document is held for longer than needed.
            std::mem::take(documents).into_iter().try_for_each(|held| disk.push(&held))?;
            self.place = Place::Disk(disk);
        }
        Ok(())
    }

    /// Writes what is still to be written: no document comes any more.
    pub(crate) fn close(&mut self) -> Result<(), SpillError> {
        match &mut self.place {
            Place::Memory(_) => Ok(()),
            Place::Disk(disk) => disk.flush(),
        }
    }

    /// All texts, while they are in memory.
    pub(crate) fn texts(&self) -> Option<Vec<&str>> {
        match &self.place {
            Place::Memory(documents) => Some(documents.iter().map(|d| d.text.as_str()).collect()),
            Place::Disk(_) => None,
        }
    }

    fn named<'a>(&'a self, held: &Held, text: Text<'a>, id: Option<Cow<'a, str>>) -> Document<'a> {
        let path = &self.paths[held.entry as usize];
        let label = match (id, held.record) {
            (Some(id), _) => id,
            (None, Some(record)) => Cow::Owned(Name::quote(&format!("{path}:{record}"))),
            (None, None) => Cow::Owned(Name::quote(path)),
        };
        let (record, offsets) = (held.record, held.offsets.clone());
        Document { label, path: Cow::Borrowed(path), record, text, offsets }
    }
}

impl Documents for Library {
    fn document(&self, number: u32) -> io::Result<Document<'_>> {
        match &self.place {
            Place::Memory(documents) => {
                let held = &documents[number as usize];
                let id = held.id.as_deref().map(Cow::Borrowed);
                Ok(self.named(held, Text::Borrowed(&held.text), id))
            }
            Place::Disk(disk) => {
                let held = disk.recent(number)?;
                let id = held.id.as_deref().map(|id| Cow::Owned(id.to_owned()));
                Ok(self.named(&held, Text::Shared(Arc::clone(&held.text)), id))
            }
        }
    }
}

impl Texts for Library {
    fn len(&self) -> usize {
        match &self.place {
            Place::Memory(documents) => documents.len(),
            Place::Disk(disk) => disk.starts.len(),
        }
    }

    fn text(&self, number: u32) -> Result<Text<'_>, SpillError> {
        match &self.place {
            Place::Memory(documents) => Ok(Text::Borrowed(&documents[number as usize].text)),
            Place::Disk(disk) => Ok(Text::Shared(disk.read(number)?.text)),
        }
    }
}

/// Bytes before the id, the offsets and the text of a document.
const HEAD: usize = 24;

impl Disk {
    fn push(&mut self, held: &Held) -> Result<(), SpillError> {
        self.starts.push(self.file.len() + self.pending.len() as u64);
        let offsets = held.offsets.as_ref().map_or_else(Vec::new, |offsets| offsets.to_bytes());
        let id = held.id.as_deref();
        let out = &mut self.pending;
        out.extend_from_slice(&held.entry.to_le_bytes());
        out.extend_from_slice(&held.record.unwrap_or(0).to_le_bytes());
        // An id of raw JSON has a character at least.
        out.extend_from_slice(&(id.map_or(0, str::len) as u32).to_le_bytes());
        out.extend_from_slice(&(offsets.len() as u64).to_le_bytes());
        out.extend_from_slice(id.unwrap_or_default().as_bytes());
        out.extend_from_slice(&offsets);
        out.extend_from_slice(held.text.as_bytes());
        if out.len() >= WRITE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), SpillError> {
        self.file.append(&self.pending)?;
        self.pending.clear();
        if self.pending.capacity() > 2 * WRITE {
            self.pending = Vec::new();
        }
        Ok(())
    }

    /// One that was looked at just before, or the one in the file.
    fn recent(&self, number: u32) -> io::Result<Arc<Held>> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = recent.iter().position(|(n, _)| *n == number) {
            let held = Arc::clone(&recent[at].1);
            if let Some(found) = recent.remove(at) {
                recent.push_front(found);
            }
            return Ok(held);
        }
        let kind = |e: &SpillError| e.source.kind();
        let held = Arc::new(self.read(number).map_err(|e| io::Error::new(kind(&e), e))?);
        recent.push_front((number, Arc::clone(&held)));
        let bytes = |recent: &VecDeque<(u32, Arc<Held>)>| -> usize {
            recent.iter().map(|(_, held)| held.text.len()).sum()
        };
        while recent.len() > 1 && (recent.len() > RECENT || bytes(&recent) > RECENT_BYTES) {
            recent.pop_back();
        }
        Ok(held)
    }

    fn read(&self, number: u32) -> Result<Held, SpillError> {
        let at = number as usize;
        let end = self.starts.get(at + 1).copied().unwrap_or(self.file.len());
        let mut all = vec![0; (end - self.starts[at]) as usize];
        self.file.read(self.starts[at], &mut all)?;
        Held::parse(&all).ok_or_else(|| self.file.damaged())
    }
}

impl Held {
    /// Reads what [`Disk::push`] wrote; none if it is something else.
    fn parse(all: &[u8]) -> Option<Held> {
        let number = |at: usize, n: usize| -> Option<u64> {
            let mut bytes = [0; 8];
            bytes[..n].copy_from_slice(all.get(at..at + n)?);
            Some(u64::from_le_bytes(bytes))
        };
        let (entry, record) = (number(0, 4)? as u32, number(4, 8)?);
        let id = HEAD + number(12, 4)? as usize;
        let offsets = id.checked_add(usize::try_from(number(16, 8)?).ok()?)?;
        let text = String::from_utf8(all.get(offsets..)?.to_vec()).ok()?;
        Some(Held {
            entry,
            record: (record > 0).then_some(record),
            id: match std::str::from_utf8(all.get(HEAD..id)?).ok()? {
                "" => None,
                id => Some(id.into()),
            },
            text: Arc::new(text),
            offsets: match all.get(id..offsets)? {
                [] => None,
                bytes => Some(Arc::new(Offsets::from_bytes(bytes)?)),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;
    use crate::text::original::decode;

    #[test]
    fn documents_are_the_same_in_memory_and_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        for seed in 0..60u64 {
            let mut state = seed;
            let mut draw = |n: u64| splitmix64(&mut state) % n;
            let (mut memory, mut disk) = (
                Library::new(vec!["a".into(), "b".into()]),
                Library::new(vec!["a".into(), "b".into()]),
            );
            let n = draw(40) as u32;
            let when = draw(u64::from(n) + 1) as u32;
            for number in 0..n {
                if number == when {
                    disk.spill(&Scratch::new(folder.path())).unwrap();
                }
                let bytes: Vec<u8> =
                    (0..draw(30)).map(|_| b"ab \n\xff\xc3\xa9"[draw(7) as usize]).collect();
                let text = decode(bytes);
                let (record, id) = match draw(3) {
                    0 => (None, None),
                    1 => (Some(1 + draw(9)), None),
                    _ => (Some(1 + draw(9)), Some(format!("\"{}\"", draw(99)))),
                };
                let entry = draw(2) as u32;
                let held = || Held {
                    entry,
                    record,
                    id: id.as_deref().map(Into::into),
                    text: Arc::new(text.text.clone()),
                    offsets: (!text.offsets.is_identity()).then(|| Arc::new(text.offsets.clone())),
                };
                memory.push(held()).unwrap();
                disk.push(held()).unwrap();
            }
            if when == n {
                disk.spill(&Scratch::new(folder.path())).unwrap();
            }
            disk.close().unwrap();
            assert_eq!((memory.len(), disk.len()), (n as usize, n as usize));
            assert!(memory.texts().is_some() && disk.texts().is_none());
            for _ in 0..2 * n {
                let number = draw(u64::from(n)) as u32;
                let (x, y) = (memory.document(number).unwrap(), disk.document(number).unwrap());
                assert_eq!((x.label, x.path, x.record), (y.label, y.path, y.record));
                assert_eq!((&*x.text, x.offsets), (&*y.text, y.offsets));
                assert_eq!(&*memory.text(number).unwrap(), &*disk.text(number).unwrap());
            }
        }
    }

    #[test]
    fn what_is_no_document_is_not_taken_for_one() {
        for n in 0..HEAD + 3 {
            assert!(Held::parse(&vec![0xff; n]).is_none(), "{n}");
        }
    }
}
