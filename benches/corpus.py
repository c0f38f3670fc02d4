#!/usr/bin/env python3
"""Passages across a dump: processor time, memory, and near-duplicate pairs that share a passage.

  benches/corpus.py TWICETOLD DUMP.jsonl PAIRS.tsv [THRESHOLD] [RUNS] [-- OPTIONS OF find]

PAIRS.tsv: id, id, exact Jaccard of 5-word shingles. Runs `TWICETOLD find --scope across --format jsonl` RUNS times
(5), prints each run and the medians, and the share of the pairs of at least THRESHOLD (0.8) with both documents in
one reported cluster, and the share of the text that is told twice. Ends with status 1 below 12 MB a second of processor time or below 0.99 of the pairs.
"""
import json, os, statistics, sys, tempfile


def run(command):
    """Processor seconds, wall-clock seconds and peak memory in MB of a command."""
    import time
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.execvp(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - start, usage.ru_maxrss / 1000


def main():
    options = []
    if "--" in sys.argv:
        at = sys.argv.index("--")
        options, sys.argv[at:] = sys.argv[at + 1:], []
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    program, dump, pairs = sys.argv[1:4]
    threshold = float(sys.argv[4]) if len(sys.argv) > 4 else 0.8
    runs = int(sys.argv[5]) if len(sys.argv) > 5 else 5
    megabytes = os.path.getsize(dump) / 1e6
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "found.jsonl")
        measured = []
        for _ in range(runs):
            measured.append(run([program, "find", "--scope", "across", "--format", "jsonl", "-o", out, dump, *options]))
            print("%.2f s of processor time, %.2f s, %.0f MB" % measured[-1])
        clusters_of = {}
        with open(out, encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                if record["type"] == "summary":
                    told = record["repeated_bytes"] / record["bytes"]
                if record["type"] == "cluster":
                    for o in record["occurrences"]:
                        clusters_of.setdefault(str(o["document"]), set()).add(record["id"])
    wanted = met = 0
    with open(pairs, encoding="utf-8") as lines:
        for line in lines:
            a, b, score = line.split("\t")[:3]
            if float(score) >= threshold:
                wanted += 1
                met += bool(clusters_of.get(a, set()) & clusters_of.get(b, set()))
    cpu, wall, memory = (statistics.median(m[i] for m in measured) for i in range(3))
    print(f"median: {megabytes / cpu:.1f} MB/s of processor time, {megabytes / wall:.1f} MB/s, {memory:.0f} MB")
    print(f"told twice: {told:.3f} of the text")
    print(f"pairs of {threshold} or more with a passage in common: {met} of {wanted}, {met / wanted:.4f}")
    sys.exit(megabytes / cpu < 12 or met < 0.99 * wanted)


main()
