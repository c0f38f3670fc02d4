#!/usr/bin/env python3
"""The same work by other programs, side by side: processor time and memory.

  python3 -m venv venv && venv/bin/pip install rensa gaoya orjson
  venv/bin/python benches/peers.py TWICETOLD DUMP.jsonl [--rounds 5] [--jscpd PROGRAM]

DUMP.jsonl holds records with `id` and `text`. Near-duplicates are looked for by 5-word shingles, 128 hashes in 16 bands
of 8 rows and a threshold of 0.7, by rensa and gaoya driven from Python, and by `TWICETOLD dedup -t 0.7`, which also
verifies each pair and writes the records that stay. `wc -w` counts words in a UTF-8 locale. With --jscpd (npm install
jscpd), copies of 50 tokens and more are looked for in the texts as files, once, beside `TWICETOLD find --threshold 1
--scope across`.
Programs take turns, round by round; printed are medians of user and system seconds and of peak memory, as a table.
Every round has to give the same answer.
"""
import argparse, hashlib, os, re, statistics, subprocess, sys, tempfile


def records(path):
    import orjson
    with open(path, "rb") as lines:
        for line in lines:
            record = orjson.loads(line)
            yield record["id"], record["text"]


WORD = re.compile(r"[a-z0-9]+").findall


def shingles(text):
    words = WORD(text.lower())
    if len(words) < 5:
        return [" ".join(words)]
    return [" ".join(five) for five in zip(*(words[n:] for n in range(5)))]


def rensa(dump, out):
    import rensa as peer
    hashes, some = [], []

    def sketch():
        hashes.extend(peer.RMinHash.from_token_sets(some, num_perm=128, seed=42))
        some.clear()
    ids = []
    for name, text in records(dump):
        ids.append(name)
        some.append(shingles(text))
        if len(some) == 1000:
            sketch()
    sketch()
    index = peer.RMinHashLSH(threshold=0.7, num_perm=128, num_bands=16)
    index.insert_many(hashes)
    with open(out, "w") as pairs:
        for b, found in enumerate(index.query_all(hashes)):
            for a in sorted(found):
                if a < b and hashes[b].jaccard(hashes[a]) >= 0.7:
                    pairs.write(f"{ids[a]}\t{ids[b]}\n")


def gaoya(dump, out):
    import gaoya as peer
    index = peer.minhash.MinHashStringIndex(
        hash_size=32, jaccard_threshold=0.7, num_bands=16, band_size=8, num_hashes=128, analyzer="word",
        lowercase=True, ngram_range=(5, 5))
    ids, texts = [], []
    for name, text in records(dump):
        ids.append(name)
        texts.append(" ".join(WORD(text.lower())))
    index.par_bulk_insert_docs(list(range(len(ids))), texts)
    with open(out, "w") as pairs:
        for b, found in enumerate(index.par_bulk_query(texts)):
            for a in sorted(found):
                if a < b:
                    pairs.write(f"{ids[a]}\t{ids[b]}\n")


def spread(dump, folder):
    """Each text as a file, for programs that know nothing else."""
    for n, (_, text) in enumerate(records(dump)):
        with open(os.path.join(folder, f"{n}.txt"), "w", encoding="utf-8") as out:
            out.write(text)


def measure(command, answer):
    """User and system seconds and peak memory in MB; and a hash of the answer, a file or what is printed."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    if answer and os.path.exists(answer):
        os.remove(answer)
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(command, stdout=printed, stderr=subprocess.DEVNULL, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        # jscpd says by 1 that it found something.
        if process.returncode not in (0, 1):
            sys.exit(f"{command[0]} ended with {process.returncode}")
        printed.seek(0)
        with open(answer, "rb") if answer else printed as content:
            # In pieces: a program inherits the peak memory of the one that starts it.
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    return (usage.ru_utime, usage.ru_stime, usage.ru_maxrss / 1000), digest


def table(rows, megabytes):
    print("| program | user | system | MB/s per core | memory | times the first |")
    print("|---|---|---|---|---|---|")
    median = lambda values: statistics.median(values)
    first = None
    for name, runs in rows.items():
        seconds = median(user + system for user, system, _ in runs)
        first = first or seconds
        user, system, memory = (median(run[n] for run in runs) for n in range(3))
        print(f"| {name} | {user:.2f} s | {system:.2f} s | {megabytes / seconds:.1f} | {memory:.0f} MB | "
              f"{seconds / first:.1f} |")


def compare(programs, rounds, megabytes):
    rows, answers = {name: [] for name in programs}, {}
    for _ in range(rounds):
        for name, (command, answer) in programs.items():
            figures, digest = measure(command, answer)
            rows[name].append(figures)
            if answers.setdefault(name, digest) != digest:
                sys.exit(f"{name}: the answer changed from round to round")
    table(rows, megabytes)


def main():
    if sys.argv[1:2] == ["--peer"]:
        return {"rensa": rensa, "gaoya": gaoya}[sys.argv[2]](*sys.argv[3:5])
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("twicetold")
    arguments.add_argument("dump")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--jscpd")
    given = arguments.parse_args()
    megabytes = os.path.getsize(given.dump) / 1e6
    with tempfile.TemporaryDirectory() as folder:
        out = lambda name: os.path.join(folder, name)
        peer = lambda name: ([sys.executable, __file__, "--peer", name, given.dump, out(name)], out(name))
        kept = out("kept.jsonl")
        compare({
            "`twicetold dedup -t 0.7`": ([given.twicetold, "dedup", "-q", "-t", "0.7", given.dump, "-o", kept], kept),
            "rensa, driven from Python": peer("rensa"),
            "gaoya, driven from Python": peer("gaoya"),
            "`wc -w`": (["wc", "-w", given.dump], None),
        }, given.rounds, megabytes)
        if given.jscpd:
            os.mkdir(out("texts"))
            spread(given.dump, out("texts"))
            found = out("found.jsonl")
            ours = [given.twicetold, "find", "-q", "--threshold", "1", "--scope", "across", "--format", "jsonl",
                    "-o", found, given.dump]
            theirs = [given.jscpd, "--min-tokens", "50", "--min-lines", "3", "--silent", "--reporters", "json",
                      "--output", out("report"), "--format", "text", "--max-size", "100mb", "--formats-exts", "text:txt",
                      out("texts")]
            print()
            compare({"`twicetold find --threshold 1`": (ours, found), "jscpd": (theirs, None)}, 1, megabytes)


main()
