//! Named files of which the name does not say what they hold -> what they do,
//! by their first character.
//!
//! For a command whose usual input is records: `dump.json` or `dump` with a
//! record a line should not be taken for one long text. A regular file that
//! begins with `{` holds records, as does every named pipe and device, which
//! cannot be looked into without taking from it, and every file named `.json`
//! (which is an error later unless it has one record a line).
//!
//! Time: a file opened and one read of it. Files of folders go by their names.

use crate::input::Entry;
use crate::input::Kind;
use crate::input::bytes::Bytes;
use crate::storage::Storage;
use std::path::Path;

/// Bytes looked at.
const HEAD: usize = 4096;

/// Takes named files for records that are none by their names but look like
/// it. A file that cannot be read is left to its reader.
pub fn records(storage: &dyn Storage, entries: &mut [Entry]) {
    for entry in entries.iter_mut().filter(|e| e.named && e.kind == Kind::Text) {
        if entry.size.is_none() || is_json(&entry.path) || looks_like_one(storage, &entry.path) {
            entry.kind = Kind::Jsonl;
        }
    }
}

fn is_json(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.as_encoded_bytes().to_ascii_lowercase());
    let name = name.unwrap_or_default();
    [&b".json"[..], b".json.gz", b".json.zst"].iter().any(|ending| name.ends_with(ending))
}

fn looks_like_one(storage: &dyn Storage, path: &Path) -> bool {
    let mut head = [0; HEAD];
    let read = Bytes::open(storage, path).and_then(|mut bytes| bytes.read(&mut head));
    let head = &head[..read.unwrap_or(0)];
    let head = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head);
    head.trim_ascii_start().first() == Some(&b'{')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::InputKind;
    use crate::input::walk::expand;
    use crate::storage::Disk;
    use std::fs;

    #[test]
    fn named_files_are_records_if_they_look_like_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for (name, content, kind) in [
            ("a", "{\"text\":\"\"}\n", Kind::Jsonl),
            ("b.txt", "\u{feff}\n {}", Kind::Jsonl),
            ("c.txt", "A {", Kind::Text),
            ("d", "", Kind::Text),
            ("e.JSON", "[", Kind::Jsonl),
            ("f.jsonl", "A", Kind::Jsonl),
        ] {
            fs::write(path(name), content).unwrap();
            let paths = [path(name)];
            let mut entries = expand(&Disk, &paths, InputKind::Auto, Kind::Jsonl, &[]).unwrap().0;
            records(&Disk, &mut entries);
            assert_eq!(entries[0].kind, kind, "{name}");
        }
        let folder = [dir.path().to_path_buf()];
        let mut entries = expand(&Disk, &folder, InputKind::Auto, Kind::Jsonl, &[]).unwrap().0;
        let before = entries.clone();
        records(&Disk, &mut entries);
        assert_eq!(entries, before, "files of folders go by their names");
    }
}
