#!/usr/bin/env python3
"""One page in very many documents: processor time, memory, and whether it is one cluster.

  benches/page.py TWICETOLD [DOCUMENTS] [WORDS]

Writes DOCUMENTS (100,000) records of 100 words of their own, in which a page of WORDS (300) stands at a place that
differs, runs `TWICETOLD find --scope across --format jsonl -j 1` over them, and checks that one cluster holds the
page in every document, to the byte, and that nothing else was found. Ends with status 1 otherwise, above 60 s of
processor time or above 1 GB; both limits grow with the documents.
"""
import json, os, random, sys, tempfile


def run(command):
    """Processor seconds and peak memory in MB of a command."""
    pid = os.fork()
    if pid == 0:
        os.execvp(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def words(draw, prefix, count):
    return " ".join([prefix + format(draw.getrandbits(24), "x") for _ in range(count)])


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program = sys.argv[1]
    documents = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    length = int(sys.argv[3]) if len(sys.argv) > 3 else 300
    draw = random.Random(1)
    page = words(draw, "p", length)
    want = {}
    with tempfile.TemporaryDirectory() as folder:
        dump, out = os.path.join(folder, "dump.jsonl"), os.path.join(folder, "found.jsonl")
        with open(dump, "w") as f:
            for n in range(documents):
                before = draw.randrange(1, 100)
                front = words(draw, "w", before) + " "
                text = front + page + " " + words(draw, "w", 100 - before)
                want[str(n)] = (len(front), len(front) + len(page))
                f.write(json.dumps({"id": str(n), "text": text}) + "\n")
        size = os.path.getsize(dump) / 1e6
        seconds, memory = run([program, "find", "--quiet", "--scope", "across", "--format", "jsonl", "-j", "1", "-o", out, dump])
        with open(out) as lines:
            clusters = [r for r in map(json.loads, lines) if r["type"] == "cluster"]
    found = {str(o["document"]): (o["start"], o["end"]) for o in clusters[0]["occurrences"]} if clusters else {}
    places = sum(len(c["occurrences"]) for c in clusters)
    print(f"{documents} documents, {size:.0f} MB: {seconds:.1f} s of processor time, {memory:.0f} MB")
    print(f"{len(clusters)} clusters, {places} occurrences, {sum(found.get(d) == s for d, s in want.items())} as planted")
    share = documents / 100_000
    sys.exit(len(clusters) != 1 or found != want or places != documents or seconds > 60 * share or memory > 100 + 900 * share)


main()
