"""The digest of code changes with what the code may do, and with nothing else."""

import shutil
from functools import partial

import pytest

from rnn_research import source
from rnn_research.cells import CELLS, elman, gru
from rnn_research.experiment import registry
from rnn_research.source import closure

HELPERS = '''"""Things that cells share."""
from math import tanh as bounded

SCALE = 0.5
OTHER = 1


def squash(x):
    return bounded(SCALE * x)


def nobody_calls_this(x):
    return OTHER * x
'''

EXPERIMENT = '''"""What is asked."""
import helpers
from rnn_research.cells import CELLS, elman
from rnn_research.experiment import Choice, Experiment, TrialConfig


def slow(hidden: int, *, rate: float = 0.5):
    """A cell."""
    inner = elman(hidden)

    def step(params, state, x):
        state, output = inner.step(params, state, x)
        return state, helpers.squash(rate * output)

    return inner._replace(step=step)


def made(factor):
    def factory(hidden: int):
        return slow(hidden, rate=factor)

    return factory


CELLS["slow"] = slow
CELLS["halved"] = made(0.5)
lengths = []
for length in (5, 6):
    lengths.append({"task.length": length})

EXPERIMENT = Experiment("?", TrialConfig(task=Choice("adding", length=6)), {}, compare="length", points=tuple(lengths))
'''


@pytest.fixture
def digests(tmp_path, monkeypatch):
    """``(helpers, experiment) -> `` digests of the cells slow and halved, and of what the files do to others."""
    cells, places = dict(CELLS), iter(range(100))

    def found(helpers=HELPERS, experiment=EXPERIMENT):
        place = tmp_path / str(next(places))
        place.mkdir()
        (place / "helpers.py").write_text(helpers)
        file = place / "mine.py"
        file.write_text(experiment)
        registry.load(str(file))
        return [*(source.code_of(name, CELLS[name], file) for name in ("slow", "halved")), source.acts_of(file)]

    yield found
    CELLS.clear()
    CELLS.update(cells)


def edited(text, old, new):
    assert old in text
    return text.replace(old, new)


SAME = {
    "nothing": (HELPERS, EXPERIMENT),
    "a comment, a docstring and the layout": (
        edited(HELPERS, "return bounded(SCALE * x)", "# why\n    return bounded(\n        SCALE * x\n    )"),
        edited(EXPERIMENT, '"""A cell."""', '"""A better\n    cell."""'),
    ),
    "a name that is a function's own": (HELPERS + "\n\nx = 1\n", EXPERIMENT + "\nstate = inner = 2\n"),
    "what nobody refers to": (edited(HELPERS, "OTHER = 1", "OTHER = 2"), EXPERIMENT + "\n\nUNUSED = 7\n"),
    "the question and the axes": (HELPERS, edited(edited(EXPERIMENT, '"?"', '"!"'), "(5, 6)", "(5, 6, 7)")),
    "another cell": (HELPERS, EXPERIMENT + '\nCELLS["another"] = lambda hidden: elman(hidden)\n'),
    "what is done only as a program": (HELPERS, EXPERIMENT + '\nif __name__ == "__main__":\n    CELLS.clear()\n'),
}


@pytest.mark.parametrize("edit", SAME)
def test_what_changes_nothing(digests, edit):
    assert digests(*SAME[edit]) == digests()


@pytest.mark.parametrize(
    ("which", "helpers", "experiment"),
    [
        ("11", edited(HELPERS, "SCALE = 0.5", "SCALE = 0.25"), EXPERIMENT),
        ("11", edited(HELPERS, "import tanh", "import atan"), EXPERIMENT),
        ("11", HELPERS, edited(EXPERIMENT, "rate * output", "output * rate")),
        ("11", HELPERS, edited(EXPERIMENT, "rate: float = 0.5", "rate: float = 0.75")),
        ("11", HELPERS, edited(EXPERIMENT, "import CELLS, elman", "import CELLS, gru as elman")),
        ("01", HELPERS, edited(EXPERIMENT, "made(0.5)", "made(0.75)")),
        ("10", HELPERS, EXPERIMENT + '\nCELLS["slow"] = made(2)\n'),
    ],
)
def test_what_changes_a_cell(digests, which, helpers, experiment):
    now, before = digests(helpers, experiment), digests()
    assert [one != other for one, other in zip(now[:2], before[:2], strict=True)] == [one == "1" for one in which]
    assert now[2] == before[2] == ""


@pytest.mark.parametrize(
    "act",
    [
        'import jax\njax.config.update("jax_debug_log_modules", "")',
        'for name in ("a", "b"):\n    CELLS[name] = made(len(name))',
        'CELLS.update({"a": slow})',
        'def register():\n    CELLS["a"] = slow\n\n\nregister()',
        "import rnn_research.matmul\nrnn_research.matmul.unused = 3",
    ],
)
def test_what_a_file_does_to_the_rest_of_the_program(digests, act):
    acts = digests(experiment=f"{EXPERIMENT}\n{act}\n")[2]
    assert acts
    assert digests(helpers=f"{HELPERS}\nx = {{}}\nx.update(a=1)\n", experiment=f"{EXPERIMENT}\n{act}\n")[2] == acts
    assert digests(experiment=EXPERIMENT)[2] == ""


FAST = "try:\n    from helpers import SCALE\nexcept ImportError:\n    from slower import SCALE\n"
RATE = "RATE = 1.0\n\n\ndef lower(hidden: int):\n    return RATE\n\n\nCELLS['lower'] = lower\n"
HIDDEN = {
    "a table by another name": "table = CELLS\ntable['lower'] = made(2.0)",
    "a function that registers and returns": (
        "def register(x):\n    CELLS['lower'] = made(x)\n    return x\n\n\nNAME = register(2.0)"
    ),
    "a function that sets a global": (
        f"{RATE}\n\ndef setup(x):\n    global RATE\n    RATE = x\n    return x\n\n\n_ = setup(2.0)"
    ),
    "one that calls such a function": (
        f"{RATE}\n\ndef setup(x):\n    global RATE\n    RATE = x\n\n\n"
        "def both(x):\n    return setup(x), x\n\n\n_ = both(2.0)"
    ),
    "the first of two places to import from": FAST + RATE.replace("1.0", "SCALE + 2.0"),
    "what a comprehension runs over": RATE.replace("return RATE", "return [RATE for RATE in [RATE]]").replace("1", "2"),
    "what is done only as no program": "if __name__ == '__main__':\n    RATE = 1.0\nelse:\n    RATE = 2.0\n"
    + RATE[10:],
    "a match": RATE + "\nmatch 2.0:\n    case RATE:\n        pass\n",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_what_is_hard_to_see(tmp_path, how):
    cells = dict(CELLS)

    def found(place, value, helper=HELPERS):
        (tmp_path / place).mkdir()
        (tmp_path / place / "helpers.py").write_text(helper)
        file = tmp_path / place / "mine.py"
        file.write_text(f"{EXPERIMENT}\n{edited(HIDDEN[how], '2.0', value)}\n")
        registry.load(str(file))
        digests = source.code_of("lower", CELLS["lower"], file), source.acts_of(file)
        CELLS.clear()
        CELLS.update(cells)
        return digests

    one, again, other = found("a", "2.0"), found("b", "2.0"), found("c", "3.0")
    assert one == again != other
    if "places" in how:
        assert found("d", "2.0", edited(HELPERS, "SCALE = 0.5", "SCALE = 0.25")) != one


def test_what_a_packages_own_file_adds_and_a_call_into_another_file_changes(tmp_path):
    cells = dict(CELLS)
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack/inner.py").write_text(
        "def made(x):\n    def lower(hidden: int):\n        return x\n\n    return lower\n"
    )
    (tmp_path / "pack/__init__.py").write_text(
        "from rnn_research.cells import CELLS\nfrom pack.inner import made\nCELLS['lower'] = made([2.0])\n"
    )
    (tmp_path / "tuner.py").write_text("import rate\n\n\ndef go():\n    rate.RATE = 2.0\n    return True\n")
    (tmp_path / "rate.py").write_text("RATE = 1.0\n")
    file = tmp_path / "mine.py"
    file.write_text(f"import pack.inner\nimport tuner\n\nok = tuner.go()\n{EXPERIMENT.replace('import helpers', '')}")

    def digests():
        registry.load(str(file))
        found = source.code_of("lower", CELLS["lower"], file), source.acts_of(file)
        CELLS.clear()
        CELLS.update(cells)
        return found

    before = digests()
    for name, which in (("pack/__init__.py", 0), ("tuner.py", 1)):
        path, text = tmp_path / name, (tmp_path / name).read_text()
        path.write_text(edited(text, "2.0", "3.0"))
        assert [one != other for one, other in zip(digests(), before)] == [which == 0, which == 1]
        path.write_text(text)


def test_entries_of_the_package_itself(tmp_path, monkeypatch):
    """A cell that was added to the package's folder is as much a user's as one in a file of their own."""
    own = {name: source.code_of(name, cell) for name, cell in CELLS.items()}
    assert len(set(own.values())) == len(own)
    assert source.code_of("elman", partial(elman, activation="relu")) != own["elman"]
    package = tmp_path / "rnn_research"
    shutil.copytree(closure.PACKAGE / "cells", package / "cells")
    monkeypatch.setattr(closure, "PACKAGE", package)
    file = package / "cells" / "gru.py"

    def digest():
        followed = closure.Closure(file.parent, file.parent)
        followed.want(file, "gru")
        return followed.sorted()

    before = digest()
    (package / "cells" / "lstm.py").write_text("")
    (package / "cells" / "gru.py").write_text("# A comment.\n" + file.read_text())
    assert digest() == before
    initializers = package / "cells" / "initializers.py"
    initializers.write_text(initializers.read_text() + "\n\ndef after(key, tree):\n    return key\n")
    assert digest() != before


def test_a_function_without_a_file():
    space = {}
    text = "def one(hidden): return hidden\ndef two(hidden): return 2 * hidden\n"
    text += "def three(hidden): return lambda: hidden in {'a', 'b'}"
    exec(text, space)
    assert source.code_of("a", space["one"]) != source.code_of("a", space["two"])
    first = source.code_of("a", space["three"])
    exec(text.replace("one", "first"), space)  # a function within it lies elsewhere in memory
    assert source.code_of("a", space["three"]) == first
    assert source.code_of("gru", gru) == source.code_of("gru", gru)
