#!/usr/bin/env python3
"""Paragraphs told twice, by the definition, against `find --level paragraph --exact --pairs`.

  benches/units.py TWICETOLD DUMP.jsonl [within|across|all] [THRESHOLD]

Compares all pairs of paragraphs of at least 15 words by the exact Jaccard similarity of their sets of 3-word shingles
(all that share a shingle: the others have none of it), with a tokenizer of its own, and those that are the same word
for word from 3 words on. Prints how many pairs both have, and ends with status 1 when they differ in one.
"""
import collections, json, re, subprocess, sys, tempfile, unicodedata

CASES = 64  # pairs of places of two contents above which one pair stands for all


def words(text):
    """Tokens with their places: good for scripts with spaces."""
    out = []
    for m in re.finditer(r"[^\W_]+(?:['’][^\W_]+)*", text):
        word = unicodedata.normalize("NFKC", m.group()).casefold().replace("’", "'")
        out.append((word, m.start(), m.end()))
    return out


def paragraphs(text):
    """Lists of tokens; those that stand back to back word for word are one."""
    units, last = [], None
    for m in re.finditer(r"(?:^(?=.*\S).*(?:\n|\Z))+", text, re.M):
        tokens = words(m.group())
        if not tokens:
            continue
        content = tuple(t[0] for t in tokens)
        start, end = m.start() + tokens[0][1], m.start() + tokens[-1][2]
        if content == last:
            units[-1][2] = end
        else:
            units.append([content, start, end])
        last = content
    return units


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    program, dump = sys.argv[1:3]
    scope = sys.argv[3] if len(sys.argv) > 3 else "within"
    threshold = float(sys.argv[4]) if len(sys.argv) > 4 else 0.7
    units = []  # content, document, start and end in bytes
    with open(dump, encoding="utf-8") as lines:
        for n, line in enumerate(lines):
            text = json.loads(line)["text"]
            bytes_at = [0]
            for c in text:
                bytes_at.append(bytes_at[-1] + len(c.encode("utf-8", "surrogatepass")))
            units += [(u, n + 1, bytes_at[s], bytes_at[e]) for u, s, e in paragraphs(text)]
    places = collections.defaultdict(list)
    for u, n, s, e in units:
        places[u].append((n, s, e))
    contents = list(places)
    postings, expected = collections.defaultdict(list), {}

    def compared(a, b):
        return scope == "all" or (a[0] == b[0]) == (scope == "within")

    def add(x, y, score):
        near = x is not y
        if scope == "within":
            ones = [([p for p in x if p[0] == d], [p for p in y if p[0] == d]) for d in {p[0] for p in x} & {p[0] for p in y}]
        else:
            ones = [(x, y)]
        for x, y in ones:
            pairs = [(p, q) if p < q else (q, p) for p in x for q in y if (near or p < q) and compared(p, q)]
            if pairs:
                # For many places the command names one pair, or those of the first.
                many = len(x) * len(y) > CASES
                expected[min(pairs) if not many else frozenset(pairs)] = (pairs, score, many, near)

    shingles = []
    for c, content in enumerate(contents):
        own = {content[i:i + 3] for i in range(len(content) - 2)}
        shingles.append(len(own))
        if len(places[content]) > 1 and len(content) >= 3:
            add(places[content], places[content], 1.0)
        if len(content) < 15:
            continue
        shared = collections.Counter(o for s in own for o in postings[s])
        for s in own:
            postings[s].append(c)
        for o, k in shared.items():
            union = len(own) + shingles[o] - k
            if k * 1_000_000 >= round(threshold * 1e6) * union:
                add(places[contents[o]], places[content], k / union)

    with tempfile.NamedTemporaryFile(suffix=".jsonl") as out:
        subprocess.run([program, "find", "-q", "--level", "paragraph", "--exact", "--pairs", "--scope", scope, "-t", str(threshold),
                        "--format", "jsonl", "-o", out.name, dump], check=True)
        got = {}
        with open(out.name, encoding="utf-8") as lines:
            for line in lines:
                r = json.loads(line)
                if r["type"] == "match":
                    got[tuple((r[k]["record"], r[k]["start"], r[k]["end"]) for k in "ab")] = r["score"]
    both, missing = 0, []
    for pairs, score, many, near in expected.values():
        found = [p for p in pairs if p in got]
        wanted = 1 if many else len(pairs)
        both += len(found)
        bad = [p for p in found if got.pop(p) != int(score * 10000 + 1e-9) / 10000]
        if len(found) < wanted or bad:
            missing.append((pairs[0], score, bad[:1]))
    near = sum(len(e[0]) for e in expected.values() if e[3])
    print(f"{len(units)} paragraphs, {sum(len(e[0]) for e in expected.values())} pairs of places by the definition, {near} near; "
          f"{both} found, {len(missing)} missing or with another score, {len(got)} too many")
    for what in missing[:5] + list(got.items())[:5]:
        print("  ", what)
    sys.exit(bool(missing or got))


main()
