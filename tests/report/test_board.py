"""The board of claims: what it takes from runs, from experiments and from what the lectures state."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rnn_research.commands.launch import main
from rnn_research.commands.launch_flags import FLAGS
from rnn_research.experiment import registry
from rnn_research.experiment.describe import described
from rnn_research.experiment.experiment import identity
from rnn_research.report.board import NOT_RUN, collect, records_of
from rnn_research.report.board_page import as_markdown, html, lines, recorded_page
from rnn_research.report.lectures import CLAIMS, SYSTEMS
from rnn_research.report.records import BEFORE, OF_THE_RUN, Record, Records, read_records, write_records
from rnn_research.report.results import load
from rnn_research.report.verdicts import WEAKEST, judge
from tests.support.made_up_run import write_run

ROOT = Path(__file__).resolve().parents[2]
SCORES = {("t", "a"): [0.10, 0.12, 0.14, 0.11, 0.13, 0.12, 0.11, 0.10], ("t", "b"): [0.02, 0.03, 0.05, 0.01] * 2}
EXPERIMENT = """
from rnn_research.experiment import *

def better(arm, against):
    return (Compare("cell", arm, against, 0.0),)

EXPERIMENT = Experiment(
    question="Is b better?",
    base=TrialConfig(),
    axes={"task": (Choice("t"),), "model.cell": (Choice("a"), Choice("b"))},
    compare="cell",
    seeds=8,
    claims=(
        Claim("C16", "b beats a", better("b", "a")),
        Claim("C99 & co", "a <script>beats</script> b", better("a", "b")),
        Claim("S20 by b", "b is good", (Level("score", "below", 0.07, {"cell": ("b",)}),)),
    ),
    minutes=7,
)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for runs, and a registry of one experiment, ``mine``."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "mine.py").write_text(EXPERIMENT)
    monkeypatch.setattr(registry, "DIRECTORY", tmp_path / "experiments")
    return tmp_path / "runs"


def run_of(path, scores=SCORES, started="2026-01-01T00:00:00+00:00", command=(), **changed):
    """A run directory of ``mine``, with other base settings where some are given."""
    experiment = registry.load("mine")
    run = write_run(path, scores)
    document = run.document()
    own = json.loads(json.dumps(described(experiment)))
    made = document["provenance"] | {"started": started, "command": list(command)}
    base = json.loads(json.dumps(identity(experiment)))
    base["base"] |= changed
    (path / "experiment.json").write_text(json.dumps(document | own | {"identity": base, "provenance": made}))
    return run


def answers(board, name):
    return next(found for one, found in [*board.claims, *board.systems] if one.id == name)


def test_what_was_run_has_its_verdict_and_what_was_not_its_command(folder):
    assert [(a.verdict, a.command, a.minutes) for a in answers(collect([folder]), "C16")] == [
        (NOT_RUN, "python launch.py --experiment=mine", 7)
    ]
    run = run_of(folder / "mine")
    board = collect([folder])
    verdicts = judge(load(run))
    (answer,) = answers(board, "C16")
    assert (answer.verdict, answer.run, answer.note) == ("supported", folder / "mine", "")
    assert answer.effect[0] in verdicts[0].evidence[0]
    assert re.search(r"\[.*\]", answer.effect[0])
    assert [a.verdict for a in answers(board, "S20")] == ["supported"]
    assert [a.verdict for a in board.papers["C99"]] == ["contradicted"]


def test_the_latest_run_counts_and_one_of_smoke_does_not(folder):
    run_of(folder / "a", started="2026-01-02T00:00:00+00:00")
    run_of(folder / "b", started="2026-01-01T00:00:00+00:00")
    run_of(folder / "c", started="2026-01-03T00:00:00+00:00", command=["launch.py", "--smoke"])
    (answer,) = answers(collect([folder]), "C16")
    assert answer.run == folder / "a"


def test_a_run_with_other_settings_is_named_so_and_leaves_the_files_own_to_be_run(folder):
    run_of(folder / "other", train={"steps": 3})
    found = answers(collect([folder]), "C16")
    assert [answer.verdict for answer in found] == ["supported", NOT_RUN]
    assert "train.steps=3" in found[0].note
    run_of(folder / "own")
    found = answers(collect([folder]), "C16")
    assert [answer.run.name for answer in found] == ["own", "other"]


def test_the_command_has_the_options_of_the_run_that_it_answers_for(folder):
    options = ["--config.train.steps=3", "--seeds", "16", "--grid.model.cell=a,b c", "--runner_up", "--full"]
    elsewhere = ["launch.py", "--experiment=mine", "--workdir=/some/where", *options, "--workers=2", "--data_dir=/data"]
    run_of(folder / "other", command=elsewhere, train={"steps": 3})
    first, plain = answers(collect([folder]), "C16")
    typed = "--config.train.steps=3 --seeds 16 '--grid.model.cell=a,b c' --runner_up --full"
    said = f"python launch.py --experiment=mine {typed}"
    assert (first.command, first.minutes) == (said, None)
    assert (plain.verdict, plain.command, plain.minutes) == (NOT_RUN, "python launch.py --experiment=mine", 7)
    ((*_, record),), left = records_of([folder], Records())
    assert left == [] and record.settings == "train.steps=3"
    board = collect([], Records((record._replace(source="C16"),)))
    assert [answer.command for answer in answers(board, "C16")] == [said, plain.command]
    assert f"; `{said}` |" in as_markdown(board, folder) and f"; `{said}` (" not in as_markdown(board, folder)


def test_the_options_of_a_run_are_flags_of_the_command():
    known = {flag.name for flag in FLAGS} | {"config", "grid"}
    assert set(OF_THE_RUN) <= known


def test_a_setting_that_a_run_could_not_have_yet_is_no_difference(folder):
    run = run_of(folder / "old")
    document = run.document()
    del document["identity"]["base"]["model"]["dropout"]
    (run.path / "experiment.json").write_text(json.dumps(document))
    assert [answer.note for answer in answers(collect([folder]), "C16")] == [""]


def test_what_has_not_ended_says_so_and_a_claim_that_was_changed_too(folder):
    run = run_of(folder / "part")
    (run.trial("t-a-0") / "status.json").write_text('{"state": "running"}')
    document = run.document()
    document["claims"][0]["text"] = "as it was"
    (run.path / "experiment.json").write_text(json.dumps(document))
    found = answers(collect([folder]), "C16")
    assert [answer.verdict for answer in found][1:] == [NOT_RUN]
    assert "15 of 16" in found[0].note
    assert "changed since" in found[0].note


def test_a_directory_that_cannot_be_read_is_named_and_the_others_are_read(folder):
    run_of(folder / "good")
    for name, content in (("old", '{"format": 1}'), ("bad", "{")):
        (folder / name).mkdir()
        (folder / name / "experiment.json").write_text(content)
    board = collect([folder, folder / "good"])
    assert [answer.verdict for answer in answers(board, "C16")] == ["supported"]
    assert len(board.unread) == 2
    assert all(any(name in line for line in board.unread) for name in ("old", "bad"))


def test_an_experiment_that_does_not_load_is_named_and_the_others_are_read(folder):
    (registry.DIRECTORY / "broken.py").write_text("EXPERIMENT = 1 / 0")
    run_of(folder / "good")
    board = collect([folder])
    assert [answer.verdict for answer in answers(board, "C16")] == ["supported"]
    assert [line.partition(": ")[2] for line in board.unread] == ["ZeroDivisionError: division by zero"]


def test_a_run_of_a_file_of_ones_own_is_held_against_that_file(folder, tmp_path):
    """Elsewhere than in experiments/: its settings are told apart as those of the repository's are, and its command
    names the file."""
    own = tmp_path / "of my own.py"
    own.write_text(EXPERIMENT)
    for name, changed in (("plain", {}), ("other", {"train": {"steps": 3}})):
        run = run_of(folder / name, **changed)
        document = run.document()
        document |= {"name": own.stem, "file": str(own), "identity": document["identity"] | {"experiment": own.stem}}
        (run.path / "experiment.json").write_text(json.dumps(document))
    found = {one.run.name: one for one in answers(collect([folder]), "C16") if one.run}
    assert found["plain"].as_asked and not found["plain"].note and found["plain"].effect[0].endswith("; n = 8")
    assert found["plain"].command == f"python launch.py --experiment='{own}'"
    assert "train.steps=3" in found["other"].note
    own.unlink()
    unknown = [one for one in answers(collect([folder]), "C16") if one.run]
    assert [one.run.name for one in unknown] == ["other", "plain"]
    said = f"{own} does not load here, so nobody can tell what its settings are now"
    assert all(one.note == said and not one.as_asked for one in unknown)
    assert records_of([folder], Records())[1][1] == (
        f"{folder / 'plain'} is not recorded: of my own is none of the repository's experiments"
    )


def test_a_file_of_ones_own_with_a_name_of_the_repositorys_is_another_experiment(folder, tmp_path):
    own = tmp_path / "elsewhere" / "mine.py"
    own.parent.mkdir()
    own.write_text(EXPERIMENT.replace("Is b better?", "Mine?"))
    clone = tmp_path / "clone" / "experiments" / "mine.py"
    for name, file in (("plain", registry.DIRECTORY / "mine.py"), ("own", own), ("cloned", clone)):
        run = run_of(folder / name, started=f"2026-01-0{len(name)}T00:00:00+00:00")
        (run.path / "experiment.json").write_text(json.dumps(run.document() | {"file": str(file)}))
    found = {one.run.name: one.command for one in answers(collect([folder]), "C16") if one.run}
    # That of another clone is the later of the two that are of the repository's.
    assert found == {
        "own": f"python launch.py --experiment={own}",
        "cloned": "python launch.py --experiment=mine",
    }
    recorded, left = records_of([folder], Records())
    assert len(recorded) == 1 and left == [
        f"{folder / 'own'} is not recorded: mine is none of the repository's experiments"
    ]


class Page(HTMLParser):
    """The links and the script tags of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.scripts = [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        self.links += [value for name, value in attrs if name in ("href", "src")]


def test_the_page_and_the_table_hold_every_id_escaped_with_links_that_lead_somewhere(folder):
    run = run_of(folder / "with a space")
    run.report.mkdir()
    (run.report / "index.html").write_text("")
    board = collect([folder])
    page, table = html(board, folder), as_markdown(board, folder)
    for one in (*CLAIMS, *SYSTEMS):
        assert f'id="{one.id}"' in page
        assert f"| {one.id} |" in table
    parsed = Page(page)
    assert parsed.scripts == 0
    assert "a &lt;script&gt;beats&lt;/script&gt; b" in page
    within = {link for link in parsed.links if link.startswith("#")}
    assert {f"#{one.id}" for one in CLAIMS} < within and all(f'id="{link[1:]}"' in page for link in within)
    assert set(parsed.links) - within == {"with%20a%20space/report/index.html"}
    assert "(with%20a%20space/report/index.html)" in table
    for row in table.splitlines():
        if re.match(r"\| C\d\d \|", row):
            assert len(re.findall(r"(?<!\\)\|", row)) == 8
    assert any("C16  supported  (mine)" in line for line in lines(board))
    assert "put to a run" in lines(board)[-1]


def test_the_lectures_are_whole_and_what_they_name_is_there():
    assert [one.id for one in CLAIMS] == [f"C{number:02}" for number in range(1, 43)]
    assert [one.id for one in SYSTEMS] == [f"S{number:02}" for number in range(1, 30)]
    for path in [one.tests for one in CLAIMS if one.tests] + [path for one in SYSTEMS for path in one.where]:
        assert (ROOT / path).exists(), path
    assert {name for one in SYSTEMS for name in one.experiments} <= set(registry.names())


def test_every_source_of_ours_that_looks_like_an_id_is_one():
    known = {one.id for one in (*CLAIMS, *SYSTEMS)}
    sources = [claim.source for name in registry.names() for claim in registry.load(name).claims]
    assert {found[0] for source in sources if (found := re.match(r"[CS]\d\d\b", source))} <= known


def test_the_command_writes_both_and_runs_nothing(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder.parent)
    assert main(["--claims"]) == 0
    assert (folder / "claims.html").is_file()
    run_of(folder.parent / "elsewhere" / "mine")
    assert main(["--claims", "--workdir=elsewhere", "--workdir=elsewhere/mine"]) == 0
    assert "../elsewhere/mine" in (folder / "claims.md").read_text()
    assert sorted(path.name for path in folder.iterdir()) == ["claims.html", "claims.md"]
    capsys.readouterr()
    for arguments, said in (
        (["--claims", "--seeds=3"], "--claims reads --workdir and --record alone"),
        (["--claims", "--workdir=nowhere"], "no directory nowhere"),
        (["--verify", "--workdir=a", "--workdir=b"], "names one run directory, not 2"),
    ):
        assert main(arguments) == 2
        assert said in capsys.readouterr().err


def recorded(text="b beats a", **changed):
    """What was recorded of a run of ``mine`` elsewhere."""
    measured, numbers = ("skill of b − a: +0.1, claimed more than +0",), ({"effect": 0.1},)
    record = Record("mine", "C16", text, "undecided", measured, numbers, "", "", "abc", "2026-01-02", "mine.md")
    return record._replace(**changed)


def test_a_claim_without_a_run_here_has_the_verdict_on_record(folder):
    held = Records((recorded(),), {"C16": "little <at all>"})
    board = collect([folder], held)
    (answer,) = answers(board, "C16")
    assert (answer.verdict, answer.run, answer.recorded) == ("undecided", None, "2026-01-02")
    table, page = as_markdown(board, folder), html(board, folder)
    assert "[on record since 2026-01-02](../docs/mine.md); `python launch.py --experiment=mine` (7 min)" in table
    assert "| C16 | little <at all> |" in table and "little &lt;at all&gt;" in page
    assert 'href="../docs/mine.md"' in page
    assert any("C16  undecided (on record)  (mine)" in line for line in lines(board))
    assert "1 have a verdict on record" in lines(board)[-1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rules": BEFORE}, "by former rules"),
        ({"changed": True}, "the experiment has changed since"),
        ({"text": "as it was"}, "the claim has changed since"),
        ({"settings": "train.steps=3"}, "other settings than the file's: train.steps=3"),
    ],
)
def test_what_is_to_be_known_of_a_record_is_said_and_what_it_does_not_answer_is_to_be_run(folder, change, said):
    first, *others = answers(collect([folder], Records((recorded(**change),))), "C16")
    assert first.note == said
    assert [other.verdict for other in others] == ([] if "rules" in change else [NOT_RUN])


@pytest.mark.parametrize(("started", "verdict"), [("2026-01-02T", "supported"), ("2026-01-01T", "undecided")])
def test_of_a_run_and_a_record_the_later_one_counts(folder, started, verdict):
    run_of(folder / "mine", started=started)
    found = answers(collect([folder], Records((recorded(),))), "C16")
    assert [answer.verdict for answer in found] == [verdict]


def test_what_finished_runs_came_to_is_put_on_record(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder.parent)
    file = folder.parent / "docs" / "claims.json"
    before = recorded(text="older", page=""), recorded(experiment="gone"), recorded(experiment="or later")
    write_records(file, Records(before, {"C16": "little"}))
    (file.parent / "mine.md").write_text("# Mine and others\n\n### mine: C16 (1 min)\n")
    run = run_of(folder / "mine", started="2026-03-01T00:00:00+00:00")
    run_of(folder / "few", {labels: values[:5] for labels, values in SCORES.items()}, train={"steps": 3})
    part = run_of(folder / "part", train={"steps": 4})
    (part.trial("t-a-0") / "status.json").write_text('{"state": "running"}')
    assert main(["--claims", "--record"]) == 0
    said = capsys.readouterr().out
    assert "few is not recorded: 5 seeds of 8" in said and "part is not recorded: Unfinished" in said
    assert "mine: 3 verdicts on record" in said and "read again what claims.json says that these are worth: C16" in said
    held = read_records(file)
    assert [record.experiment for record in held.records] == ["gone", "mine", "mine", "mine", "or later"]
    first, verdict = held.records[1], judge(load(run))[0]
    (measured,) = verdict.measured
    assert measured is not None
    assert (first.verdict, first.date, first.page) == ("supported", "2026-03-01", "mine.md")
    assert first.measured[0].endswith("claimed more than +0; n = 8")
    assert first.numbers[0] == pytest.approx(
        {"effect": measured.effect, "low": measured.low, "high": measured.high, "level": measured.level, "n": 8}
    )
    assert (file.parent / "claims.md").read_text() == recorded_page(held)
    before = file.read_bytes()
    assert main(["--claims", "--record"]) == 0 and file.read_bytes() == before
    write_records(file, Records((recorded(date="2026-04-01"),)))
    assert main(["--claims", "--record"]) == 0
    assert "what is on record is of a later day" in capsys.readouterr().out
    assert [record.date for record in read_records(file).records] == ["2026-04-01"]


def test_a_damaged_record_is_refused_and_record_is_for_claims(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder.parent)
    file = folder.parent / "docs" / "claims.json"
    file.parent.mkdir()
    for text in ("{", "[]", '{"records": [{"source": "C16"}], "worth": {}}'):
        file.write_text(text)
        assert main(["--claims"]) == 2
        assert "claims.json: " in capsys.readouterr().err
    assert main(["--record"]) == 2
    assert "--record is for --claims" in capsys.readouterr().err


def test_the_page_of_claims_is_what_is_made_of_the_record():
    """If this fails: ``python launch.py --claims --record``."""
    assert (ROOT / "docs" / "claims.md").read_text() == recorded_page(read_records(ROOT / "docs" / "claims.json"))


def test_what_is_on_record_is_of_experiments_that_are_there():
    held = read_records(ROOT / "docs" / "claims.json")
    known = {one.id for one in (*CLAIMS, *SYSTEMS)}
    sources = {claim.source for name in registry.names() for claim in registry.load(name).claims}
    assert set(held.worth) <= known | sources
    board = collect([], held)
    asked = {**{stated.id: answers for stated, answers in board.claims}, **board.papers}
    for name, said in held.worth.items():
        if "to be run" in said.replace("--full, to be run", ""):
            assert NOT_RUN in {answer.verdict for answer in asked[name]}, name
    assert len({(record.place, record.source, record.text) for record in held.records}) == len(held.records)
    for record in held.records:
        assert record.experiment in registry.names() and record.verdict in WEAKEST
        assert (ROOT / "docs" / record.page).is_file()
        assert bool(record.settings) <= bool(record.options)
        assert len(record.measured) == len(record.numbers) > 0
        for said, numbers in zip(record.measured, record.numbers, strict=True):
            if "low" in numbers:
                assert numbers["low"] <= numbers["effect"] <= numbers["high"], said
