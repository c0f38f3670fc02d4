use super::*;
use crate::hash::splitmix64;
use crate::input::text;
use crate::storage::Disk;
use crate::storage::failing::Failing;
use crate::storage::failing::Fault;
use crate::storage::failing::Op;
use flate2::Compression;
use flate2::GzBuilder;
use std::fs;
use std::io::Write;
use tempfile::TempDir;

fn file(content: &[u8], name: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, content).unwrap();
    (dir, path)
}

fn read_with(storage: &dyn Storage, path: &Path, size: usize) -> Result<Vec<u8>, InputError> {
    let mut bytes = Bytes::open(storage, path)?;
    let (mut all, mut buf) = (Vec::new(), vec![0; size]);
    loop {
        match bytes.read(&mut buf)? {
            0 => break,
            n => all.extend_from_slice(&buf[..n]),
        }
    }
    assert_eq!(bytes.read(&mut buf)?, 0, "the end stays the end");
    bytes.check_unchanged()?;
    Ok(all)
}

fn read(content: &[u8], name: &str) -> Result<Vec<u8>, InputError> {
    let (_dir, path) = file(content, name);
    read_with(&Disk, &path, 1000)
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn skippable(kind: u8, content: &[u8]) -> Vec<u8> {
    let len = (content.len() as u32).to_le_bytes();
    [&[0x50 | kind, 0x2a, 0x4d, 0x18], &len[..], content].concat()
}

/// About 50 kB of words.
fn words() -> Vec<u8> {
    let mut state = 1;
    let word = |_| format!("{:x} ", splitmix64(&mut state) % 5000);
    (0..10_000).map(word).collect::<String>().into_bytes()
}

#[test]
fn plain_and_compressed_files_give_the_same_bytes_whatever_their_names() {
    for content in [&b""[..], b"x", &words()[..HEAD - 1], &words()[..HEAD], &words()] {
        for name in ["a.jsonl", "a.txt", "a"] {
            assert_eq!(read(content, name).unwrap(), content);
        }
        for name in ["a.gz", "a.zst", "a.jsonl", "a"] {
            assert_eq!(read(&gzip(content), name).unwrap(), content);
            assert_eq!(read(&zstd(content), name).unwrap(), content);
        }
    }
    // Unpacked on the way by someone who kept the name.
    assert_eq!(read(b"plain", "a.gz").unwrap(), b"plain");
}

#[test]
fn all_members_and_frames_are_read() {
    let parts = [&b"one "[..], b"", b"two ", &words(), b"three"];
    let whole = parts.concat();
    let members = parts.map(gzip).concat();
    assert_eq!(read(&members, "a").unwrap(), whole);
    assert_eq!(read(&[members, vec![0; 100_000]].concat(), "a").unwrap(), whole);
    let frames = parts.map(zstd).concat();
    assert_eq!(read(&frames, "a").unwrap(), whole);
    let mixed = [skippable(0, b""), zstd(b"one "), skippable(15, &[0; 70_000]), zstd(b"two")];
    assert_eq!(read(&mixed.concat(), "a").unwrap(), b"one two");
    assert_eq!(read(&skippable(3, b"nothing"), "a").unwrap(), b"");
    assert_eq!(read(&gzip(b"").repeat(20_000), "a").unwrap(), b"");
}

#[test]
fn gzip_headers_may_hold_everything_the_standard_allows() {
    let mut encoder = GzBuilder::new()
        .filename("a name")
        .comment("a comment")
        .extra(vec![7; 300])
        .mtime(1)
        .operating_system(3)
        .write(Vec::new(), Compression::none());
    encoder.write_all(b"content").unwrap();
    let whole = encoder.finish().unwrap();
    assert_eq!(read(&whole, "a").unwrap(), b"content");
    for cut in 0..whole.len() {
        assert!(read(&whole[..cut], "a.gz").is_err(), "cut at {cut}");
    }
}

#[test]
fn zstd_frames_may_have_any_level_and_form() {
    for level in [-5, 1, 19, 22] {
        for (checksum, size) in [(false, false), (true, true)] {
            let mut encoder = zstd::Encoder::new(Vec::new(), level).unwrap();
            encoder.include_checksum(checksum).unwrap();
            encoder.include_contentsize(size).unwrap();
            encoder.set_pledged_src_size(size.then_some(words().len() as u64)).unwrap();
            encoder.long_distance_matching(level == 19).unwrap();
            encoder.write_all(&words()).unwrap();
            assert_eq!(read(&encoder.finish().unwrap(), "a").unwrap(), words());
        }
    }
}

#[test]
fn every_truncation_is_an_error() {
    let content = &words()[..300];
    let packed: [(&str, Vec<u8>); 4] = [
        ("a.gz", gzip(content)),
        ("a.zst", zstd(content)),
        // The cut between the two is a whole file.
        ("a.gz", [gzip(b"one"), gzip(content)].concat()),
        ("a.zst", [skippable(0, b"123"), zstd(content)].concat()),
    ];
    let whole = [0, 0, gzip(b"one").len(), skippable(0, b"123").len()];
    for ((name, bytes), whole) in packed.iter().zip(whole) {
        for cut in 0..bytes.len() {
            let result = read(&bytes[..cut], name);
            if cut == whole && cut > 0 {
                result.unwrap();
                continue;
            }
            let error = result.expect_err(&format!("{name} cut at {cut}"));
            assert!(matches!(error, InputError::Compressed { .. }), "{cut}: {error}");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}

#[test]
fn changed_bytes_give_an_error_or_the_same_content() {
    let content = words();
    for (name, packed) in [("a.gz", gzip(&content)), ("a.zst", zstd(&content))] {
        let mut state = 9;
        let mut errors = 0;
        let ends = (0..24).chain(packed.len() - 12..packed.len());
        let inside: Vec<usize> =
            (0..400).map(|_| (splitmix64(&mut state) % packed.len() as u64) as usize).collect();
        for at in ends.chain(inside) {
            let mut bad = packed.clone();
            bad[at] ^= 1 << (splitmix64(&mut state) % 8);
            match read(&bad, name) {
                Ok(got) => assert_eq!(got, content, "{name}, byte {at}"),
                Err(error) => {
                    assert!(error.to_string().contains(name), "{error}");
                    errors += 1;
                }
            }
        }
        assert!(errors > 400, "{name}: {errors}");
    }
}

#[test]
fn other_data_after_the_end_is_an_error() {
    for tail in [&b"x"[..], b"\0\0x", b"\n", b"\x1f", b"\x1f\x8b", b"\0\x1f\x8b\x08", b"{}"] {
        let error = read(&[&gzip(b"content"), tail].concat(), "a").unwrap_err();
        assert!(matches!(error, InputError::Compressed { format: "gzip", .. }), "{error}");
    }
    // The zeros end where the reader's first buffer ends.
    let mut padded = gzip(b"content");
    padded.resize(HEAD, 0);
    padded.extend(gzip(b"more"));
    read(&padded, "a").unwrap_err();
    for tail in [&b"x"[..], b"\0\0\0\0", b"\n", b"\x28", b"\x28\xb5\x2f", b"\x50\x2a\x4d\x18"] {
        let error = read(&[&zstd(b"content"), tail].concat(), "a").unwrap_err();
        assert!(matches!(error, InputError::Compressed { format: "zstd", .. }), "{error}");
    }
}

#[test]
fn windows_above_the_limit_and_dictionaries_are_refused_with_a_remedy() {
    let with_window = |log| {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(log).unwrap();
        encoder.write_all(b"content").unwrap();
        // A flush starts the frame, so that its size is not known and the
        // window stands in its header.
        encoder.flush().unwrap();
        encoder.finish().unwrap()
    };
    assert_eq!(read(&with_window(27), "a").unwrap(), b"content");
    let error = read(&with_window(28), "a").unwrap_err().to_string();
    assert!(error.contains("--long=31"), "{error}");
    // A frame that names dictionary 5, with one raw block of one byte.
    let frame = b"\x28\xb5\x2f\xfd\x01\x58\x05\x09\x00\x00x";
    let error = read(frame, "a").unwrap_err().to_string();
    assert!(error.contains("-D DICTIONARY"), "{error}");
}

#[test]
fn binary_formats_are_refused_by_name_also_within_compressed_data() {
    let mut tar = vec![0; 1024];
    tar[..5].copy_from_slice(b"a.txt");
    tar[257..262].copy_from_slice(b"ustar");
    for (content, what) in [
        (b"PAR1\x15\x00".to_vec(), "Parquet"),
        (b"PK\x03\x04\x14\x00".to_vec(), "zip"),
        (b"\xfd7zXZ\x00\x00".to_vec(), "xz"),
        (tar, "tar"),
        (gzip(b"x"), "compressed again"),
        (zstd(b"x"), "compressed again"),
    ] {
        let packed = [gzip(&content), zstd(&content)];
        let plain = (!what.contains("again")).then_some(content);
        for bytes in packed.into_iter().chain(plain) {
            let error = read(&bytes, "a.jsonl").unwrap_err();
            assert!(error.is_binary() && error.to_string().contains(what), "{error}");
        }
    }
}

#[test]
fn memory_does_not_follow_the_compression_ratio() {
    // 64 MiB of zeros in a few kB; the reader's own buffers are all it has.
    let packed = zstd(&vec![0; 64 << 20]);
    let (_dir, path) = file(&packed, "a");
    let mut bytes = Bytes::open(&Disk, &path).unwrap();
    let mut buf = vec![0; 4096];
    let mut total = 0u64;
    loop {
        match bytes.read(&mut buf).unwrap() {
            0 => break,
            n => total += n as u64,
        }
    }
    assert_eq!(total, 64 << 20);
    assert_eq!(bytes.taken(), packed.len() as u64);
}

#[test]
fn whatever_fails_is_an_error_that_names_the_file() {
    for content in [words(), gzip(&words()), zstd(&words())] {
        let (_dir, path) = file(&content, "the-name");
        for op in [Op::Open, Op::Read] {
            for n in 1.. {
                let storage = Failing::nth(op, n, Fault::Once(io::ErrorKind::Other));
                let result = read_with(&storage, &path, 7000);
                if !storage.fired() {
                    assert_eq!(result.unwrap(), words());
                    break;
                }
                let error = result.unwrap_err();
                assert!(matches!(error, InputError::Failed { .. }), "{op:?} {n}: {error}");
                assert!(error.to_string().contains("the-name"), "{error}");
            }
        }
        for fault in [Fault::Short, Fault::Once(io::ErrorKind::Interrupted)] {
            for n in 1..4 {
                let storage = Failing::nth(Op::Read, n, fault);
                assert_eq!(read_with(&storage, &path, 7000).unwrap(), words());
            }
        }
    }
}

#[test]
fn a_file_that_changes_is_noticed() {
    let (_dir, path) = file(b"before", "a");
    let bytes = Bytes::open(&Disk, &path).unwrap();
    bytes.check_unchanged().unwrap();
    fs::write(&path, "after it").unwrap();
    assert!(matches!(bytes.check_unchanged(), Err(InputError::Changed { .. })));
}

fn read_text(content: &[u8], limit: u64) -> Result<crate::text::original::Text, InputError> {
    let (_dir, path) = file(content, "a.txt");
    text::read(&mut Bytes::open(&Disk, &path).unwrap(), limit)
}

#[test]
fn a_text_is_read_whole_whatever_its_size() {
    let mut long = words();
    while long.len() < 3_000_000 {
        long.extend_from_within(..);
    }
    for content in [&b""[..], b"x", &words(), &long] {
        let text = read_text(content, u64::MAX).unwrap();
        assert_eq!(text.text.as_bytes(), content);
        assert!(text.offsets.is_identity());
        assert_eq!(read_text(&gzip(content), u64::MAX).unwrap(), text);
    }
}

#[test]
fn a_text_beyond_the_limit_or_with_nul_bytes_is_an_error() {
    read_text(b"12345", 5).unwrap();
    let error = read_text(b"123456", 5).unwrap_err();
    assert!(matches!(error, InputError::LargeText { limit: 5, .. }), "{error}");
    let repaired = read_text(b"\xff\xff\xff", 5).unwrap_err();
    assert!(matches!(repaired, InputError::LargeText { .. }));
    for at in [0, 10, 300_000] {
        let mut content = vec![b'a'; 400_000];
        content[at] = 0;
        assert!(read_text(&content, u64::MAX).unwrap_err().is_binary());
    }
    assert!(read_text(&zstd(&vec![0; 10 << 20]), u64::MAX).unwrap_err().is_binary());
}
