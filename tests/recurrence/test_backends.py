"""Every backend against the plain loop, the contract on padding for each, and which one is taken."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import rnn_research as rr
from rnn_research.cells import Tap, tapped
from rnn_research.recurrence import BACKENDS, run
from tests.support.recurrence import (
    BATCH,
    CELLS_OF_BATCHES,
    HIDDEN,
    INPUT,
    TIME,
    assert_close,
    both_directions,
    by_hand,
    compiled,
    fitting,
    one_by_one,
    random_batch,
    randomised,
    with_gradients,
)

CELLS = CELLS_OF_BATCHES
every_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)

# Lengths and starts at random, those that are easily wrong among them.
LENGTHS = [[0, 1, 4, TIME], [TIME] * BATCH, *np.random.default_rng(3).integers(0, TIME + 1, (3, BATCH)).tolist()]
STARTS = np.random.default_rng(4).random((len(LENGTHS), TIME, BATCH)) < 0.3
STARTS[0], STARTS[1, 0] = False, True


def with_garbage(inputs, lengths, garbage):
    return jnp.where((jnp.arange(len(inputs))[:, None] < lengths[None])[:, :, None], inputs, garbage)


def test_the_loop_is_the_loop_by_hand(x64):
    cell = CELLS["stacked"]
    params, inputs, states = random_batch(cell)
    for reverse in (False, True):
        for lengths in LENGTHS[:3]:
            given = jnp.array(lengths)
            final, outputs = run(cell, params, inputs, states, lengths=given, reverse=reverse, backend="loop")
            for b, length in enumerate(lengths):
                one = jax.tree.map(lambda leaf, b=b: leaf[b], (final, states))
                expected = by_hand(cell, params, inputs[:, b], one[1], length, reverse)
                assert_close((one[0], outputs[:, b]), expected)


# Of those with a faster way, these in the plain scan too.
EVERY_WAY = CELLS["lstm"], CELLS["gru_reset_before"], CELLS["window"]


@every_cell
@both_directions
def test_every_backend_is_the_loop(cell, reverse, x64):
    case = random_batch(cell)

    def program(backend):
        @compiled
        def both(params, inputs, state, lengths, starts):
            def one(params, inputs, state):
                options = {"lengths": lengths, "starts": starts, "reverse": reverse}
                return run(cell, params, inputs, state, backend=backend, **options)

            return with_gradients(one)(params, inputs, state)

        return both

    names = fitting(cell) if cell in EVERY_WAY else fitting(cell)[:1]
    loop, others = program("loop"), {name: program(name) for name in names}
    for lengths, starts in zip(map(jnp.array, LENGTHS), STARTS, strict=True):
        params, inputs, state = case
        expected = loop(params, inputs, state, lengths, starts)
        padding = np.arange(TIME)[:, None] >= np.asarray(lengths)[None]
        for name, other in others.items():
            for garbage in (0.0, np.nan, 1e300):
                found = other(params, with_garbage(inputs, lengths, garbage), state, lengths, starts | padding)
                assert_close(found, expected)
                assert not np.any(found[0][1][padding]) and not np.any(found[1][1][padding]), name


@both_directions
def test_taps_on_the_backends_that_take_them(reverse, x64):
    cell = CELLS["lstm"]
    params, inputs, state = random_batch(cell)
    zeros = jax.tree.map(lambda leaf: jnp.zeros((TIME, BATCH, *leaf.shape)), cell.initial_state())
    taps = randomised(Tap(zeros, {"bias": jnp.zeros((TIME, BATCH, 4 * HIDDEN))}), 7)
    valid = jnp.arange(TIME)[:, None] < jnp.array(LENGTHS[0])[None]
    dirty = jax.tree.map(lambda leaf: jnp.where(valid[:, :, None], leaf, jnp.nan), taps)

    def program(backend):
        def of(params, inputs, state, taps, lengths, starts):
            options = {"taps": taps, "lengths": lengths, "starts": starts, "reverse": reverse}
            results = run(cell, params, inputs, state, backend=backend, **options)
            return sum((leaf**2).sum() for leaf in jax.tree.leaves(results)), results

        return compiled(jax.value_and_grad(of, argnums=(0, 1, 2, 3), has_aux=True))

    expected = program("loop")(params, inputs, state, taps, jnp.array(LENGTHS[0]), STARTS[2])
    assert_close(program("scan")(params, inputs, state, dirty, jnp.array(LENGTHS[0]), STARTS[2]), expected)
    assert not np.any(jax.tree.leaves(expected[1][3])[0][~valid])
    assert fitting(tapped(cell)) == ["scan"]
    for name, one in (("staged", cell), ("over_time", CELLS["window"])):
        with pytest.raises(ValueError, match=f"backend '{name}' does not fit: taps"):
            run(one, {}, inputs, taps=Tap(), backend=name)


def test_the_gradient_of_a_batch_padded_longer(x64):
    cell = CELLS["gru"]
    params, inputs, state = random_batch(cell)

    @compiled
    def gradients(params, inputs, state):
        run_staged = partial(run, cell, lengths=jnp.array(LENGTHS[0]), backend="staged")
        return with_gradients(run_staged)(params, inputs, state)[1]

    of_params, of_inputs, of_state = gradients(params, jnp.pad(inputs, ((0, 30), (0, 0), (0, 0))), state)
    assert_close((of_params, of_inputs[:TIME], of_state), gradients(params, inputs, state), 1e-13)


# Which one is taken.


def taken(monkeypatch, cell, inputs, **options):
    """The backend that a call of ``run`` takes."""
    names = []

    def spy(name):
        inner = BACKENDS[name].run

        def spying(cell, call):
            names.append(name)
            return inner(cell, call)

        return BACKENDS[name]._replace(run=spying)

    with monkeypatch.context() as patch:
        for name in BACKENDS:
            patch.setitem(BACKENDS, name, spy(name))
        params = jax.eval_shape(lambda key: cell.init(key, inputs.shape[-1]), jax.random.key(0))
        jax.eval_shape(lambda params: run(cell, params, inputs, **options), params)
    (name,) = names
    return name


def test_auto_takes_the_first_that_fits(monkeypatch):
    wide, narrow = jnp.zeros((TIME, BATCH, 32)), jnp.zeros((TIME, BATCH, 1))
    lengths, starts = jnp.array(LENGTHS[0]), jnp.asarray(STARTS[0])
    for name in ("elman", "lstm", "gru", "gru_reset_before"):
        cell = CELLS[name]
        assert taken(monkeypatch, cell, wide) == "staged"
        assert taken(monkeypatch, cell, wide, lengths=lengths, starts=starts, reverse=True) == "staged"
        assert taken(monkeypatch, cell, narrow, lengths=lengths) == "staged"
        assert taken(monkeypatch, cell, wide, taps=Tap()) == "scan"
        assert taken(monkeypatch, cell, wide, remat_every=2) == "scan"
        assert taken(monkeypatch, cell, wide.astype(int)) == "scan"
        assert taken(monkeypatch, cell, narrow, backend="scan") == "scan"
    assert taken(monkeypatch, CELLS["stacked"], jnp.zeros((TIME, BATCH, HIDDEN))) == "scan"
    assert taken(monkeypatch, CELLS["window"], narrow) == "over_time"
    assert taken(monkeypatch, CELLS["convolution"], wide, lengths=lengths, starts=starts) == "over_time"
    assert taken(monkeypatch, CELLS["window"], wide, taps=Tap()) == "scan"
    assert taken(monkeypatch, CELLS["window"], wide, backend="scan") == "scan"


@pytest.mark.parametrize(
    "name, backend", [("window", "over_time"), ("window", "scan"), ("lstm", "scan"), ("stacked", "scan")]
)
def test_a_batch_without_lengths_is_its_sequences_one_by_one(name, backend, x64):
    cell = CELLS[name]
    case = random_batch(cell)
    starts = jnp.asarray(STARTS[2])
    found = compiled(partial(run, cell, starts=starts, backend=backend))(*case)
    assert_close(found, compiled(one_by_one(cell, starts))(*case))


@pytest.mark.parametrize("name", ["lstm", "window", "stacked"])
def test_without_a_state_every_sequence_begins_at_the_initial_one(name, x64):
    cell = CELLS[name]
    params, inputs, state = random_batch(cell)
    first = jax.tree.map(lambda leaf, zero: jnp.broadcast_to(zero, leaf.shape), state, cell.initial_state())
    assert_close(run(cell, params, inputs), one_by_one(cell, None)(params, inputs, first))


def test_remat_changes_neither_values_nor_gradients(x64):
    cell = CELLS["lstm"]
    case = random_batch(cell)
    plain, remat = (
        compiled(with_gradients(partial(run, cell, lengths=jnp.array(LENGTHS[0]), remat_every=every, backend="scan")))
        for every in (0, 4)
    )
    assert_close(remat(*case), plain(*case))


def test_refusals():
    cell, inputs = CELLS["lstm"], jnp.zeros((TIME, BATCH, INPUT))
    for wrong in (inputs[0], inputs[None]):
        with pytest.raises(ValueError, match=r"inputs must be \[time, batch, features\], not shape"):
            run(cell, {}, wrong)
    for wrong in ((), [inputs, inputs[1:]], [inputs, inputs[:, 1:]], [jnp.zeros(TIME)]):
        with pytest.raises(ValueError, match="one time and one batch, leading in each array"):
            run(cell, {}, wrong)
    with pytest.raises(ValueError, match=r"lengths must be \[batch\], shape \(4,\), not \(3,\)"):
        run(cell, {}, inputs, lengths=jnp.zeros(3, int))
    with pytest.raises(ValueError, match=r"starts must be \[time, batch\], shape \(6, 4\), not \(4, 6\)"):
        run(cell, {}, inputs, starts=jnp.zeros((BATCH, TIME), bool))
    with pytest.raises(ValueError, match="remat_every must be 0 or more, not -1"):
        run(cell, {}, inputs, remat_every=-1)
    for name, near in (("stagged", "staged"), ("atuo", "auto"), ("over time", "over_time")):
        with pytest.raises(ValueError, match=f"unknown backend '{name}'; did you mean '{near}'"):
            run(cell, {}, inputs, backend=name)
    for backend, options, reason in [
        ("staged", {"remat_every": 2}, "it keeps every step's values"),
        ("over_time", {}, "the cell cannot read a sequence at once"),
    ]:
        with pytest.raises(ValueError, match=f"backend '{backend}' does not fit: {reason}"):
            run(cell, {}, inputs, backend=backend, **options)
    with pytest.raises(ValueError, match="backend 'staged' does not fit: inputs must be real numbers, not int32"):
        run(cell, {}, inputs.astype("int32"), backend="staged")


def test_both_are_names_of_the_package():
    assert rr.run is run and rr.BACKENDS is BACKENDS
