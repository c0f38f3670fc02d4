"""Standard input, with the colours of a terminal -> a picture (SVG) on standard output."""
import re
import sys
import unicodedata
from xml.sax.saxutils import escape

FONT, CELL, LINE, PAD = 14, 8.43, 20, 18
BACK, FRONT = "#16181d", "#d6d9e0"
COLOURS = "#5c6370 #f0717b #8fce7e #e8c26a #6fb3f2 #d58fe0 #5fc9cf #d6d9e0".split()
BRIGHT = "#8a92a3 #ff8b94 #a8e596 #ffd985 #8fc8ff #e6a8ef #7fe0e6 #ffffff".split()


def colour(codes):
    """The colour after 38 or 48, out of the codes that follow it."""
    if codes[:1] == [5]:
        n, codes[:2] = codes[1], []
        if n < 16:
            return (COLOURS + BRIGHT)[n]
        if n > 231:
            return "#" + f"{8 + 10 * (n - 232):02x}" * 3
        return "#" + "".join(f"{(0, 95, 135, 175, 215, 255)[(n - 16) // d % 6]:02x}" for d in (36, 6, 1))
    r, g, b = codes[1:4]
    codes[:4] = []
    return f"#{r:02x}{g:02x}{b:02x}"


def apply(style, codes):
    """The style after a sequence of codes."""
    style, codes = dict(style), list(codes)
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = {}
        elif code in (1, 2, 3, 4, 7):
            style[{1: "bold", 2: "dim", 3: "italic", 4: "line", 7: "turned"}[code]] = True
        elif code in (22, 23, 24, 27):
            for name in {22: ("bold", "dim"), 23: ("italic",), 24: ("line",), 27: ("turned",)}[code]:
                style.pop(name, None)
        elif code in (38, 48):
            style["front" if code == 38 else "back"] = colour(codes)
        elif code in (39, 49):
            style.pop("front" if code == 39 else "back", None)
        else:
            for base, name, row in ((30, "front", COLOURS), (40, "back", COLOURS), (90, "front", BRIGHT), (100, "back", BRIGHT)):
                if base <= code < base + 8:
                    style[name] = row[code - base]
    return style


def width(text):
    """Columns that a text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def main():
    style, widest, out = {}, 0, []
    lines = sys.stdin.buffer.read().decode().rstrip("\n").split("\n")
    for row, line in enumerate(lines):
        column, y = 0, PAD + LINE * row
        for n, part in enumerate(re.split(r"\x1b\[([\d;]*)m", line)):
            if n % 2:
                style = apply(style, [int(c or 0) for c in part.split(";")])
                continue
            if not part:
                continue
            x, cells = PAD + CELL * column, width(part)
            front, back = style.get("front", FRONT), style.get("back")
            if style.get("turned"):
                front, back = back or BACK, front
            if back:
                out.append(f'<rect x="{x:.1f}" y="{y}" width="{CELL * cells:.1f}" height="{LINE}" fill="{back}"/>')
            marks = "".join(text for name, text in (("bold", ' font-weight="bold"'), ("italic", ' font-style="italic"'),
                            ("line", ' text-decoration="underline"'), ("dim", ' opacity="0.65"')) if style.get(name))
            out.append(f'<text x="{x:.1f}" y="{y + 15}" textLength="{CELL * cells:.1f}" fill="{front}"{marks}>{escape(part)}</text>')
            column += cells
        widest = max(widest, column)
    wide, high = PAD * 2 + CELL * widest, PAD * 2 + LINE * len(lines)
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{high}" viewBox="0 0 {wide:.0f} {high}" xml:space="preserve"'
          f' font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="{FONT}">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{BACK}"/>')
    print("\n".join(out))
    print("</svg>")


main()
