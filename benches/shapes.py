#!/usr/bin/env python3
"""Dumps that are hard to hold, for benches/memory.sh.

    benches/shapes.py SHAPE TIMES OUT

SHAPE is `tiny` (very many records of eight words, few alike), `copies` (a
hundred texts many times), `crowd` (texts from one template that are all alike
in part), `long` (a record of some megabytes among short ones) or `files` (a
folder of a thousand files). TIMES says how large.
"""

import random
import sys
from pathlib import Path


def line(number, text):
    return f'{{"id":{number},"text":"{text}"}}\n'


def words(count, seed):
    """Words drawn one after the other, the same each time."""
    draw = random.Random(seed)
    known = [f"w{draw.randrange(10**6)}" for _ in range(20_000)]
    return draw.choices(known, k=count)


def tiny(times):
    pool = words(1 << 22, 1)
    for n in range(500_000 * times):
        copy = n % 10 == 9
        start = n // 2 if copy else n
        step = 1 + (start >> 22)
        start = start * 7919 % ((1 << 22) - 1000)
        yield line(n, " ".join(pool[start : start + 8 * step : step]))


def copies(times):
    texts = [" ".join(words(60, seed)) for seed in range(100)]
    draw = random.Random(2)
    for n in range(100_000 * times):
        yield line(n, draw.choice(texts))


def crowd(times):
    common = words(40, 3)
    own = words(4 * 20_000 * times + 4, 4)
    for n in range(20_000 * times):
        yield line(n, " ".join(common + own[4 * n : 4 * n + 4]))


def long(times):
    pool = words(1 << 20, 5)
    for n in range(10_000 * times):
        if n == 1000:
            yield line(n, " ".join(pool[:600_000] * min(times, 2)))
        start = n * 7919 % (1 << 19)
        yield line(n, " ".join(pool[start : start + 80]))


def main():
    shape, times, out = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    if shape == "files":
        out.mkdir()
        lines = list(long(times))
        share = len(lines) // 1000 + 1
        for n in range(1000):
            part = "".join(lines[n * share : (n + 1) * share])
            (out / f"{n:03}.jsonl").write_text(part)
        return
    with open(out, "w") as file:
        file.writelines({"tiny": tiny, "copies": copies, "crowd": crowd, "long": long}[shape](times))


main()
