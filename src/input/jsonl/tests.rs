use super::*;
use crate::hash::splitmix64;
use crate::storage::Disk;
use crate::storage::Storage;
use crate::storage::failing::Failing;
use crate::storage::failing::Fault;
use crate::storage::failing::Op;
use std::fs;
use std::io;
use tempfile::TempDir;

fn file(content: &[u8]) -> (TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.jsonl");
    fs::write(&path, content).unwrap();
    (dir, path)
}

type Owned = (u64, u64, Vec<u8>, bool);

fn blocks(
    storage: &dyn Storage,
    content: &[u8],
    block: usize,
    line: usize,
) -> Result<Vec<Block>, InputError> {
    let (_dir, path) = file(content);
    let sizes = Sizes { block, line, ..SIZES };
    Blocks::with_sizes(Bytes::open(storage, &path)?, 7, sizes).collect()
}

fn lines_of(blocks: &[Block]) -> Vec<Owned> {
    let owned = |line: Line<'_>| (line.number, line.offset, line.bytes.to_vec(), line.ended);
    blocks.iter().flat_map(|block| block.lines().map(owned)).collect()
}

/// The definition, on the whole content.
fn naive(content: &[u8]) -> Vec<Owned> {
    let bom = if content.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut offset = bom;
    let mut lines = Vec::new();
    for (i, line) in content[bom..].split_inclusive(|&b| b == b'\n').enumerate() {
        let ended = line.ends_with(b"\n");
        let bytes = line.strip_suffix(b"\n").unwrap_or(line).to_vec();
        lines.push((i as u64 + 1, offset as u64, bytes, ended));
        offset += line.len();
    }
    lines
}

fn check(content: &[u8], block: usize) {
    let got = blocks(&Disk, content, block, LINE_LIMIT).unwrap();
    assert_eq!(lines_of(&got), naive(content), "blocks of {block}: {content:?}");
    let bom = if content.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut offset = bom;
    for (i, part) in got.iter().enumerate() {
        assert_eq!((part.file, part.offset), (7, offset as u64));
        assert!(!part.bytes.is_empty());
        assert!(part.bytes.ends_with(b"\n") || i + 1 == got.len(), "whole lines only");
        offset += part.bytes.len();
    }
    assert_eq!(offset.max(bom), content.len().max(bom), "every byte is in a block");
}

#[test]
fn lines_agree_with_the_definition_for_every_size_of_block() {
    for content in [
        &b""[..],
        b"\n",
        b"a",
        b"a\n",
        b"\n\n\na\n\nb",
        b"a\r\nb\r\n",
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbfa\nb",
        b"\xef\xbb",
        b"a\n\xef\xbb\xbfb\n",
        "a\u{2028}b\u{2029}c\u{85}d\x0b\x0c\x1c\x1d\x1e\ne".as_bytes(),
    ] {
        for block in 3..10 {
            check(content, block);
        }
        check(content, BLOCK);
    }
    let mut state = 4;
    for _ in 0..300 {
        let len = splitmix64(&mut state) % 60;
        let alphabet = b"ab\n\n\r\xef\xbb\xbf";
        let pick = |_| alphabet[(splitmix64(&mut state) % alphabet.len() as u64) as usize];
        let content: Vec<u8> = (0..len).map(pick).collect();
        check(&content, 3 + (len as usize * 7) % 13);
    }
}

#[test]
fn a_large_file_comes_in_blocks_of_about_one_size() {
    let mut state = 8;
    let mut content = Vec::new();
    while content.len() < 5 << 20 {
        content.resize(content.len() + (splitmix64(&mut state) % 9000) as usize, b'x');
        content.push(b'\n');
    }
    let got = blocks(&Disk, &content, BLOCK, LINE_LIMIT).unwrap();
    assert!(got.iter().all(|block| block.bytes.len() <= BLOCK));
    assert!(got.len() <= 5 * (1 << 20) / BLOCK + 2, "{} blocks", got.len());
    assert_eq!(lines_of(&got), naive(&content));

    // One line of many blocks between others.
    content.resize(content.len() + (40 << 20), b' ');
    content.extend_from_slice(b"{}\nlast");
    let got = blocks(&Disk, &content, BLOCK, LINE_LIMIT).unwrap();
    assert_eq!(lines_of(&got), naive(&content));
}

#[test]
fn rooms_are_used_again() {
    let content = b"0123456\n".repeat(1000);
    let (_dir, path) = file(&content);
    let bytes = Bytes::open(&Disk, &path).unwrap();
    let mut blocks = Blocks::with_sizes(bytes, 0, Sizes { block: 64, ..SIZES });
    let mut got = Vec::new();
    while let Some(block) = blocks.next() {
        let block = block.unwrap();
        got.extend(lines_of(std::slice::from_ref(&block)));
        blocks.reuse(block.bytes);
    }
    assert_eq!(got, naive(&content));
}

#[test]
fn blank_lines_are_no_records_but_count() {
    let got = blocks(&Disk, b"\n{}\n \t\r\n\r\n{}", BLOCK, LINE_LIMIT).unwrap();
    let numbers: Vec<u64> = got.iter().flat_map(Block::records).map(|line| line.number).collect();
    assert_eq!(numbers, [2, 5]);
}

#[test]
fn a_line_at_the_limit_passes_and_one_byte_more_does_not() {
    for before in ["", "a\n", "a\nbb\n\n", "ccccccccc\n"] {
        for after in ["", "\n", "\nd", "\ndddddddddd\n"] {
            for block in [3, 7, 10] {
                let content = |len: usize| format!("{before}{}{after}", "x".repeat(len));
                let run = |len| blocks(&Disk, content(len).as_bytes(), block, 10);
                assert_eq!(lines_of(&run(10).unwrap()), naive(content(10).as_bytes()));
                let Err(InputError::LongLine { line, limit, path, .. }) = run(11) else {
                    panic!("no error: {:?}, blocks of {block}", content(11));
                };
                let lines = before.matches('\n').count() as u64;
                assert_eq!(limit, 10);
                // The error names the line, or the first of those that were
                // to come in its block.
                assert_eq!(line, lines + 1, "{:?}, blocks of {block}", content(11));
                assert!(path.ends_with("a.jsonl"));
            }
        }
    }
}

#[test]
fn a_long_line_that_cannot_be_a_record_ends_soon() {
    let sizes = Sizes { block: 64, hopeless: 1000, line: 1_000_000 };
    let run = |content: &[u8]| -> Result<Vec<Block>, InputError> {
        let (_dir, path) = file(content);
        Blocks::with_sizes(Bytes::open(&Disk, &path)?, 0, sizes).collect()
    };
    let control = format!("{{\"text\":\"{}\0", "a".repeat(5000));
    for start in ["", "x", "{\"text\":\"\0", "[", "   ", &control] {
        let mut content = b"{}\n".to_vec();
        content.extend_from_slice(start.as_bytes());
        let fill = if start.starts_with('{') { b'a' } else { b' ' };
        content.resize(20_000, fill);
        let error = run(&content).unwrap_err();
        assert!(matches!(error, InputError::LongLine { line: 2, limit: 1000, .. }), "{error}");
    }
    // One that can be a record is given its room, and short ones are left to
    // the caller.
    let mut content = b"\t{\"text\":\"".to_vec();
    content.resize(20_000, b'a');
    assert_eq!(run(&content).unwrap()[0].bytes, content);
    let short = [&[0; 900][..], b"\n", &[b'x'; 900]].concat();
    assert_eq!(lines_of(&run(&short).unwrap()), naive(&short));
}

#[test]
fn after_an_error_no_lines_follow() {
    let content = b"a\n".repeat(100_000);
    for n in 1.. {
        let storage = Failing::nth(Op::Read, n, Fault::Once(io::ErrorKind::Other));
        let (_dir, path) = file(&content);
        let Ok(bytes) = Bytes::open(&storage, &path) else { continue };
        let mut blocks = Blocks::with_sizes(bytes, 0, Sizes { block: 10_000, ..SIZES });
        let results: Vec<_> = blocks.by_ref().collect();
        assert!(blocks.next().is_none());
        let whole: usize = results.iter().flatten().map(|block| block.bytes.len()).sum();
        if !storage.fired() {
            assert_eq!(whole, content.len());
            break;
        }
        // The read that was to find the end can fail as well.
        assert!(results.last().unwrap().is_err() && whole <= content.len(), "read {n}");
    }
}
