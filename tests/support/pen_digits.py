"""Small files of pen digits, made up, as the official ones are written."""

import gzip

import numpy as np

from rnn_research.data.pen_digits import FILES

HEAD = '.INCLUDE        dene.doc\n\n.LEXICON "0" "1" "2" "3" "4" "5" "6" "7" "8" "9"\n.HIERARCHY      DIGIT\n\n'


def made_up_digit(rng, label):
    """Strokes ``[n, 2]`` of whole numbers, one or two."""
    return [rng.integers(-20, 500, (rng.integers(4, 9), 2)) for _ in range(1 + label % 2)]


def written(digits):
    """The text of ``(label, writer, strokes)``."""
    parts, stroke = [HEAD], 0
    for place, (label, writer, strokes) in enumerate(digits, 1):
        last = stroke + len(strokes) - 1
        span = f"{stroke}-{last}" if len(strokes) > 1 else f"   {stroke}"
        parts.append(f'.SEGMENT DIGIT {span} ? "{label}"\n.COMMENT {label} {writer}   {place}\n')
        for points in strokes:
            lines = "\n".join(f" {x}  {y}" for x, y in points)
            parts.append(f".PEN_DOWN\n{lines}\n.PEN_UP\n.DT 100\n")
        parts.append("\n")
        stroke = last + 1
    return "".join(parts)


def write_corpus(directory, train=60, test=20, seed=0):
    """Both files in a data directory: digits of all classes by writers in turn; returns them by split of the file."""
    rng = np.random.default_rng(seed)
    made = {
        split: [(i % 10, 1 + i % writers, made_up_digit(rng, i % 10)) for i in range(count)]
        for split, count, writers in (("train", train, 30), ("test", test, 14))
    }
    for split, digits in made.items():
        path = directory / FILES[split]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(written(digits).encode()))
    return made
