#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws docs/g711-curve.svg: the companding curve of mu-law and the steps of its eight segments.

g711-curve.py FILE          writes the picture
g711-curve.py --check FILE  fails if FILE is not what would be written
"""
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 460, 64, 24, 28, 56


def decision_value(code):
    """The smallest positive sample, in 16-bit terms, that gets interval `code`, 0 .. 127; at 128, where clipping begins."""
    segment, interval = code >> 4, code & 15
    return max(0, ((interval + 16) << (segment + 3)) - 132)


def x_of(sample):
    return round(LEFT + sample / 32768 * (WIDTH - LEFT - RIGHT), 1)


def y_of(code):
    return round(HEIGHT - BOTTOM - code / 128 * (HEIGHT - TOP - BOTTOM), 1)


def text(x, y, words, anchor="middle", more=""):
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{more}>{words}</text>'


def segments():
    """A band for each segment: each is twice as wide as the one before, and all are equally high."""
    for segment in range(8):
        left, right = x_of(decision_value(16 * segment)), x_of(decision_value(16 * segment + 16))
        shade = "#f2f5f9" if segment % 2 else "#e3eaf3"
        top, bottom = y_of(16 * segment + 16), y_of(16 * segment)
        yield (f'<rect x="{left}" y="{top}" width="{round(right - left, 1)}" height="{round(bottom - top, 1)}" '
               f'fill="{shade}" stroke="#9fb3c8"/>')
        yield text(LEFT - 8, round((top + bottom) / 2 + 4, 1), f"{segment}", "end")
        if segment > 2:
            yield text(left + 5, bottom + 16, f"steps of {8 << segment}", "start", ' fill="#52667a"')


def curve():
    """The staircase itself, and straight encoding to eight bits for comparison."""
    points = []
    for code in range(128):
        end = decision_value(code + 1) if code < 127 else 32767  # clipped
        points += [f"{x_of(decision_value(code))},{y_of(code)}", f"{x_of(end)},{y_of(code)}"]
    yield (f'<polyline points="{x_of(0)},{y_of(0)} {x_of(32767)},{y_of(128)}" '
           f'fill="none" stroke="#9a6b00" stroke-dasharray="5 4"/>')
    yield f'<polyline points="{" ".join(points)}" fill="none" stroke="#0b5394" stroke-width="2"/>'
    yield text(x_of(14000), y_of(36), "8 bits without companding", "start", ' fill="#9a6b00"')
    yield text(x_of(9600), y_of(106), "mu-law", "start", ' fill="#0b5394" font-weight="bold"')


def axes():
    yield text(WIDTH / 2, HEIGHT - 12, "sample (16 bits, positive half; the negative half mirrors it)")
    yield text(18, HEIGHT / 2, "segment", more=f' transform="rotate(-90 18 {HEIGHT / 2})"')
    for sample in (0, 4096, 8192, 16384, 32768):
        yield text(x_of(sample), HEIGHT - BOTTOM + 18, f"{sample}")


def picture():
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
        "<title>The companding curve of G.711 mu-law</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        *segments(), *curve(), *axes(), "</svg>",
    ]
    return "\n".join(lines) + "\n"


def main(arguments):
    if arguments[:1] == ["--check"] and len(arguments) == 2:
        with open(arguments[1], encoding="utf-8") as file:
            if file.read() != picture():
                sys.exit(f"{arguments[1]} is not what {sys.argv[0]} draws; run it again")
    elif len(arguments) == 1 and not arguments[0].startswith("-"):
        with open(arguments[0], "w", encoding="utf-8") as file:
            file.write(picture())
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
