"""A cell over time: against the plain Python loop, the contract on padding, direction, rematerialisation."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads

from rnn_research.cells import Cell, Tap, elman, gru, lstm, output_size, residual, restarting, stacked, tapped
from rnn_research.recurrence import bidirectional, unroll, unroll_batch

INPUT, HIDDEN, TIME = 3, 4, 6

CELLS = {
    "elman": elman(HIDDEN),
    "lstm": lstm(HIDDEN),
    "gru": gru(HIDDEN),
    "gru_reset_before": gru(HIDDEN, reset_after=False),
    "stacked": stacked(lstm(HIDDEN), gru(2)),
    "residual": stacked(elman(HIDDEN), residual(lstm(HIDDEN))),
}
every_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
# Every cell one way; the rest of what is crossed, on a stack, whose state is a tuple of two kinds.
every_cell_and_a_stack_reversed = pytest.mark.parametrize(
    "cell, reverse", [*((cell, False) for cell in CELLS.values()), (CELLS["stacked"], True)], ids=[*CELLS, "reverse"]
)
both_directions = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


def randomised(tree, seed):
    """Random numbers in the place of every leaf, biases and states too."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape, scale=0.7)), tree)


def random_case(cell, time=TIME, inputs=INPUT):
    """Params, inputs and first state."""
    params = jax.eval_shape(lambda key: cell.init(key, inputs), jax.random.key(0))
    trees = params, jnp.zeros((time, inputs)), cell.initial_state()
    return tuple(randomised(tree, seed) for seed, tree in enumerate(trees))


def by_hand(cell, params, inputs, state, length, reverse=False):
    """The contract: only the steps within the length are taken; every other output is zero."""
    outputs = [jnp.zeros(output_size(cell, inputs.shape[1]))] * len(inputs)
    for t in reversed(range(length)) if reverse else range(length):
        state, outputs[t] = cell.step(params, state, inputs[t])
    return state, jnp.stack(outputs)


def turned(sequence, length):
    """The first ``length`` entries in the opposite order."""
    return jnp.concatenate([sequence[:length][::-1], sequence[length:]])


def with_gradients(run):
    """``f(params, inputs, state, ...) -> (results, gradients)`` of an objective that weighs every result."""

    def objective(params, inputs, state, *rest):
        results = run(params, inputs, state, *rest)
        weighted = jax.tree.map(lambda result, weight: (result * weight).sum(), results, randomised(results, 99))
        return sum(jax.tree.leaves(weighted)), results

    def both(*args):
        gradients, results = jax.grad(objective, argnums=(0, 1, 2), has_aux=True)(*args)
        return results, gradients

    return both


def assert_close(actual, expected, tolerance=1e-10):
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for a, e in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, e, rtol=tolerance, atol=tolerance)


def assert_same_bits(actual, expected):
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    for a, e in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(e).tobytes()


@every_cell
@both_directions
def test_scan_and_loop_are_the_loop_by_hand(cell, reverse, x64):
    case = random_case(cell)

    def run(method, params, inputs, state, length):
        return unroll(cell, params, inputs, state, length=length, reverse=reverse, method=method)

    scan, loop = jax.jit(with_gradients(partial(run, "scan"))), with_gradients(partial(run, "loop"))
    for length in (0, 1, 4, TIME):
        expected = with_gradients(lambda *args, n=length: by_hand(cell, *args, n, reverse))(*case)
        assert_close(scan(*case, length), expected)
        assert_close(loop(*case, length), expected)


@every_cell
@both_directions
def test_without_a_length_every_step_counts(cell, reverse, x64):
    params, inputs, state = random_case(cell)
    expected = by_hand(cell, params, inputs, state, TIME, reverse)
    for method in ("scan", "loop"):
        assert_close(unroll(cell, params, inputs, state, reverse=reverse, method=method), expected)
    expected = by_hand(cell, params, inputs, cell.initial_state(), TIME, reverse)
    assert_close(unroll(cell, params, inputs, reverse=reverse), expected)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(sorted(CELLS)),
    time=st.integers(0, 9),
    features=st.integers(1, 5),
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=3),
    reverse=st.booleans(),
    remat_every=st.integers(0, 10),
)
def test_any_shape(name, time, features, lengths, reverse, remat_every):
    cell = CELLS[name]
    params, inputs, state = random_case(cell, max(time, 1), features)
    inputs = inputs[:time]
    run = jax.jit(
        lambda length: unroll(cell, params, inputs, state, length=length, reverse=reverse, remat_every=remat_every)
    )
    for length in lengths:
        length = min(length, time)
        final, outputs = run(length)
        assert outputs.shape == (time, output_size(cell, features))
        if time:
            assert_close((final, outputs), by_hand(cell, params, inputs, state, length, reverse), 2e-5)
        else:
            assert_same_bits(final, state)


@every_cell
def test_reverse_is_the_valid_part_turned_round(cell, x64):
    params, inputs, state = random_case(cell)
    run = jax.jit(lambda inputs, length: unroll(cell, params, inputs, state, length=length))
    backwards = jax.jit(lambda inputs, length: unroll(cell, params, inputs, state, length=length, reverse=True))
    for length in (1, 4, TIME):
        final, outputs = run(turned(inputs, length), length)
        assert_close(backwards(inputs, length), (final, turned(outputs, length)))


@pytest.mark.parametrize("options", [{}, {"method": "loop"}, {"remat_every": 4}], ids=str)
def test_bidirectional_joins_a_forward_and_a_turned_round_unroll(options, x64):
    ahead, behind = lstm(3), gru(5)
    params = randomised((ahead.init(jax.random.key(0), INPUT), behind.init(jax.random.key(0), INPUT)), 0)
    inputs = randomised(jnp.zeros((TIME, INPUT)), 1)
    run = jax.jit(lambda length: bidirectional(ahead, behind, params, inputs, length=length, **options))
    for length in (None, 0, 1, 4):
        count = TIME if length is None else length
        state_ahead, outputs_ahead = by_hand(ahead, params[0], inputs, ahead.initial_state(), count)
        state_behind, outputs_behind = by_hand(behind, params[1], turned(inputs, count), behind.initial_state(), count)
        outputs = jnp.concatenate([outputs_ahead, turned(outputs_behind, count)], axis=1)
        assert_close(run(length), ((state_ahead, state_behind), outputs))


# A batch at once.

BATCH = 3
PRODUCTS = {
    "tanh": elman(HIDDEN),
    "relu": elman(HIDDEN, activation="relu"),
    "lstm": lstm(HIDDEN),
    "gru": gru(HIDDEN),
}
every_cell_of_products = pytest.mark.parametrize("cell", PRODUCTS.values(), ids=PRODUCTS)


def random_batch(cell, time=TIME):
    params, _, _ = random_case(cell)
    state = jax.tree.map(lambda leaf: jnp.zeros((BATCH, *leaf.shape)), cell.initial_state())
    return params, randomised(jnp.zeros((time, BATCH, INPUT)), 5), randomised(state, 6)


def one_by_one(cell, starts, reverse=False):
    """Every sequence of the batch by itself, step after step."""

    def run(params, inputs, state):
        if starts is None:
            one = partial(unroll, cell, params, reverse=reverse)
            return jax.vmap(one, in_axes=(1, 0), out_axes=(0, 1))(inputs, state)
        one = partial(unroll, restarting(cell), params, reverse=reverse)
        return jax.vmap(one, in_axes=(1, 0), out_axes=(0, 1))((inputs, starts), state)

    return run


@every_cell_of_products
@both_directions
@pytest.mark.parametrize("documents", [False, True], ids=["one", "documents"])
def test_a_batch_at_once_is_its_sequences_one_by_one(cell, reverse, documents, x64):
    case = random_batch(cell)
    starts = jnp.zeros((TIME, BATCH), bool).at[0, 1].set(True).at[3, 1:].set(True) if documents else None
    together = partial(unroll_batch, cell, starts=starts, reverse=reverse)
    expected = jax.jit(with_gradients(one_by_one(cell, starts, reverse)))(*case)
    assert_close(jax.jit(with_gradients(together))(*case), expected)


@every_cell_of_products
def test_a_batch_at_once_has_the_same_second_derivatives(cell, x64):
    def sharpness(run):
        def norm(params, inputs, state):
            gradient = jax.grad(lambda p: (run(p, inputs, state)[1] ** 2).sum())(params)
            return sum((leaf**2).sum() for leaf in jax.tree.leaves(gradient))

        return jax.jit(jax.grad(norm))

    case = random_batch(cell)
    assert_close(sharpness(partial(unroll_batch, cell))(*case), sharpness(one_by_one(cell, None))(*case))


def test_a_batch_of_trials_at_once(x64):
    """What an accelerator does: trials side by side, each with params of its own."""
    cell = lstm(HIDDEN)
    params, inputs, state = random_batch(cell)
    trials = jax.tree.map(lambda leaf: jnp.stack([leaf, 0.5 * leaf]), params)
    over = partial(jax.vmap, in_axes=(0, None, None))
    together, apart = (
        over(with_gradients(run))(trials, inputs, state)
        for run in (partial(unroll_batch, cell), one_by_one(cell, None))
    )
    assert_close(together, apart)


def test_a_batch_of_no_steps():
    cell = lstm(HIDDEN)
    params, inputs, state = random_batch(cell)
    final, outputs = unroll_batch(cell, params, inputs[:0], state)
    assert_same_bits(final, state)
    assert outputs.shape == (0, BATCH, HIDDEN)


@pytest.mark.parametrize("name", ["gru_reset_before", "stacked", "another step"])
def test_a_cell_that_is_not_made_of_two_products_is_refused(name):
    plain = lstm(HIDDEN)
    cell = CELLS.get(name) or plain._replace(step=lambda *args: plain.step(*args))
    with pytest.raises(ValueError, match="not made of two products"):
        unroll_batch(cell, {}, jnp.zeros((TIME, BATCH, INPUT)), None)


# Padding.


def padded(inputs, time, filler):
    rest = np.full((len(inputs), time - inputs.shape[1], inputs.shape[2]), filler, inputs.dtype)
    return jnp.concatenate([inputs, rest], axis=1)


@every_cell_and_a_stack_reversed
def test_longer_padding_changes_no_bit(cell, reverse):
    params, _, state = random_case(cell)
    inputs = randomised(jnp.zeros((3, 5, INPUT)), 4)

    @jax.jit
    @partial(jax.vmap, in_axes=(None, 0, None, 0))
    def run(params, inputs, state, length):
        return unroll(cell, params, inputs, state, length=length, reverse=reverse)

    for time in (1, 5):
        lengths = jnp.array([time, 1, 0])
        final, outputs = run(params, inputs[:, :time], state, lengths)
        for b, length in enumerate(lengths):
            assert np.all(outputs[b, :length] != 0) and np.all(outputs[b, length:] == 0)
        for longer, filler in [(5, 0.0), (17, 0.0), (17, 1e30), (17, np.nan), (17, -np.inf)]:
            same_final, same_outputs = run(params, padded(inputs[:, :time], longer, filler), state, lengths)
            assert_same_bits((same_final, same_outputs[:, :time]), (final, outputs))
            assert not np.any(same_outputs[:, time:])


def test_longer_padding_changes_no_bit_of_a_bidirectional_unroll():
    cell = lstm(HIDDEN)
    params = randomised((cell.init(jax.random.key(0), INPUT),) * 2, 0)
    inputs, lengths = randomised(jnp.zeros((2, 5, INPUT)), 4), jnp.array([5, 3])

    @jax.jit
    @partial(jax.vmap, in_axes=(None, 0, 0))
    def run(params, inputs, length):
        return bidirectional(cell, cell, params, inputs, length=length)

    states, outputs = run(params, inputs, lengths)
    longer_states, longer_outputs = run(params, padded(inputs, 12, np.nan), lengths)
    assert_same_bits((longer_states, longer_outputs[:, :5]), (states, outputs))
    assert not np.any(longer_outputs[:, 5:])


@every_cell_and_a_stack_reversed
def test_garbage_in_the_padding_does_not_reach_the_gradients(cell, reverse, x64):
    params, inputs, state = random_case(cell)
    length = 3
    run = jax.jit(with_gradients(partial(unroll, cell, length=length, reverse=reverse, remat_every=4 * reverse)))

    clean = run(params, inputs.at[length:].set(0), state)
    for garbage in (np.nan, np.inf, 1e300):
        results, (by_params, by_inputs, by_state) = run(params, inputs.at[length:].set(garbage), state)
        assert_close((results, (by_params, by_inputs, by_state)), clean, 1e-12)
        assert np.all(by_inputs[length:] == 0) and np.all(by_inputs[:length] != 0)


# Rematerialisation.


@both_directions
@pytest.mark.parametrize("name, remat_every", [("gru", 1), ("lstm", 2), ("elman", 4), ("elman", 6), ("elman", 9)])
def test_remat_changes_neither_values_nor_gradients(name, reverse, remat_every, x64):
    cell = CELLS[name]
    case = random_case(cell)

    def run(every, params, inputs, state, length):
        return unroll(cell, params, inputs, state, length=length, reverse=reverse, remat_every=every)

    remat, plain = (jax.jit(with_gradients(partial(run, every))) for every in (remat_every, 0))
    for length in (0, 5, TIME):
        assert_close(remat(*case, length), plain(*case, length))
    assert_close(unroll(cell, *case, reverse=reverse, remat_every=remat_every), plain(*case, TIME)[0])


def test_remat_keeps_less_for_the_backward_pass():
    cell = lstm(8)
    params, inputs, _ = random_case(cell, time=256)

    def kept(remat_every):
        _, backward = jax.vjp(lambda p: unroll(cell, p, inputs, remat_every=remat_every)[1], params)
        return sum(leaf.size for leaf in jax.tree.leaves(backward))

    assert kept(16) < kept(0) / 2


# Trees of inputs and outputs.

EVERY_WAY = [{}, {"method": "loop"}, {"remat_every": 4}, {"remat_every": 9}, {"method": "loop", "remat_every": 1}]


def of_pairs(cell):
    """A cell that reads ``{"left": [2], "right": [1, ...]}`` and gives its state beside its output."""

    def step(params, state, x):
        state, output = cell.step(params, state, jnp.concatenate([x["left"], jnp.ravel(x["right"])]))
        return state, (state, {"output": output})

    return Cell(cell.init, cell.initial_state, step)


@both_directions
@pytest.mark.parametrize("options", EVERY_WAY, ids=str)
def test_inputs_and_outputs_may_be_trees(options, reverse, x64):
    cell = lstm(HIDDEN)
    params, inputs, first = random_case(cell)
    pairs = {"left": inputs[:, :2], "right": inputs[:, 2:, None, None]}
    run = jax.jit(partial(unroll, of_pairs(cell), reverse=reverse, **options))
    for length in (None, 0, 1, 4, TIME):
        count = TIME if length is None else length
        final, (states, outputs) = run(params, pairs, first, length=length)
        assert_close((final, outputs["output"]), by_hand(cell, params, inputs, first, count, reverse))
        assert_close(states.hidden, outputs["output"])
        assert not np.any(states.cell[count:])
        if count:
            assert_close(states.cell[0 if reverse else count - 1], final.cell)


def test_garbage_in_the_padding_of_a_tree_reaches_nothing(x64):
    cell = lstm(HIDDEN)
    params, inputs, first = random_case(cell)

    def run(params, inputs, first):
        pairs = {"left": inputs[:, :2], "right": inputs[:, 2:]}
        return unroll(of_pairs(cell), params, pairs, first, length=3)

    run = jax.jit(with_gradients(run))
    clean = run(params, inputs.at[3:].set(0), first)
    for garbage in (np.nan, np.inf):
        assert_close(run(params, inputs.at[3:].set(garbage), first), clean, 1e-12)


def test_whole_numbers_stay_whole_in_a_tree_of_inputs():
    seen = []

    def step(params, state, x):
        seen.append(x["token"].dtype)
        return state, x["token"]

    count = Cell(lambda key, size: {}, lambda: jnp.zeros(()), step)
    _, outputs = unroll(count, {}, {"token": jnp.arange(1, 5)}, length=2)
    assert set(seen) == {jnp.dtype("int32")}
    np.testing.assert_array_equal(outputs, [1, 2, 0, 0])


@pytest.mark.parametrize(
    "inputs",
    [(), {"a": None}, {"a": jnp.zeros(())}, {"a": jnp.zeros((3, 2)), "b": jnp.zeros((4, 2))}, [1.0, 2.0]],
    ids=["empty", "none", "no_time", "two_times", "numbers"],
)
def test_a_tree_of_inputs_has_one_time(inputs):
    with pytest.raises(ValueError, match="one time, leading in each array"):
        unroll(elman(HIDDEN), {}, inputs)


# Nudges.


def zeros_over_time(tree, time=TIME):
    return jax.tree.map(lambda leaf: jnp.zeros((time, *leaf.shape), leaf.dtype), tree)


def only_bias(params):
    if isinstance(params, dict):
        return {"bias": params["bias"]}
    return tuple(map(only_bias, params))


def zero_nudges(cell, params):
    return zeros_over_time(Tap(cell.initial_state(), only_bias(params)))


@every_cell
def test_nudges_of_zero_change_nothing(cell):
    params, inputs, first = random_case(cell)
    taps = zero_nudges(cell, params)
    every_one = (taps, taps._replace(bias=None), taps._replace(state=None), Tap())
    run = jax.jit(partial(unroll, tapped(cell)))
    expected = jax.jit(partial(unroll, cell))(params, inputs, first, length=4)
    for some in every_one if cell is CELLS["lstm"] else every_one[:1]:
        assert_close(run(params, (inputs, some), first, length=4), expected, 1e-6)
    assert_close(tapped(cell).init(jax.random.key(0), INPUT), cell.init(jax.random.key(0), INPUT), 0)


@every_cell
@both_directions
def test_nudges_are_added_to_the_state_and_to_the_bias_of_one_step(cell, reverse, x64):
    params, inputs, first = random_case(cell)
    taps = randomised(zero_nudges(cell, params), 5)
    run = jax.jit(partial(unroll, tapped(cell), reverse=reverse))

    def plus(params, bias):
        if isinstance(params, dict):
            return {name: leaf + bias[name] if name in bias else leaf for name, leaf in params.items()}
        return tuple(plus(layer, change) for layer, change in zip(params, bias))

    for length in (4, TIME):
        state, outputs = first, []
        order = list(range(length))[:: -1 if reverse else 1]
        for t in order:
            tap = jax.tree.map(lambda a, t=t: a[t], taps)
            state = jax.tree.map(jnp.add, state, tap.state)
            state, output = cell.step(plus(params, tap.bias), state, inputs[t])
            outputs.append(output)
        final, found = run(params, (inputs, taps), first, length=length)
        assert_close(final, state)
        assert_close(found[np.array(order)], jnp.stack(outputs))


@pytest.mark.parametrize("name", ["lstm", "gru_reset_before", "stacked"])
def test_the_gradient_by_nudges_agrees_with_finite_differences(name, x64):
    cell = CELLS[name]
    params, inputs, first = random_case(cell, time=4)
    taps = zeros_over_time(Tap(cell.initial_state(), only_bias(params)), 4)
    run = jax.jit(lambda taps: unroll(tapped(cell), params, (inputs, taps), first, length=3))
    check_grads(run, (taps,), order=1, modes=("fwd", "rev"))


@every_cell
def test_the_gradient_by_a_state_is_the_error_that_reaches_it(cell, x64):
    """Of a loss on the steps from t on, by the state that step t reads: the sequence cut in two."""
    params, inputs, first = random_case(cell)
    length = TIME - 1
    weights = randomised(jnp.zeros((TIME, output_size(cell, INPUT))), 7)

    def loss(taps):
        return (unroll(tapped(cell), params, (inputs, Tap(taps)), first, length=length)[1] * weights).sum()

    errors = jax.jit(jax.grad(loss))(zeros_over_time(cell.initial_state()))
    state = first
    for t in range(length):
        rest = jax.grad(lambda s, t=t: (by_hand(cell, params, inputs[t:], s, length - t)[1] * weights[t:]).sum())(state)
        assert_close(jax.tree.map(lambda a, t=t: a[t], errors), rest)
        assert all(np.abs(leaf).max() > 1e-6 for leaf in jax.tree.leaves(rest))
        state = cell.step(params, state, inputs[t])[0]
    assert not any(np.any(leaf[length:]) for leaf in jax.tree.leaves(errors))  # padding


def test_the_gradient_by_a_bias_is_that_by_the_pre_activations(x64):
    """Elman's, by the equations: δ_t = (1 − h_t²) ⊙ (∂L/∂h_t + U δ_{t+1})."""
    cell = elman(HIDDEN)
    params, inputs, first = random_case(cell)
    weights = np.asarray(randomised(jnp.zeros((TIME, HIDDEN)), 7))

    def loss(bias):
        return (unroll(tapped(cell), params, (inputs, Tap(None, {"bias": bias})), first)[1] * weights).sum()

    deltas = jax.grad(loss)(jnp.zeros((TIME, HIDDEN)))
    h = np.asarray(unroll(cell, params, inputs, first)[1])
    delta = np.zeros(HIDDEN)
    for t in reversed(range(TIME)):
        delta = (1 - h[t] ** 2) * (weights[t] + np.asarray(params["recurrent_kernel"]) @ delta)
        np.testing.assert_allclose(deltas[t], delta, rtol=1e-10, atol=1e-12)


def test_a_layer_of_a_stack_may_be_left_as_it_is(x64):
    cell = stacked(lstm(HIDDEN), gru(2))
    params, inputs, first = random_case(cell)
    bias = randomised(jnp.zeros((TIME, 6)), 3)
    some = unroll(tapped(cell), params, (inputs, Tap(None, (None, {"bias": bias}))), first)
    every = unroll(tapped(cell), params, (inputs, Tap(None, ({"bias": jnp.zeros((TIME, 16))}, {"bias": bias}))), first)
    assert_close(some, every)


def test_a_nudge_that_does_not_fit_is_refused():
    cell = tapped(elman(HIDDEN))
    params, inputs, _ = random_case(elman(HIDDEN))
    with pytest.raises(KeyError, match="bais"):
        unroll(cell, params, (inputs, Tap(None, {"bais": jnp.zeros((TIME, HIDDEN))})))
    with pytest.raises(ValueError):
        unroll(cell, params, (inputs, Tap(zeros_over_time(lstm(HIDDEN).initial_state()))))


# Batches, causality, refusals.


@every_cell
def test_vmap_over_a_batch_is_each_example_on_its_own(cell, x64):
    params, _, _ = random_case(cell)
    inputs = randomised(jnp.zeros((4, TIME, INPUT)), 8)
    lengths = jnp.array([0, 1, 4, TIME])
    run = jax.jit(lambda inputs, length: unroll(cell, params, inputs, length=length))
    batch = jax.vmap(run)(inputs, lengths)
    for b, length in enumerate(lengths):
        assert_close(jax.tree.map(lambda a, b=b: a[b], batch), run(inputs[b], length))


@every_cell
@both_directions
def test_an_output_depends_on_what_was_read_and_on_nothing_else(cell, reverse):
    params, inputs, _ = random_case(cell)
    run = jax.jit(lambda x: unroll(cell, params, x, reverse=reverse)[1])
    before, after = run(inputs), run(inputs.at[3].add(1.0))
    unread = slice(4, None) if reverse else slice(0, 3)
    read = slice(0, 4) if reverse else slice(3, None)
    assert_same_bits(after[unread], before[unread])
    assert np.all(np.any(after[read] != before[read], axis=1))


def test_a_bidirectional_output_depends_on_every_step():
    cell = gru(HIDDEN)
    params = randomised((cell.init(jax.random.key(0), INPUT),) * 2, 0)
    inputs = randomised(jnp.zeros((TIME, INPUT)), 1)
    run = jax.jit(lambda inputs: bidirectional(cell, cell, params, inputs)[1])
    for t in range(TIME):
        assert np.all(np.any(run(inputs.at[t].add(1.0)) != run(inputs), axis=1))


def test_refusals():
    cell = elman(HIDDEN)
    params, inputs, _ = random_case(cell)
    for wrong in (inputs[0], inputs[None]):
        with pytest.raises(ValueError, match=r"must be \[time, features\]"):
            unroll(cell, params, wrong)
    with pytest.raises(ValueError, match="unknown method 'scam'; did you mean 'scan'"):
        unroll(cell, params, inputs, method="scam")
    with pytest.raises(ValueError, match="remat_every must be 0 or more"):
        unroll(cell, params, inputs, remat_every=-1)
