"""Pairs: the forms of files and what is refused in them, by line; translation sets; splits by hash."""

import gzip
import json

import pytest

from rnn_research.data.labelled_files import Columns
from rnn_research.data.pairs import (
    Pair,
    by_chance,
    carve,
    dataset_pairs,
    own_pairs,
    parse_pairs,
    split_of,
    unparse_pairs,
)

PARTS = (("all", ""), ("second", "00001"))  # configurations, and the files that they have
LANGUAGES = Columns("de", "en")
TEXTS = [("ein Hund", "a dog"), ("zwei  Hunde", "two dogs"), ("„Hund“, nicht: 'Hund'", '"dog"')]


def lines(*rows):
    return "".join("\t".join(row) + "\n" for row in rows)


def objects(*rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


FILES = {
    "bare.tsv": lines(*TEXTS),
    "more.tsv": lines(*((*pair, "CC-BY") for pair in TEXTS)),
    "named.tsv": lines(("id", "en", "de"), *((str(n), b, a) for n, (a, b) in enumerate(TEXTS))),
    "named.csv": 'de,en\nein Hund,a dog\nzwei  Hunde,two dogs\n"„Hund“, nicht: \'Hund\'","""dog"""\n',
    "flat.jsonl": objects(*({"de": a, "n": 1, "en": b} for a, b in TEXTS)),
    "nested.jsonl": objects(*({"translation": {"de": a, "en": b}, "n": 1} for a, b in TEXTS)),
}


@pytest.mark.parametrize("name", FILES)
def test_files_are_read_and_written_again_with_other_targets(name):
    data = FILES[name].encode()
    pairs = parse_pairs(data, name, LANGUAGES)
    assert [(pair.source, pair.target) for pair in pairs] == TEXTS
    first = 1 if not name.startswith("named") else 2
    assert [pair.place for pair in pairs] == [f"{name}:{number}" for number in range(first, first + 3)]
    assert unparse_pairs(pairs, [pair.target for pair in pairs], LANGUAGES) == data
    assert parse_pairs(gzip.compress(data), name + ".gz", LANGUAGES) == [
        pair._replace(place=pair.place.replace(name, name + ".gz")) for pair in pairs
    ]
    again = parse_pairs(unparse_pairs(pairs, ["x", "y z", ""], LANGUAGES), name, LANGUAGES)
    assert [(pair.source, pair.target) for pair in again] == [
        (source, target) for (source, _), target in zip(TEXTS, ["x", "y z", ""])
    ]


def test_sources_without_targets_get_them():
    assert unparse_pairs(parse_pairs(b"ein\nzwei\n", "a.tsv"), ["one", "two"]) == b"ein\tone\nzwei\ttwo\n"
    headed = parse_pairs(b"id\tde\n1\tein\n", "a.tsv", LANGUAGES, "tsv")  # of a model that learned from such a table
    assert unparse_pairs(headed, ["one"], LANGUAGES) == b"id\tde\ten\n1\tein\tone\n"
    for row in ({"de": "ein"}, {"de": "ein", "en": None}):
        written = unparse_pairs(parse_pairs(objects(row).encode(), "standard input", LANGUAGES), ["one"], LANGUAGES)
        assert json.loads(written) == {"de": "ein", "en": "one"}
    nested = parse_pairs(objects({"translation": {"de": "ein"}}).encode(), "a.jsonl", LANGUAGES)
    assert json.loads(unparse_pairs(nested, ["one"], LANGUAGES)) == {"translation": {"de": "ein", "en": "one"}}


def test_of_sources_alone_the_answers_are_written_a_line_each():
    pairs = parse_pairs(b"ein Hund\n\nzwei\tHunde", "standard input")
    assert [pair.source for pair in pairs] == ["ein Hund", "", "zwei\tHunde"]  # an empty line is a source, too
    assert unparse_pairs(pairs, ["a dog", "", "two\ndogs\tran"]) == b"a dog\n\ntwo dogs ran\n"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.tsv", "ein\tone\nzwei\n", r"a\.tsv:2: cells between tabs: 1, not 2 as in the first line"),
        ("a.tsv", "ein\tone\n\ndrei\tthree\t3\n", r"a\.tsv:3: cells between tabs: 3, not 2"),
        ("a.tsv", "ein\nzwei\n", r"a\.tsv:1: no target"),
        ("a.tsv", "ein\tone\n \ttwo\n", r"a\.tsv:2: no source"),
        ("a.tsv", "ein\tone\nzwei\t\n", r"a\.tsv:2: no target"),
        ("a.tsv", "", r"a\.tsv holds no pair"),
        ("a.tsv", "ein\tone\nzwei\ttwo\n", r"a\.tsv:1: no columns 'de' and 'en', but 'ein' and 'one'; leave source"),
        ("a.tsv", "de\tenglish\nein\tone\n", r"a\.tsv:1: no columns 'de' and 'en', but 'de' and 'english'"),
        ("a.tsv", "de\ten\nein\tone\tx\n", r"a\.tsv:2: 3 cells, not 2"),
        ("a.csv", "de,fr\nein,un\n", r"a\.csv:2: no target"),
        ("a.csv", "deutsch,en\nein,one\n", r"a\.csv:1: no column 'de'"),
        ("a.jsonl", '{"de": "ein", "en": "one"}\n{"de": "zwei"}\n', r"a\.jsonl:2: no target"),
        ("a.jsonl", '{"de": "ein", "en": 1}\n', r"a\.jsonl:1: 'en' is no text"),
        ("a.jsonl", '{"translation": {"dee": "ein", "en": "one"}}\n', r"a\.jsonl:1: no 'de'; did you mean 'dee'"),
        ("a.jsonl", '{"de": "ein", "en": "one"}\n{"de": "zwei", \n', r"a\.jsonl:2: no JSON"),
        ("a.jsonl", '["ein", "one"]\n', r"a\.jsonl:1: a list where an object should be"),
        ("a.txt", "ein\tone\n", r"a\.txt: pairs are read from \.tsv, \.csv and \.jsonl"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_by_its_line(tmp_path, name, data, message):
    (tmp_path / name).write_text(data)
    with pytest.raises(ValueError, match=message):
        own_pairs({"train": str(tmp_path / name)}, LANGUAGES)


def test_no_source_is_on_two_sides_and_nothing_moves_when_pairs_are_added():
    pairs = [Pair(f"source {n % 1000}", f"target {n}") for n in range(2000)]
    found = carve({"train": pairs})
    assert sorted(pair for part in found.values() for pair in part) == sorted(pairs)
    sides = [{pair.source for pair in part} for part in found.values()]
    assert sum(map(len, sides)) == 1000
    assert {split: len(part) for split, part in found.items()} == pytest.approx(
        {"train": 1600, "valid": 200, "test": 200}, abs=80
    )
    fewer = carve({"train": pairs[:700]})
    assert all(set(part) <= set(found[split]) for split, part in fewer.items())
    assert found["train"] == [pair for pair in pairs if split_of(pair.source) == "train"]
    numbers = [int(pair.source.split()[1]) for pair in found["test"]]
    assert numbers != sorted(numbers)  # the first ones stand for all
    assert by_chance(pairs[::-1]) != by_chance(pairs)[::-1] and set(by_chance(pairs)) == set(pairs)


def test_what_is_given_is_not_carved():
    pairs, test = [Pair(f"source {n}", "t") for n in range(300)], [Pair("source 1", "t"), Pair("a", "b")]
    found = carve({"train": pairs, "test": test})
    assert found["test"] == test and len(found["train"]) + len(found["valid"]) == 300
    keyed = [Pair(f"source {n}", f"lemma {n % 20}") for n in range(300)]
    sides = [{pair.target for pair in part} for part in carve({"train": keyed}, 0.3, lambda pair: pair.target).values()]
    assert sum(map(len, sides)) == 20
    with pytest.raises(ValueError, match=r"nothing is left for .* \(pairs: 40, different sources: 1\); give more"):
        carve({"train": pairs[:1] * 40})


@pytest.mark.slow
def test_translation_sets_of_datasets(monkeypatch, tmp_path):
    """A column a side, or a column of dicts by language, as sets of the hub have it."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    nested = datasets.Features({"translation": datasets.Translation(languages=["de", "en"])})
    rows = {"train": TEXTS, "validation": [("vier", "four"), ("", "five"), ("sechs", " ")], "test": [("drei", "")]}
    for split, pairs in rows.items():
        flat = {"de": [a for a, _ in pairs], "en": [b for _, b in pairs]}
        translations = {"translation": [{"de": a, "en": b} for a, b in pairs]}
        for folder, table in (
            ("flat", datasets.Dataset.from_dict(flat)),
            ("nested", datasets.Dataset.from_dict(translations, features=nested)),
        ):
            (tmp_path / folder).mkdir(exist_ok=True)
            table.to_parquet(tmp_path / folder / f"{split}.parquet")
    wanted = {"train": TEXTS, "valid": [("vier", "four")]}  # what is empty is left out, and a split of it
    for folder in ("flat", "nested"):
        found = dataset_pairs(str(tmp_path / folder), LANGUAGES)
        assert {name: [pair[:2] for pair in part] for name, part in found.items()} == wanted
        assert found["valid"][0].place.endswith(f"{folder}, validation, row 0")
    monkeypatch.setenv("RNN_RESEARCH_DATA", str(tmp_path))
    found = dataset_pairs("nested", LANGUAGES, "owner/elsewhere")  # the data directory comes first
    assert [pair[:2] for pair in found["train"]] == TEXTS
    with pytest.raises(ValueError, match="flat, train: no column 'dde'; did you mean 'de'"):
        dataset_pairs("flat", Columns("dde", "en"))
    with pytest.raises(ValueError, match="nested, train: no language 'fr'; known: de, en"):
        dataset_pairs("nested", Columns("de", "fr"))


def test_configurations_of_a_folder_are_named_behind_it_as_on_the_hub(monkeypatch, tmp_path):
    """The layout of sets of the hub: files in parts, which the README.md shares out to configurations."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    for part, text in (("00000", "eins"), ("00001", "zwei")):
        rows = {"translation": [{"de": text, "en": "a number"}]}
        datasets.Dataset.from_dict(rows).to_parquet(tmp_path / f"train-{part}-of-00002.parquet")
    said = [f"- config_name: {name}\n  data_files:\n  - split: train\n    path: train-{part}*" for name, part in PARTS]
    (tmp_path / "README.md").write_text("---\nconfigs:\n" + "\n".join(said) + "\n---\n")
    found = {name: dataset_pairs(f"{tmp_path}/{name}", LANGUAGES)["train"] for name, _ in PARTS}
    assert [[pair.source for pair in pairs] for pairs in found.values()] == [["eins", "zwei"], ["zwei"]]
    with pytest.raises(ValueError, match=r"Config name is missing\. Please pick one among .*'all', 'second'"):
        dataset_pairs(str(tmp_path), LANGUAGES)
    with pytest.raises(ValueError, match=r"BuilderConfig 'third' not found"):
        dataset_pairs(f"{tmp_path}/third", LANGUAGES)


def test_names_of_columns_in_capitals_are_no_pair():
    said = r"^a\.tsv:1: names of columns, which must be 'source' and 'target' to the letter$"
    with pytest.raises(ValueError, match=said):
        parse_pairs(b"Source\tTarget\neins\tone\n", "a.tsv")
    assert [pair.source for pair in parse_pairs(b"Source\tQuelle\neins\tone\n", "a.tsv")] == ["Source", "eins"]
