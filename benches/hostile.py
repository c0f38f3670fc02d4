#!/usr/bin/env python3
"""Texts that repeat themselves in every way: processor time, memory, and what is found.

  benches/hostile.py TWICETOLD [LARGEST]

Makes each text with 10^4, 10^5, … LARGEST (10^6) words, runs `TWICETOLD find --format jsonl -j 1`, and prints a
table. Ends with status 1 when ten times the text takes more than fifteen times as long (beyond a tenth of a second)
or as much memory (beyond 50 MB), or when less than the stated share of the text is found to be repeated.
"""
import itertools, json, os, random, sys, tempfile


def fibonacci(n):
    a, b = ["a"], ["a", "b"]
    while len(b) < n:
        a, b = b, b + a
    return b[:n]


def thue_morse(n):
    return ["ab"[bin(i).count("1") % 2] for i in range(n)]


def words(seed, count):
    draw = random.Random(seed)
    return [format(draw.getrandbits(28), "x") for _ in range(count)]


def repeated(units, n):
    return list(itertools.islice(itertools.chain.from_iterable(itertools.cycle(units)), n))


def counters(n):
    line = words(1, 10)
    return [w for i in range(n // 11) for w in line + [f"n{i}"]]


def periods(n):
    unit = words(2, 50)
    return [w for i in range(n // 101) for w in unit + unit + [f"x{i % 7}"]]


def interleaved(n):
    # A B A B … and then A C A C …: every other line stays.
    a, b, c = words(3, 12), words(4, 12), words(5, 12)
    return repeated([a, b], n // 2) + repeated([a, c], n // 2)


def alternating(n):
    # A B1 A B2 A B3 …: one line between lines of its own.
    a = words(6, 30)
    return [w for i in range(n // 60) for w in a + words(100 + i, 30)]


def drifting(n):
    unit, draw = words(7, 20), random.Random(8)
    out = []
    for i in range(n // 20):
        unit[i * 7 % 20] = format(draw.getrandbits(28), "x")
        out += unit
    return out


def changing(n):
    return [f"w{i // 200}" for i in range(n)]


# The text, the least share of it that has to be found.
TEXTS = {
    "one word": (lambda n: ["same"] * n, 0.99),
    "one line": (lambda n: repeated([words(9, 10)], n), 0.99),
    "200 of each word": (changing, 0.98),
    "Fibonacci": (fibonacci, 0.9),
    "Thue-Morse": (thue_morse, 0.9),
    "periods p, p + 1": (periods, 0.99),
    "line and counter": (counters, 0.99),
    "A B A B, A C A C": (interleaved, 0.99),
    "A B1 A B2 A B3": (alternating, 0.49),
    "drifting line": (drifting, 0.5),
}


def run(command):
    """Processor seconds and peak memory in MB of a command."""
    pid = os.fork()
    if pid == 0:
        os.execvp(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def covered(clusters):
    total = end = 0
    for start, stop in sorted((o["start"], o["end"]) for c in clusters for o in c["occurrences"]):
        total += max(0, stop - max(start, end))
        end = max(end, stop)
    return total


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program, largest = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10**6
    wrong = []
    print(f"{'text':18} {'words':>8} {'s':>7} {'MB':>6} {'runs':>6} {'clusters':>8} {'most':>7} {'share':>6}")
    with tempfile.TemporaryDirectory() as folder:
        text, out = os.path.join(folder, "text.txt"), os.path.join(folder, "found.jsonl")
        for name, (make, least) in TEXTS.items():
            before, n = None, 10**4
            while n <= largest:
                with open(text, "w") as f:
                    f.write(" ".join(make(n)))
                seconds, memory = run([program, "find", "--quiet", "--format", "jsonl", "-j", "1", "-o", out, text])
                with open(out) as lines:
                    clusters = [r for r in map(json.loads, lines) if r["type"] == "cluster"]
                runs = sum(o.get("period") is not None for c in clusters for o in c["occurrences"])
                most = max((len(c["occurrences"]) for c in clusters), default=0)
                share = covered(clusters) / os.path.getsize(text)
                print(f"{name:18} {n:8} {seconds:7.2f} {memory:6.0f} {runs:6} {len(clusters):8} {most:7} {share:6.3f}", flush=True)
                if share < least:
                    wrong.append(f"{name}, {n} words: {share:.3f} of the text found, at least {least} expected")
                if before and (seconds > 0.1 + 15 * before[0] or memory > 50 + 15 * before[1]):
                    wrong.append(f"{name}, {n} words: more than fifteen times the cost of a tenth")
                before, n = (seconds, memory), 10 * n
    for line in wrong:
        print("WRONG:", line)
    sys.exit(bool(wrong))


main()
