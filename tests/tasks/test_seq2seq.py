"""Pairs as tasks: ids, padding, weights and measures by hand; every task's pairs against what they should be."""

import ast
import gzip
import json
from collections import Counter

import numpy as np
import pytest
from dateutil import parser

from rnn_research.data.labelled_texts import place_of
from rnn_research.data.locate import DataNotFoundError, find
from rnn_research.data.pairs import Pair, split_of
from rnn_research.tasks import (
    addition,
    code_comments,
    dates,
    lemmatisation,
    pronunciation,
    scan,
    symbols,
    translation,
)
from rnn_research.tasks.base import Labelling, Seen, Terms
from rnn_research.tasks.code_comments import commented, library
from rnn_research.tasks.dates import FORMS
from rnn_research.tasks.lemmatisation import side_of
from rnn_research.tasks.seq2seq import (
    cut_pairs,
    encode_pairs,
    in_training,
    measured,
    of_pairs,
    references,
    steps_needed,
    written,
)
from tests.support.batches import draw, held

SPLITS = ("train", "valid", "test")


def pairs_of(task, split):
    """Sources and targets of a split as its ids say, in order of the split."""
    batches, codec, found = task.data.held_out(split, 10**9), task.data.codec, {}
    for place in zip(*np.nonzero(batches.weights[..., 0])):
        source = codec.source.decode(batches.inputs[place][: batches.lengths[place]])
        ids = batches.targets.ids[place][: batches.targets.lengths[place]]
        assert ids[-1] == 0 and (ids[:-1] > 0).all()
        found[int(batches.about.row[place])] = source, codec.target.decode(ids[:-1] - 1)
    return [found[row] for row in range(len(found))]


def small(**options):
    train = [Pair("ab", "xyz"), Pair("b", "x"), Pair("abab", ""), Pair("bbb", "yy")]
    held_out = [Pair("a", "zz"), Pair("", "x"), Pair("ba", "xq")]
    return encode_pairs({"train": train, "valid": held_out, "test": held_out}, **options)


# Pairs as ids.


def test_ids_lengths_and_weights():
    train = small().splits["train"]
    assert train.inputs.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 1], [1, 1, 1, 0]]
    assert train.lengths.tolist() == [2, 1, 4, 3]
    assert train.targets.ids.tolist() == [[1, 2, 3, 0], [1, 0, 0, 0], [0, 0, 0, 0], [2, 2, 0, 0]]  # x y z are 1 2 3
    assert train.targets.lengths.tolist() == [4, 2, 1, 3]
    assert train.weights.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 0]]
    assert steps_needed(train).tolist() == [4, 2, 4, 3]
    test = small().splits["test"]
    assert test.targets.ids[2].tolist() == [1, 4, 0, 0]  # q is the unknown one
    assert test.lengths.tolist() == [1, 0, 2]


def test_longer_pairs_are_left_out_and_counted():
    found = small(longest=2)
    assert [pair[:2] for pair in found.pairs["train"]] == [("b", "x")] and found.left_out == {
        "train": 3,
        "valid": 0,
        "test": 0,
    }
    assert found.splits["train"].inputs.shape == (1, 2)
    assert of_pairs(found).data.facts["left_out"] == 3
    assert [said.partition(": ")[2] for said in of_pairs(found).data.remarks] == ["3 of 4 in train"]
    assert not of_pairs(small()).data.remarks
    with pytest.raises(ValueError, match="longest must be 0"):
        small(longest=-1)
    with pytest.raises(ValueError, match="valid holds no pair of at most 1 tokens"):
        encode_pairs({"train": [Pair("a", "b")], "valid": [Pair("aa", "b")], "test": [Pair("a", "b")]}, longest=1)


def test_what_the_test_split_shares_with_training_and_what_it_lacks_is_said():
    """A test set that training holds, or without its long pairs, says less than its score seems to."""
    decomposed = "e\u0301"
    train = [Pair("\u00e9", "x"), Pair("b", "x"), Pair("ccc", "x")]
    test = [Pair(decomposed, "y"), Pair("B", "x"), Pair("d", "x"), Pair("b", "y"), Pair("dddd", "x")]
    found = encode_pairs({"train": train, "valid": train, "test": test}, lower=True, longest=3)
    task = of_pairs(found, words=True)
    facts = task.data.facts
    assert (facts["test_in_training"], facts["test_left_out"], facts["left_out"]) == (3, 1, 1)
    (answers,) = [one for one in task.score({"test": seen_of(task, "test")}).exhibits if one.name == "answers"]
    assert "Of its 4 sources training has 3, too. 1 of its pairs were too long and are left out." in answers.caption
    assert answers.caption.count("|case:lc|") == 2  # BLEU and chrF are of texts that were lowered
    alone = of_pairs(encode_pairs({"train": train, "valid": train, "test": [Pair("d", "x")]}))
    assert alone.data.facts["test_in_training"] == alone.data.facts["test_left_out"] == 0


def test_sources_that_the_network_cannot_tell_apart_are_in_training():
    """But not those that are unlike by words that it does not know."""
    train = [Pair("the cat", "x"), Pair("the cat", "x"), Pair("the dog", "x")]
    texts = [" the cat ", "The cat", "the\u00a0cat", "cat", "the dog", "the mouse"]
    splits = {"train": train, "valid": train, "test": [Pair(text, "x") for text in texts]}
    found = encode_pairs(splits, "bare_words", lower=True)
    assert found.codec.source.names == ("the", "cat", "<unk>") and in_training(found) == 4


def test_words_of_which_none_comes_twice_are_refused():
    """With the default tokens a network of a few single words would know none, and answer all with the unknown one."""
    few = [Pair("Hund", "dog"), Pair("Katze", "cat")]
    for side in ("source", "target"):
        with pytest.raises(ValueError, match=rf"no word of the training {side}s .*: take {side}_tokens=characters"):
            encode_pairs(dict.fromkeys(SPLITS, few), **{f"{side}_tokens": "words"})


def test_tokens_that_lose_blanks_are_for_sources_alone():
    """What they write is glued: "two" where it mostly begins a text, "sawtwo" elsewhere."""
    with pytest.raises(ValueError, match=r"target_tokens=bare_words leaves out blanks, .*: take words"):
        small(target_tokens="bare_words")


def test_one_text_in_two_forms_of_unicode_is_one():
    composed, apart = "caf\u00e9 \u00e0", "cafe\u0301 a\u0300"
    pairs = [Pair(composed, apart), Pair(apart, composed)]
    found = encode_pairs(dict.fromkeys(SPLITS, pairs))
    batch = found.splits["test"]
    for leaf in (batch.inputs, batch.targets.ids):
        np.testing.assert_array_equal(leaf[0], leaf[1])
    assert references(found, "test") == [(composed,)] * 2 and found.codec.source.size == 7
    assert split_of(composed) == split_of(apart) and place_of(composed) == place_of(apart)


def test_the_task_of_pairs():
    task = of_pairs(small(), beam=3, solved=0.9)
    assert task.target.names == ("<EOS>", "x", "y", "z", "<unk>") and task.target.size == 5
    assert (task.target.head, task.target.time, dict(task.target.options)) == ("decoder", 4, {"beam": 3})
    assert (task.inputs.size, task.inputs.time) == (3, 4)
    assert task.goal.baseline == pytest.approx({"loss": np.log(5), "accuracy": 3 / 8, "exact_match": 0})
    assert task.data.digest != of_pairs(small(source_tokens="split")).data.digest
    with pytest.raises(ValueError, match="beam must be 1"):
        of_pairs(small(), beam=0)


def test_measures_are_those_of_their_definitions():
    found = small()
    test = found.splits["test"]
    right = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]], bool)  # all that count
    loss = np.arange(12.0).reshape(3, 4)
    loss[test.weights == 0] = np.nan
    unknown = found.codec.names.index("<unk>")

    def values(right, weights=test.weights):
        means = measured(Terms(loss, weights, right), test, unknown=unknown)
        return {name: float(mean.total / mean.weight) for name, mean in means.items()}

    all_right = values(right)
    assert all_right["loss"] == np.nanmean(loss)
    assert (all_right["accuracy"], all_right["exact_match"]) == (1, 2 / 3)  # an unknown token is never right
    wrong = right.copy()
    wrong[0, 2] = False  # the end came too late
    assert values(wrong)["accuracy"] == pytest.approx(7 / 8) and values(wrong)["exact_match"] == pytest.approx(1 / 3)
    without = test.weights.copy()
    without[2] = 0  # a row that fills up
    assert values(wrong, without)["exact_match"] == 1 / 2


def seen_of(task, split, answers=None, **means):
    batches = task.data.held_out(split, 40)
    return Seen(means, lambda: answers or batches.targets, batches, losses=lambda: np.ones(batches.weights.shape))


def test_slices_by_length_and_by_thirds_of_the_target():
    rows = [Pair("ab", "ababababa"), Pair("abb", "bab"), Pair("bb", "b"), Pair("a", "")]
    found = encode_pairs(dict.fromkeys(SPLITS, rows))
    test = found.splits["test"]
    right = np.ones(test.weights.shape, bool)
    right[0, [0, 4, 5]] = right[1, 2] = False
    terms = Terms(np.ones(test.weights.shape), test.weights, right)
    means = measured(terms, test, whole="word", lengths=(2, 3, 7), by_thirds=True)
    values = {name: float(mean.total) / float(mean.weight) if mean.weight else None for name, mean in means.items()}
    assert values["exact_match"] == 1 / 2 == values["word_error_rate"]
    assert values["exact_match/length_2"] == 1 / 2 and values["exact_match/length_3"] == 0
    assert values["exact_match/length_7"] is None
    # 3 tokens, 1 and the only one in the first thirds; what ends a target is in none
    assert values["accuracy/first_third"] == pytest.approx(1 - 1 / 5)
    assert values["accuracy/middle_third"] == pytest.approx(1 - 2 / 4)
    assert values["accuracy/last_third"] == pytest.approx(1 - 1 / 4)


def test_the_test_s_row_holds_every_length_that_is_tested():
    task = symbols(length=4, lengths=(2, 4), longer=(6,), examples=200)
    names = [f"exact_match/length_{length}" for length in (2, 4, 6)]
    test = dict(zip(names, (0.5, 0.25, float("nan")), strict=True))
    longer = dict(zip(names, (float("nan"), float("nan"), 0.125), strict=True))
    found = task.score({"test": seen_of(task, "test", **test), "longer": seen_of(task, "longer", **longer)})
    assert [found.numbers[name] for name in names] == [0.5, 0.25, 0.125]
    assert found.numbers["exact_match"] == found.numbers["exact_match/longer"] == 1


def test_the_closest_of_several_right_answers_counts():
    train = [Pair("read", "R EH D"), Pair("reed", "R IY D")]
    test = [Pair("read", "R IY D", ("R EH D",)), Pair("reed", "R IY D")]
    found = encode_pairs({"train": train, "valid": train, "test": test}, target_tokens="split")
    task = of_pairs(found, metric="word_error_rate", whole="word", unit="phoneme")
    assert (task.goal.better, task.goal.chosen) == ("lower", "word_error_rate")
    assert task.goal.baseline["word_error_rate"] == 1
    ids, lengths = found.codec.encode_targets(["R EH D", "R EH D"])
    numbers = task.score({"test": seen_of(task, "test", Labelling(ids[None], lengths[None]))}).numbers
    assert numbers["word_error_rate"] == 1 / 2 and numbers["phoneme_error_rate"] == 1 / 6
    batch = found.splits["test"]
    greedy = Terms(np.zeros(batch.weights.shape), batch.weights, np.ones(batch.weights.shape, bool))
    assert float(task.measure(greedy, batch)["word_error_rate"].total) == 0


def test_a_batch_cut_to_the_longest_pair_keeps_all_that_counts():
    task = symbols(length=9, lengths=(9,), longer=(), examples=500)
    for step in range(4):
        batch = draw(task, size=16, step=step)
        time = min(time for time in task.data.times if time >= steps_needed(batch).max())
        shorter = cut_pairs(batch, time)
        assert shorter.inputs.shape[1] <= time and shorter.targets.ids.shape == shorter.weights.shape
        assert shorter.weights.sum() == batch.weights.sum()
        for whole, part in ((batch.inputs, shorter.inputs), (batch.targets.ids, shorter.targets.ids)):
            np.testing.assert_array_equal(whole[:, : part.shape[1]], part)
            assert not whole[:, part.shape[1] :].any()
    assert task.data.times[-1] == 10 and task.inputs.time == 9


def test_references_are_what_an_answer_can_be():
    train = [Pair("a", "Ein Hund ."), Pair("b", "ein Hund lief .", ("Hund .",))]
    found = encode_pairs(dict.fromkeys(SPLITS, train), target_tokens="split", lower=True)
    assert written(found, "test") == [("ein hund .",), ("ein hund lief .", "hund .")]
    odd = encode_pairs({"train": train, "valid": train, "test": [Pair("a", "ein  Kater .")]}, target_tokens="split")
    assert written(odd, "test") == [("ein  Kater .",)]  # no answer is that
    words = encode_pairs(dict.fromkeys(SPLITS, train * 2), target_tokens="words")
    for (reference, *_), text in zip(written(words, "test"), words.codec.texts(zip(*words.splits["test"].targets))):
        assert reference == text
    assert references(words, "test")[:2] == [("Ein Hund .",), ("ein Hund lief .", "Hund .")]  # as they stand


# Symbols, addition, dates.


@pytest.mark.parametrize(
    ("op", "answer"), [("copy", lambda row: row), ("reverse", lambda row: row[::-1]), ("sort", sorted)]
)
def test_symbols(op, answer):
    task = symbols(op, symbols=5, length=6, lengths=(2, 6), longer=(8, 9), examples=300)
    assert task.data.tested == ("test", "longer")
    for split, lengths in (("train", range(1, 7)), ("valid", range(1, 7)), ("test", (2, 6)), ("longer", (8, 9))):
        pairs = pairs_of(task, split)
        assert all(list(target) == list(answer(source)) for source, target in pairs)
        assert set("".join(source for source, _ in pairs)) == set("abcde")
        counts = Counter(len(source) for source, _ in pairs)
        assert set(counts) == set(lengths)
        if split in ("test", "longer"):
            assert set(counts.values()) == {250}
    fewer = symbols(op, symbols=5, length=6, lengths=(2, 6), longer=(8, 9), examples=100)
    assert pairs_of(fewer, "test") == pairs_of(task, "test")
    for options in ({"symbols": 27}, {"examples": 0}, {"lengths": (21,)}, {"longer": (20,)}, {"lengths": (0,)}):
        with pytest.raises(ValueError, match="symbols:"):
            symbols(op, **options)


@pytest.mark.parametrize("padded", [False, True])
def test_addition(padded):
    task = addition(digits=2, padded=padded)
    assert task.goal.metric == ("accuracy" if padded else "exact_match")  # as published
    asked = []
    for split, size in (("train", 4500), ("valid", 250), ("test", 250)):
        pairs = pairs_of(task, split)
        assert len(pairs) == size
        for question, answer in pairs:
            a, b = question.split("+")
            assert int(answer) == int(a) + int(b)
            assert (len(question), len(answer)) == (5, 3) if padded else question == f"{int(a)}+{int(b)}"
            asked.append(tuple(sorted((int(a), int(b)))))
    assert len(set(asked)) == 5000 and {number for pair in asked for number in pair} == set(range(100))


def test_numbers_are_as_long_as_in_the_published_questions():
    pairs = pairs_of(addition(digits=3, examples=4000), "train")
    random, published = np.random.RandomState(0), set()
    while len(published) < 4000:  # as Keras' example draws them
        numbers = ["".join(random.choice(list("0123456789"), random.randint(1, 4))) for _ in range(2)]
        published.add(tuple(sorted(map(int, numbers))))

    def shares(questions):
        counts = Counter(len(str(number)) for question in questions for number in question)
        return {length: counts[length] / 2 / len(questions) for length in (1, 2, 3)}

    assert shares([question.split("+") for question, _ in pairs]) == pytest.approx(shares(list(published)), abs=0.03)
    assert len(pairs) == 3600
    for options in ({"digits": 0}, {"digits": 10}, {"digits": 6}, {"digits": 2, "examples": 5050}, {"examples": 9}):
        with pytest.raises(ValueError, match="addition:"):
            addition(**options)


def test_dates():
    task, days = dates(examples=3000), {}
    for split, size in zip(SPLITS, (3000, 1000, 1000)):
        pairs = pairs_of(task, split)
        assert len(pairs) == size
        for text, iso in pairs:
            assert str(parser.parse(text.lower().removeprefix("the "), dayfirst="." in text).date()) == iso
            assert days.setdefault(iso, split) == split
    assert len(days) == 5000 and {int(day[:2]) for day in days} == {19, 20}
    forms = {"".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in text) for text, _ in pairs}
    assert len({form.replace("9", "").replace("a", "") for form in forms}) >= len(FORMS) - 8  # by their marks alone
    with pytest.raises(ValueError, match="dates: examples"):
        dates(examples=0)


# Lemmas, pronunciations, comments.


def test_lemmas_are_on_one_side_and_those_of_the_dictionary():
    from simplemma.strategies import DictionaryLookupStrategy

    task, lookup, sides = lemmatisation("en", examples=3000), DictionaryLookupStrategy(), {}
    same = {}
    for split, size in zip(SPLITS, (3000, 2000, 5000)):
        pairs = pairs_of(task, split)
        assert len(pairs) == len(dict(pairs)) == size
        for form, lemma in pairs:
            if "<unk>" in form + lemma:  # a letter that 3,000 forms do not hold
                continue
            assert lookup.get_lemma(form, "en") == lemma and form.isalpha() and max(len(form), len(lemma)) <= 24
            assert sides.setdefault(lemma, split) == split
        same[split] = np.mean([form == lemma for form, lemma in pairs])
    assert max(same.values()) - min(same.values()) < 0.05  # forms that are lemmas gather on no side
    fewer = lemmatisation("en", examples=500)
    assert pairs_of(fewer, "train") == pairs_of(task, "train")[:500]
    with pytest.raises(ValueError, match="examples and longest must be 1 or more"):
        lemmatisation("en", examples=0)


def test_one_lemma_in_two_spellings_is_on_one_side():
    pairs = [("серьёзный", "серьезный"), ("ёлка", "елка"), ("Ёж", "еж"), ("зелёный", "зеленый"), ("слёт", "слет")]
    assert all(side_of(one) == side_of(other) for one, other in pairs)
    assert {split_of(one) == split_of(other) for one, other in pairs} == {True, False}  # as letters they are others
    assert side_of("walk") == split_of("walk")


def test_pronunciations(data_directory, monkeypatch, tmp_path):
    if not find("cmudict/cmudict.dict.gz"):
        pytest.skip("no cmudict in RNN_RESEARCH_DATA")
    lines = gzip.decompress(find("cmudict/cmudict.dict.gz").read_bytes()).decode().splitlines()[2000:8000]
    (tmp_path / "cmudict").mkdir()
    (tmp_path / "cmudict" / "cmudict.dict").write_text("\n".join(lines))
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    known = {}
    for line in lines:
        word, *phonemes = line.split("#")[0].split()
        stressless = " ".join(phoneme.strip("012") for phoneme in phonemes)
        known.setdefault(word.split("(")[0], []).append(stressless)
    task, sides = pronunciation(), {}
    for split in SPLITS:
        spoken = {}
        for word, phonemes in pairs_of(task, split):
            assert sides.setdefault(word, split) == split
            spoken.setdefault(word, []).append(phonemes)
        for word, ways in spoken.items():  # of those that are held out the first
            assert ways == (list(dict.fromkeys(known[word])) if split == "train" else known[word][:1])
    assert 0.78 < sum(side == "train" for side in sides.values()) / len(sides) < 0.82
    assert len(known) - len(sides) <= task.data.facts["left_out"] < 10
    few = dict(pairs_of(pronunciation(examples=50), "train"))
    assert len(few) == 50 and all(sides[word] == "train" for word in few)


def test_a_dictionary_that_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    with pytest.raises(DataNotFoundError, match=r"cmudict not found .* put cmudict/cmudict\.dict\.gz into"):
        pronunciation()
    (tmp_path / "cmudict").mkdir()
    (tmp_path / "cmudict" / "cmudict.dict").write_text("a AH0\nb B IY1\nc 33\n")
    with pytest.raises(ValueError, match=r"cmudict\.dict:3: no word and its phonemes"):
        pronunciation()


MODULE = '''"""Of the module."""


class Some:
    """Of the class."""

    def method(self, x):
        """
        Give x back.

        And more.
        """
        if x:
            def inner():
                "Do nothing much."
                return None  # "Do nothing"
        return x


async def asynchronous():
    """Wait."""
    await nothing()

def only(): "said here"; return 1

def silent():
    return 2

def empty():
    """Nothing but this."""
'''


def test_comments_of_functions(tmp_path):
    (tmp_path / "module.py").write_text(MODULE)
    found = {pair.target: pair for pair in commented(tmp_path / "module.py", "module.py")}
    assert list(found) == ["Give x back.", "Do nothing much.", "Wait."]
    assert found["Give x back."].place == "module.py:7"
    assert found["Wait."].source == "async def asynchronous():\n    await nothing()"
    assert found["Give x back."].source.split("\n")[:3] == [
        "    def method(self, x):",
        "        if x:",
        "            def inner():",
    ]
    (tmp_path / "module.py").write_text("print 1\n")
    assert not list(commented(tmp_path / "module.py", "module.py"))


def test_comments_of_the_standard_library():
    assert library(20) == sorted(set(library(20)) & set(library(40))) and len(library(40)) == 40
    files = dict(library())
    assert "argparse.py" in files and not any(name.startswith("test/") for name in files)
    for pair in commented(files["argparse.py"], "argparse.py"):
        lines = pair.source.split("\n")
        margin = len(lines[0]) - len(lines[0].lstrip())
        (function,) = ast.parse("\n".join(line[margin:] for line in lines)).body
        assert isinstance(function, ast.FunctionDef) and ast.get_docstring(function) is None
    task = code_comments(modules=80, longest=40)
    assert task.goal.chosen == "loss" and min(len(pairs_of(task, split)) for split in SPLITS) > 0
    with pytest.raises(ValueError, match="code_comments: modules"):
        code_comments(modules=-1)


# SCAN.


def actions(command):
    """What a command means, by its grammar (Lake and Baroni 2018, the appendix)."""
    for word, order in ((" and ", 1), (" after ", -1)):
        if word in command:
            return " ".join([actions(part) for part in command.split(word)][::order])
    for word, times in ((" twice", 2), (" thrice", 3)):
        if command.endswith(word):
            return " ".join([actions(command.removesuffix(word))] * times)
    words = command.split()
    does = [] if words[0] == "turn" else [f"I_{words[0].upper()}"]
    if len(words) == 1:
        return " ".join(does)
    turn = f"I_TURN_{words[-1].upper()}"
    way = {"opposite": [turn, turn, *does], "around": [turn, *does] * 4}
    return " ".join(way.get(words[1], [turn, *does]))


SIZES = {"simple": (16_728, 4_182), "length": (16_990, 3_920), "jump": (14_670, 7_706), "turn_left": (21_890, 1_208)}


@pytest.mark.parametrize("split", SIZES)
def test_scan(data_directory, split):
    if not find("scan/tasks_train_simple.txt.gz"):
        pytest.skip("no scan in RNN_RESEARCH_DATA")
    task = scan(split)
    found = {part: pairs_of(task, part) for part in SPLITS}
    assert all(actions(command) == done for pairs in found.values() for command, done in pairs)
    assert (len(found["train"]) + len(found["valid"]), len(found["test"])) == SIZES[split]
    sides = [{command for command, _ in pairs} for pairs in found.values()]
    assert sum(map(len, sides)) == len(set.union(*sides))
    assert 0.04 < len(found["valid"]) / len(sides[0] | sides[1]) < 0.06
    if split == "length":
        longest = [max(len(done.split()) for _, done in found[part]) for part in SPLITS]
        assert longest == [22, 22, 48] and min(len(done.split()) for _, done in found["test"]) > 22
    if split == "jump":
        assert {command for command, _ in found["train"] + found["valid"] if "jump" in command} == {"jump"}
        assert Counter(found["train"])["jump", "I_JUMP"] > 1000


def test_scan_that_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    with pytest.raises(DataNotFoundError, match=r"scan not found .*tasks_train_addprim_jump\.txt\.gz"):
        scan("jump")
    (tmp_path / "scan").mkdir()
    for part in ("train", "test"):
        (tmp_path / "scan" / f"tasks_{part}_simple.txt").write_text("IN: run OUT: I_RUN\nrun twice\n")
    with pytest.raises(ValueError, match=r"tasks_train_simple\.txt:2: no IN: command OUT: ACTIONS"):
        scan()


# Pairs of one's own.

WORDS = [(f"Satz {n} steht hier", f"Sentence {n} stands here") for n in range(40)]


def test_translation_of_files(tmp_path):
    train, test = tmp_path / "train.tsv", tmp_path / "test.jsonl"
    train.write_text("".join(f"{a}\t{b}\n" for a, b in WORDS))
    test.write_text("".join(json.dumps({"source": a, "target": b}) + "\n" for a, b in WORDS[:3]))
    files = {"train": str(train), "test": str(test)}
    letters = {"source_tokens": "characters", "target_tokens": "characters"}
    task = translation(**files, **letters)
    found = {split: pairs_of(task, split) for split in SPLITS}
    assert found["test"] == [(a.lower(), b.lower()) for a, b in WORDS[:3]]
    assert len(found["train"]) + len(found["valid"]) == 40 and 0 < len(found["valid"]) < 12
    few = translation(**files, examples=5, lower=False)
    assert len(pairs_of(few, "train")) == 5 and "Sentence" in few.target.names
    held_out = held(few, "test").inputs[0]
    train.write_text(train.read_text().replace("hier", "dort"))  # another file of that name is read again
    again = translation(**files, examples=5, lower=False)
    assert not np.array_equal(held(again, "test").inputs[0], held_out)


def test_translation_that_cannot_be(tmp_path):
    (tmp_path / "a.tsv").write_text("ein\tone\nzwei\n")
    with pytest.raises(ValueError, match=r"a\.tsv:2: cells between tabs: 1, not 2"):
        translation(train=str(tmp_path / "a.tsv"))
    with pytest.raises(ValueError, match=r"cannot read .*nothing\.tsv"):
        translation(train=str(tmp_path / "nothing.tsv"))
    for message, options in (
        ("need a file to train on", {"test": "a.tsv"}),
        ("give both or none", {"train": "a.tsv", "source": "de"}),
        ("examples must be 0", {"train": "a.tsv", "examples": -1}),
    ):
        with pytest.raises(ValueError, match=message):
            translation(**options)


def test_single_words_are_not_scored_by_bleu(tmp_path):
    """Which is 0 for them, whatever is answered; exact match tells answers apart."""
    (tmp_path / "a.tsv").write_text("".join(f"word{n}\twords{n}\n" for n in range(40)))
    files = {"train": str(tmp_path / "a.tsv"), "source_tokens": "characters", "target_tokens": "characters"}
    with pytest.raises(ValueError, match=r"BLEU is 0 whatever is answered: --config\.task\.metric=exact_match or chrf"):
        translation(**files)
    goals = {metric: translation(**files, metric=metric).goal for metric in ("exact_match", "chrf")}
    assert [(goal.metric, goal.perfect, goal.chosen) for goal in goals.values()] == [
        ("exact_match", 1.0, "exact_match"),
        ("chrf", 100.0, "loss"),
    ]
    with pytest.raises(ValueError, match="unknown metric 'exact'; did you mean 'exact_match'"):
        translation(**files, metric="exact")


@pytest.mark.slow
def test_multi30k_as_the_data_directory_and_the_hub_have_it(monkeypatch, tmp_path):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "multi30k"
    folder.mkdir()
    tables = {}
    for split in ("train", "validation", "test"):
        tables[split] = datasets.Dataset.from_dict({"en": [b for _, b in WORDS], "de": [a for a, _ in WORDS]})
        tables[split].to_parquet(folder / f"{split}.parquet")
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    local = pairs_of(translation(source_tokens="split", target_tokens="split"), "valid")
    assert local == [(a.lower(), b.lower()) for a, b in WORDS]
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path / "cache"))
    asked = []
    monkeypatch.setattr(datasets, "load_dataset", lambda *names: asked.append(names) or tables)
    turned = translation(source="en", target="de", source_tokens="split", target_tokens="split")
    assert asked == [("bentrevett/multi30k", None)] and pairs_of(turned, "valid") == [(b, a) for a, b in local]
