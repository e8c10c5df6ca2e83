"""Networks in the page: their numbers are JAX's, and nothing is carried that the page cannot run."""

import base64
import json
import shutil
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.gradients.norms import gradient_norms
from rnn_research.heads.dense import dense
from rnn_research.report.carried import CELLS, Carried, carried, check_model, encoded_size, fitting
from rnn_research.report.page import page as write_page
from rnn_research.report.results import load
from rnn_research.tasks.base import Batch
from tests.support.browser import visiting
from tests.support.numpy_cells import sigmoid
from tests.support.random_networks import ARMS, CARRIED, KNOWN, random_network

NEAR = 1e-3  # what the page's numbers may be off; they are nearer
GATES = {"lstm": ("input", "forget", "candidate", "output"), "gru": ("reset", "update", "candidate")}
COMPUTED = """([setting, name, inputs, at, symbol]) => {
  const arm = NETWORKS.find((one) => one.setting === setting).arms.find((one) => one.name === name);
  const net = network(arm), { made } = steps(net, inputs), given = made.map((one) => headOf(net, one));
  const lists = (object) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, [...value]]));
  const error = symbol === null ? [1] : errorOf(softmax(given[at]), symbol);
  return {
    given: given.map((one) => [...one]), probabilities: given.map((one) => [...softmax(one)]),
    states: made.map((layers) => layers.map((layer) => lists(layer.state))),
    gates: made.map((layers) => layers.map((layer) => lists(layer.gates))),
    reach: reach(net, made.slice(0, at + 1), error), memory: memory(net, inputs.slice(0, 4)),
  };
}"""


@pytest.fixture
def run(random_networks):
    """The run directory of networks with random weights."""
    return random_networks


@pytest.fixture(scope="module")
def page(browser, random_networks):
    with visiting(browser) as opened:
        yield opened(random_networks.report / "index.html")


def asked(labels):
    """Inputs as the script and as the network take them, the step that is looked at, and the symbol asked for there."""
    rng = np.random.default_rng(3)
    if labels[0] == "sum":
        values = np.round(rng.random((12, 2)), 3)
        return values.tolist(), jnp.asarray(values, jnp.float32), 9, None
    count = KNOWN if labels[0] == "text" else 4
    ids = rng.integers(0, count, 9)
    if labels[0] == "text":
        ids[0] = KNOWN  # the beginning
        return ids.tolist(), jnp.asarray(ids), 7, 3
    return ids.tolist(), jax.nn.one_hot(ids, 4), 7, 3


def by_jax(found, inputs, at, symbol):
    """What the package makes of the same inputs, in one program."""
    cell, params, size = found.model.inside.cell, found.params, found.target.size
    head = params["head"]
    if found.config.tied:
        head = head | {"kernel": params["embedding"]["kernel"][:size].T}

    def loss(output):
        given = dense(head, output[None])[0]
        return given[0] if symbol is None else jax.nn.log_softmax(given)[symbol]

    def outputs(x):
        return jax.lax.scan(lambda state, x: cell.step(params["recurrent"], state, x), cell.initial_state(), x)[1]

    @jax.jit
    def computed(inputs):
        x = found.model.inside.embed(params, inputs[None])[0]

        def step(state, x):
            state, output = cell.step(params["recurrent"], state, x)
            return state, (state, output)

        _, (states, features) = jax.lax.scan(step, cell.initial_state(), x)
        reach = gradient_norms(cell, params["recurrent"], x[None], loss, at=at).total[0, : at + 1]
        few, place = x[:4], jnp.arange(4)[:, None]
        changed = jnp.stack([outputs(jnp.where(place == k, 0, few)) for k in range(4)], axis=1) - features[:4, None]
        silent = outputs(jnp.where(place == 0, few, 0))
        return x, states, dense(head, features), reach, jnp.linalg.norm(changed, axis=-1), silent

    return jax.tree.map(np.asarray, computed(inputs))


def gates_of(name, options, params, x, before):
    """The gates of all steps of a layer ``{name: [time, hidden]}``, from what it reads and the states before."""
    size = before.shape[1]
    read, kept = x @ params["input_kernel"] + params["bias"], before @ params["recurrent_kernel"]
    cut = [slice(size * index, size * (index + 1)) for index in range(len(GATES[name]))]
    if name == "lstm":
        made = {gate: (read + kept)[:, columns] for gate, columns in zip(GATES[name], cut)}
        return {gate: (np.tanh if gate == "candidate" else sigmoid)(sums) for gate, sums in made.items()}
    reset, update = (sigmoid((read + kept)[:, columns]) for columns in cut[:2])
    if options["reset_after"]:
        candidate = read[:, cut[2]] + reset * (kept[:, cut[2]] + params["candidate_bias"])
    else:
        candidate = read[:, cut[2]] + (reset * before) @ params["recurrent_kernel"][:, cut[2]]
    return {"reset": reset, "update": update, "candidate": np.tanh(candidate)}


@pytest.mark.parametrize("labels", CARRIED, ids=lambda labels: " ".join(labels))
def test_every_number_is_that_of_jax(page, labels):
    found = random_network(labels)
    given, inputs, at, symbol = asked(labels)
    shown = page.evaluate(COMPUTED, [*labels, given, at, symbol])
    x, states, logits, reach, changed, silent = by_jax(found, inputs, at, symbol)
    near = partial(np.testing.assert_allclose, atol=NEAR, rtol=NEAR)
    near(np.array(shown["given"]), logits)
    near(np.array(shown["probabilities"]), np.asarray(jax.nn.softmax(logits)))
    near(np.array(shown["reach"]), reach)
    near(np.array(shown["memory"]["shares"]), np.tril(changed / np.maximum(changed.sum(axis=1, keepdims=True), 1e-30)))
    moved = np.linalg.norm(np.diff(silent, axis=0), axis=-1) / (np.linalg.norm(silent[0]) or 1)
    near(np.array(shown["memory"]["moves"]), moved)
    cell = found.config.cell
    for depth in range(found.config.layers):
        state = states[depth]
        for name, leaf in state._asdict().items():
            near(np.array([layers[depth][name] for layers in shown["states"]]), leaf.reshape(len(leaf), -1))
        if cell.name in GATES:
            before = np.concatenate([np.zeros_like(state.hidden[:1]), state.hidden[:-1]])
            params = jax.tree.map(np.asarray, found.params["recurrent"][depth])
            wanted = gates_of(cell.name, dict(cell.options), params, x, before)
            x = state.hidden
            for name, gate in wanted.items():
                near(np.array([layers[depth][name] for layers in shown["gates"]]), gate)


@pytest.mark.parametrize("labels", [("text", "gru, tied"), ("sum", "lstm"), ("recall", "gru")], ids=" ".join)
def test_the_answers_are_those_that_the_model_gives_itself(page, labels):
    found = random_network(labels)
    given, inputs, at, symbol = asked(labels)
    shown = page.evaluate(COMPUTED, [*labels, given, at, symbol])
    if labels[0] == "text":
        start = found.model.start(1).state
        assert found.model.stream is not None
        _, logits = jax.jit(found.model.stream.advance)(found.params, start, inputs[None])
        np.testing.assert_allclose(np.array(shown["given"]), logits[0], atol=NEAR)
        return
    answer = jax.jit(found.model.answer)(found.params, Batch(inputs[None], None, None), found.model.start(1))[0]
    last = shown["given"][-1]
    assert answer[0] == (np.argmax(last) if labels[0] == "recall" else pytest.approx(last[0], abs=NEAR))


def test_steps_that_are_known_are_not_made_again_and_all_others_are(page):
    same = page.evaluate(
        """() => {
          const net = network(NETWORKS[0].arms[3]), first = steps(net, [5, 1, 2, 3]);
          const second = steps(net, [5, 1, 4, 3], first), anew = steps(net, [5, 1, 4, 3]).made;
          const kept = second.made.map((made, step) => made === first.made[step]);
          const top = (made) => [...made[1].output].join();
          return [kept, second.made.every((made, step) => top(made) === top(anew[step]))];
        }"""
    )
    assert same == [[True, True, False, False], True]


def test_sixteen_bits_are_read_as_numpy_reads_them(page):
    bits = np.arange(0x10000, dtype="<u2")
    numbers = bits.view("<f2")
    finite = np.isfinite(numbers)
    read = page.evaluate("text => [...halves(text)]", base64.b64encode(bits[finite].tobytes()).decode())
    np.testing.assert_array_equal(np.array(read, np.float32), numbers[finite].astype(np.float32))


def test_what_the_page_cannot_run_is_named_and_not_carried(run):
    found = carried(run, load(run))
    assert [(one.setting, one.name) for one in found.networks] == CARRIED
    assert all("seed 1" in one.packed["about"] for one in found.networks)  # the best on validation
    said = "\n".join(found.left_out)
    assert "text, normed: the page cannot run model.norm=layer." in said
    assert "text, both ways: the page cannot run model.reverse=True." in said
    assert "text, zoned out: the page cannot run zoneout." in said
    assert "text, lstm of 1997: the page cannot run lstm_1997." in said
    assert "text, too large: they have more than 300,000 parameters." in said
    assert "other, elman: the page has no way to ask what their task asks." in said
    assert len(found.left_out) == len(ARMS) - len(CARRIED)


def test_every_setting_that_changes_what_a_network_computes_is_refused():
    """Of settings that are not known to be harmless, any value but the default."""
    plain = ARMS["text", "elman"]
    assert set(check_model(plain)) == {"activation"}
    others = {"residual": True, "bidirectional": True, "skip": 2, "pooling": "mean", "attention": "dot"}
    for name, value in others.items():
        with pytest.raises(Exception, match=f"model.{name}="):
            check_model(type(plain)(cell=plain.cell, **{name: value}))
    assert set(CELLS) <= {"elman", "lstm", "gru", "window"}


def test_a_trial_whose_checkpoint_is_gone_or_damaged_is_left_out_quietly(run, tmp_path):
    shutil.copytree(run.path, tmp_path / "run")
    copy = run._replace(path=tmp_path / "run")
    shutil.rmtree(copy.checkpoints("text-elman-1"))
    (file,) = list(copy.checkpoints("text-lstm-1").glob("*/manifest.json"))
    file.write_text("{}")
    (copy.trial("text-gru-1") / "codec.json").unlink()
    found = carried(copy, load(copy))
    missing = {("text", "elman"), ("text", "lstm"), ("text", "gru")}
    assert {(one.setting, one.name) for one in found.networks} == set(CARRIED) - missing
    assert not any("text, elman:" in one or "text, lstm:" in one for one in found.left_out)


def test_what_is_no_network_is_not_taken_for_one(run, tmp_path):
    """An n-gram model has a config of a network all the same, and no parameters."""
    shutil.copytree(run.path, tmp_path / "run")
    copy = run._replace(path=tmp_path / "run")
    config, card = (copy.trial("text-elman-1") / name for name in ("config.json", "card.json"))
    config.write_text(json.dumps(json.loads(config.read_text()) | {"learner": {"name": "ngram", "order": 3}}))
    facts = json.loads(card.read_text())
    card.write_text(json.dumps({name: fact for name, fact in facts.items() if name not in ("parameters", "hidden")}))
    assert "text, elman: they are no networks." in carried(copy, load(copy)).left_out


def test_no_more_networks_are_read_than_there_is_room_for(run, monkeypatch):
    monkeypatch.setattr("rnn_research.report.carried.MOST_NETWORKS", 2)
    found = carried(run, load(run))
    assert [(one.setting, one.name) for one in found.networks] == CARRIED[:2]
    assert any(one.endswith("there was no room for their weights.") for one in found.left_out)
    numbers = [sum(rows * columns for _, rows, columns in one.packed["arrays"]) for one in found.networks]
    assert [encoded_size(count) for count in numbers] == [len(one.packed["weights"]) for one in found.networks]


def test_parameters_of_another_shape_are_not_carried(run, tmp_path):
    shutil.copytree(run.path, tmp_path / "run")
    copy = run._replace(path=tmp_path / "run")
    path = copy.trial("text-elman-1") / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"hidden": 8}))
    assert "text, elman: their parameters are not those of a cell of the package." in carried(copy, load(copy)).left_out


def test_weights_stay_within_their_room_in_the_order_of_the_table(run):
    found = carried(run, load(run))
    sizes = [len(one.packed["weights"]) for one in found.networks]
    some = fitting(found, sum(sizes[:3]))
    assert [one.name for one in some.networks][:3] == [name for _, name in CARRIED[:3]]
    assert sum(len(one.packed["weights"]) for one in some.networks) <= sum(sizes[:3])
    assert "there was no room for their weights" in some.left_out[-1] and "text, elman" not in some.left_out[-1]
    assert fitting(found, 10) == Carried([], [])


def test_the_page_is_well_formed_and_carries_what_leaves_it_under_two_megabytes(run, monkeypatch):
    html5lib = pytest.importorskip("html5lib", reason="html5lib is not installed")
    results = load(run)
    found = carried(run, results)
    html = write_page(results, [], [], [], networks=found)
    parser = html5lib.HTMLParser(strict=False)
    tree = parser.parse(html)
    assert parser.errors == []
    ids = [node.get("id") for node in tree.iter() if node.get("id")]
    assert len(ids) == len(set(ids)) and "networks-part" in ids
    without = write_page(results, [], [], [])
    assert "networks-part" not in without and 'id="networks"' not in without
    size = len(found.networks[0].packed["weights"])
    monkeypatch.setattr("rnn_research.report.page.WHOLE", len(without) + size)
    one = write_page(results, [], [], [], networks=found)
    assert one.count('"weights":') == 1 and found.networks[0].packed["weights"] in one
    monkeypatch.setattr("rnn_research.report.page.WHOLE", len(without))
    assert write_page(results, [], [], [], networks=found) == without
