"""Causal cells without recurrence, and states that start again: equations in NumPy, conv1d in PyTorch, the loop."""

import inspect
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

import rnn_research as rr
from rnn_research.cells import (
    CELLS,
    Tap,
    WindowState,
    convolution,
    count_cell_parameters,
    elman,
    gru,
    lstm,
    output_size,
    residual,
    restarting,
    skip,
    stacked,
    tapped,
    window,
)
from rnn_research.recurrence import unroll
from tests.recurrence.test_recurrence import (
    assert_close,
    assert_same_bits,
    by_hand,
    random_case,
    randomised,
    with_gradients,
)

INPUT, HIDDEN = 3, 4


def relu(z):
    return np.maximum(z, 0)


# Each cell, and its layers: taps, dilation, activation, and whether the layer's input is added to its output.
FORMS = {
    "window": (window(HIDDEN, size=5), [(5, 1, np.tanh, False)]),
    "convolution": (
        convolution(HIDDEN, kernel=2, depth=3),
        [(2, 1, relu, False), (2, 2, relu, True), (2, 4, relu, True)],
    ),
    "three_taps": (
        convolution(HIDDEN, kernel=3, depth=2, activation="tanh"),
        [(3, 1, np.tanh, False), (3, 2, np.tanh, True)],
    ),
    "one_tap": (
        convolution(HIDDEN, kernel=1, depth=2, activation="linear"),
        [(1, 1, lambda z: z, False), (1, 2, lambda z: z, True)],
    ),
}
SEEN = {"window": 5, "convolution": 8, "three_taps": 7, "one_tap": 1}
every_form = pytest.mark.parametrize("form", FORMS)
both_kinds = pytest.mark.parametrize("form", ["window", "three_taps"])  # smooth, so that an error flows everywhere
both_directions = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


def layered(tree):
    """A tuple of layers, where there is one alone too."""
    return (tree,) if isinstance(tree, dict | WindowState) else tree


def by_equation(layers, params, state, inputs, starts):
    """Outputs and last pendings, term by term; time goes on past the end, to what is pending."""
    below, finals = np.asarray(inputs, np.float64), []
    for (taps, dilation, f, adds), weights, (pending,) in zip(layers, layered(params), layered(state), strict=True):
        kernel, bias = np.asarray(weights["input_kernel"], np.float64), np.asarray(weights["bias"], np.float64)
        width, time, reach = below.shape[1], len(below), (taps - 1) * dilation
        sums, begin = np.zeros((time + reach, len(bias))), None
        for t in range(time + reach):
            begin = t if t < time and starts[t] else begin
            if begin is None and t < reach:
                sums[t] += pending[t]
            for j in range(taps):
                if (begin or 0) <= t - j * dilation < time:
                    sums[t] += below[t - j * dilation] @ kernel[j * width : (j + 1) * width]
        finals.append(sums[time:])
        outputs = f(sums[:time] + bias)
        below = below + outputs if adds else outputs
    return finals, below


def starts_at(time, *places):
    return jnp.zeros(time, bool).at[jnp.array(places, int)].set(True)


def at_once(cell):
    assert cell.over_time is not None
    return cell.over_time


def step_by_step(cell):
    """What ``over_time`` must give, in the plain Python loop."""

    def run(params, state, inputs, starts):
        return unroll(restarting(cell), params, (inputs, starts), state, method="loop")

    return run


# The equations.


@pytest.mark.parametrize(
    "form, time", [*((form, 19) for form in FORMS), ("window", 1), ("window", 3), ("three_taps", 3)]
)
def test_both_ways_to_run_it_equal_the_equations_in_numpy(form, time, x64):
    cell, layers = FORMS[form]
    params, inputs, state = random_case(cell, time)
    rng = np.random.default_rng(time)
    for starts in (np.zeros(time, bool), np.arange(time) == 0, rng.random(time) < 0.2, rng.random(time) < 0.7):
        pendings, outputs = by_equation(layers, params, state, inputs, starts)
        for run in (jax.jit(at_once(cell)), step_by_step(cell)):
            final, found = run(params, state, inputs, starts)
            assert found.shape == (time, HIDDEN) and found.dtype == jnp.float64
            np.testing.assert_allclose(found, outputs, rtol=1e-11, atol=1e-12)
            for (pending,), expected in zip(layered(final), pendings, strict=True):
                np.testing.assert_allclose(pending, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("form, starts", [("window", np.zeros(0, bool)), ("one_tap", None)])
def test_no_steps_change_nothing(form, starts):
    cell, _ = FORMS[form]
    params, inputs, state = random_case(cell)
    final, outputs = jax.jit(at_once(cell))(params, state, inputs[:0], starts)
    assert_same_bits(final, state)
    assert outputs.shape == (0, HIDDEN)


@pytest.mark.parametrize("form, time", [("window", 1), ("window", 9), ("three_taps", 3)])
def test_the_gradient_at_once_is_the_loops(form, time, x64):
    cell, _ = FORMS[form]
    params, inputs, state = random_case(cell, time)
    whole, loop = (
        jax.jit(with_gradients(lambda p, x, s, starts, run=run: run(p, s, x, starts)))
        for run in (at_once(cell), step_by_step(cell))
    )
    for places in ((), (0,), (time // 2,), (time // 3, time // 3 + 1, time - 1)):
        starts = starts_at(time, *places)
        expected = loop(params, inputs, state, starts)
        assert_close(whole(params, inputs, state, starts), expected)
        assert all(np.all(layer["bias"] != 0) for layer in layered(expected[1][0]))


def test_gradients_agree_with_finite_differences_both_ways(x64):
    cell, _ = FORMS["window"]
    params, inputs, state = random_case(cell, 6)
    run = jax.jit(lambda p, s, x: at_once(cell)(p, s, x, starts_at(6, 3)))
    check_grads(run, (params, state, inputs), order=1, modes=("fwd", "rev"))


def test_single_precision_batches_and_seeds():
    """As training runs it: a batch of sequences, and parameters of several networks."""
    cell, layers = FORMS["convolution"]
    params, inputs, state = random_case(cell, 40)
    several = jax.tree.map(lambda leaf: jnp.stack([leaf, -leaf]), params)
    batch, starts = (
        jnp.stack([inputs, inputs[::-1], 2 * inputs]),
        jnp.stack([starts_at(40, k, 3 * k) for k in (0, 5, 9)]),
    )
    run = jax.vmap(jax.vmap(at_once(cell), (None, None, 0, 0)), (0, None, None, None))
    _, outputs = jax.jit(run)(several, state, batch, starts)
    assert outputs.dtype == jnp.float32
    for k in range(2):
        weights = jax.tree.map(lambda leaf, k=k: leaf[k], several)
        for b in range(3):
            _, expected = by_equation(layers, weights, state, batch[b], starts[b])
            np.testing.assert_allclose(outputs[k, b], expected, rtol=1e-4, atol=1e-3 * np.abs(expected).max())


# PyTorch.


@pytest.mark.parametrize("form", ["window", "convolution", "three_taps"])
def test_forward_and_gradient_equal_conv1d(form, x64):
    torch = pytest.importorskip("torch")
    cell, layers = FORMS[form]
    params, inputs, _ = random_case(cell, 13)
    functions = {np.tanh: torch.tanh, relu: torch.relu}

    y = x = torch.tensor(np.array(inputs).T[None], requires_grad=True)  # [1, channels, time]
    leaves = []
    for (taps, dilation, f, adds), layer in zip(layers, layered(params), strict=True):
        kernel = np.array(layer["input_kernel"]).reshape(taps, -1, HIDDEN)
        # [out, in, taps], the oldest tap first.
        weight = torch.tensor(kernel[::-1].transpose(2, 1, 0).copy(), requires_grad=True)
        bias = torch.tensor(np.array(layer["bias"]), requires_grad=True)
        leaves.append((weight, bias))
        padded = torch.nn.functional.pad(y, ((taps - 1) * dilation, 0))
        out = functions[f](torch.nn.functional.conv1d(padded, weight, bias, dilation=dilation))
        y = y + out if adds else out
    weights = randomised(jnp.zeros((13, HIDDEN)), 8)
    (y[0].T * torch.tensor(np.array(weights))).sum().backward()

    def objective(params, inputs):
        outputs = unroll(cell, params, inputs)[1]
        return (outputs * weights).sum(), outputs

    (by_params, by_inputs), outputs = jax.jit(jax.grad(objective, (0, 1), has_aux=True))(params, inputs)
    np.testing.assert_allclose(outputs, y[0].T.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(by_inputs, x.grad[0].T.numpy(), rtol=1e-10, atol=1e-12)
    for (weight, bias), layer in zip(leaves, layered(by_params), strict=True):
        theirs = weight.grad.numpy().transpose(2, 1, 0)[::-1].reshape(-1, HIDDEN)
        np.testing.assert_allclose(layer["input_kernel"], theirs, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(layer["bias"], bias.grad.numpy(), rtol=1e-10, atol=1e-12)


# What a step sees.


@every_form
def test_an_input_is_seen_from_its_step_on_and_for_so_many_steps(form, x64):
    """Those outputs change, and no bit of any other. All weights and inputs are positive, so that none cancel."""
    cell, _ = FORMS[form]
    time, at, seen = 24, 7, SEEN[form]
    params, inputs, state = jax.tree.map(jnp.abs, random_case(cell, time))
    inputs = 0.01 * inputs  # where tanh is not flat
    run = jax.jit(lambda x: at_once(cell)(params, state, x)[1])
    changes = np.any(np.asarray(run(inputs) != run(inputs.at[at].add(0.01))), axis=1)
    np.testing.assert_array_equal(changes, (np.arange(time) >= at) & (np.arange(time) < at + seen))


def test_the_state_has_a_row_for_every_earlier_step_that_is_seen():
    sizes = [(FORMS[form][0], SEEN[form]) for form in FORMS]
    for cell, seen in [*sizes, (convolution(2), 32), (convolution(2, kernel=3, depth=4), 31), (window(2), 8)]:
        rows = sum(leaf.shape[0] for leaf in jax.tree.leaves(jax.eval_shape(cell.initial_state)))
        assert rows == seen - 1


@both_kinds
def test_parts_of_a_sequence_are_the_whole(form, x64):
    cell, _ = FORMS[form]
    params, inputs, state = random_case(cell, 15)
    run = jax.jit(at_once(cell))
    for part, starts in [(5, starts_at(15, 2, 10)), (3, starts_at(15))]:
        expected = run(params, state, inputs, starts)
        carried, outputs = state, []
        for k in range(0, 15, part):
            carried, some = run(params, carried, inputs[k : k + part], starts[k : k + part])
            outputs.append(some)
        assert_close((carried, jnp.concatenate(outputs)), expected, 1e-12)


def test_what_a_start_cuts_off_may_be_anything(x64):
    cell, _ = FORMS["three_taps"]
    params, inputs, state = random_case(cell, 9)
    run = jax.jit(lambda state, inputs: at_once(cell)(params, state, inputs, starts_at(9, 5)))
    clean = run(state, inputs)
    for garbage in (np.nan, np.inf):
        dirty = jax.tree.map(lambda leaf, g=garbage: jnp.full_like(leaf, g), state)
        final, outputs = run(dirty, inputs.at[:5].set(garbage))
        assert_close((final, outputs[5:]), (clean[0], clean[1][5:]), 1e-12)


# Through ``unroll``.


@both_kinds
@both_directions
def test_unroll_reads_at_once_what_the_loop_reads_step_by_step(form, reverse, x64):
    cell, _ = FORMS[form]
    params, inputs, state = random_case(cell, 9)
    expected = by_hand(cell, params, inputs, state, 9, reverse)
    assert_close(unroll(cell, params, inputs, state, reverse=reverse), expected)
    run = partial(unroll, restarting(cell), params, (inputs, starts_at(9, 3, 4, 8)), reverse=reverse)
    assert_close(run(), run(method="loop"))


def test_unroll_takes_the_way_that_it_says():
    taken = []

    def over_time(params, state, inputs, starts=None):
        taken.append("at once")
        return at_once(plain)(params, state, inputs, starts)

    def step(params, state, x):
        taken.append("step")
        return plain.step(params, state, x)

    plain = window(HIDDEN, size=3)
    cell = plain._replace(step=step, over_time=over_time)
    params, inputs, state = random_case(cell)
    for options, way in [
        ({}, "at once"),
        ({"reverse": True}, "at once"),
        ({"remat_every": 2}, "at once"),
        ({"length": 4}, "step"),
        ({"method": "loop"}, "step"),
    ]:
        taken.clear()
        jax.eval_shape(partial(unroll, cell, **options), params, inputs, state)
        assert set(taken) == {way}
    with pytest.raises(ValueError, match="unknown method"):
        unroll(cell, params, inputs, state, method="at once")


@pytest.mark.parametrize("form, reverse", [("window", False), ("three_taps", True)])
def test_the_contract_on_padding(form, reverse, x64):
    cell, _ = FORMS[form]
    params, inputs, state = random_case(cell, 7)
    run = jax.jit(with_gradients(lambda p, x, s, n: unroll(cell, p, x, s, length=n, reverse=reverse)))
    for length in (0, 1, 4, 7):
        (final, outputs), gradients = run(params, inputs, state, length)
        assert_close((final, outputs), by_hand(cell, params, inputs, state, length, reverse))
        assert not np.any(outputs[length:]) and not np.any(gradients[1][length:])
        for garbage in (np.nan, 1e300):
            dirty = run(params, inputs.at[length:].set(garbage), state, length)
            assert_close(dirty, ((final, outputs), gradients), 1e-12)
    longer = jax.jit(lambda x, n: unroll(cell, params, x, state, length=n, reverse=reverse))
    final, outputs = longer(inputs, 4)
    same_final, same_outputs = longer(jnp.pad(inputs, ((0, 6), (0, 0)), constant_values=np.nan), 4)
    assert_same_bits((same_final, same_outputs[:7]), (final, outputs))


def test_which_cells_read_a_sequence_at_once():
    plain, conv = lstm(INPUT), window(INPUT)
    for cell in (
        conv,
        convolution(INPUT),
        stacked(conv, conv),
        residual(conv),
        restarting(stacked(conv, residual(conv))),
    ):
        assert cell.over_time is not None
    for cell in (plain, stacked(conv, plain), residual(plain), skip(conv, every=2), tapped(conv), restarting(plain)):
        assert cell.over_time is None


@both_kinds
def test_within_the_cells_that_go_step_by_step(form, x64):
    """A skip longer than the sequence changes nothing; the gradient by taps of the bias adds up to the bias's."""
    cell, _ = FORMS[form]
    params, inputs, state = random_case(cell, 9)
    skipping = skip(cell, every=9)
    _, outputs = unroll(skipping, params, inputs, skipping.initial_state()._replace(inner=state))
    assert_close(outputs, at_once(cell)(params, state, inputs)[1])

    def loss(params, biases):
        taps = [{"bias": bias} for bias in biases]
        tap = Tap(None, taps[0] if isinstance(params, dict) else tuple(taps))
        return (unroll(tapped(cell), params, (inputs, tap), state)[1] ** 2).sum()

    by_step = jax.jit(jax.grad(loss, 1))(params, [jnp.zeros((9, HIDDEN)) for _ in layered(params)])
    whole = jax.jit(jax.grad(lambda p: (unroll(cell, p, inputs, state)[1] ** 2).sum()))(params)
    assert_close([leaf.sum(axis=0) for leaf in by_step], [layer["bias"] for layer in layered(whole)])


# Documents.

DOCUMENTS = (3, 1, 2)  # steps each
RESTARTED = {
    "elman": elman(HIDDEN),
    "lstm": lstm(HIDDEN),
    "gru": gru(HIDDEN),
    "window": window(HIDDEN, size=4),
    "convolution": convolution(HIDDEN, kernel=2, depth=2, activation="tanh"),
    "skip": skip(elman(HIDDEN), every=2),
}


def first_steps(reverse):
    """Where a document begins, but for the one read first, which goes on from the state it is given."""
    ends = np.cumsum(DOCUMENTS)[:-1]
    return starts_at(sum(DOCUMENTS), *(ends - 1 if reverse else ends))


def one_by_one(cell, reverse):
    """Each document run by itself; the outputs side by side, and the last state."""

    def run(params, inputs, state):
        parts = np.split(np.arange(sum(DOCUMENTS)), np.cumsum(DOCUMENTS)[:-1])
        outputs, final = [jnp.zeros(0)] * len(parts), None
        for k in reversed(range(len(parts))) if reverse else range(len(parts)):
            final, outputs[k] = by_hand(cell, params, inputs[parts[k]], state, len(parts[k]), reverse)
            state = cell.initial_state()
        return final, jnp.concatenate(outputs)

    return run


@pytest.mark.parametrize(
    "name, reverse", [*((name, False) for name in RESTARTED), ("lstm", True), ("window", True)], ids=str
)
def test_documents_in_one_sequence_are_documents_run_by_themselves(name, reverse, x64):
    cell, starts = RESTARTED[name], first_steps(reverse)
    params, inputs, state = random_case(cell, sum(DOCUMENTS))
    if name == "skip":
        state = state._replace(count=jnp.ones(()))
    expected = jax.jit(with_gradients(one_by_one(cell, reverse)))(params, inputs, state)

    def run(params, inputs, state):
        return unroll(restarting(cell), params, (inputs, starts), state, reverse=reverse)

    assert_close(jax.jit(with_gradients(run))(params, inputs, state), expected)


@pytest.mark.parametrize("name", ["lstm", "window"])
def test_padding_after_documents_is_padding(name, x64):
    cell = RESTARTED[name]
    params, inputs, state = random_case(cell, 9)
    run = jax.jit(with_gradients(lambda p, x, s, f: unroll(restarting(cell), p, (x, f), s, length=6)))
    expected = run(params, inputs, state, starts_at(9, 3))
    dirty = run(params, inputs.at[6:].set(np.nan), state, starts_at(9, 3, 6, 8))
    assert_close(dirty, expected, 1e-12)
    assert not np.any(expected[0][1][6:])


def test_a_start_is_a_truth_value_in_a_padded_sequence_too():
    seen = []

    def step(params, state, x_start):
        seen.append(x_start[1].dtype)
        return state, x_start[0]

    cell = lstm(HIDDEN)._replace(step=step)
    jax.eval_shape(lambda xs: unroll(cell, {}, xs, length=2), (jnp.zeros((3, INPUT)), starts_at(3, 1)))
    assert set(seen) == {jnp.dtype(bool)}


@pytest.mark.parametrize("name", ["lstm", "window"])
def test_no_error_passes_a_start(name, x64):
    """Of a loss on the second document, by the first one's inputs and by what is added to the states read."""
    cell = RESTARTED[name]
    params, inputs, state = random_case(cell, 8)
    taps = jax.tree.map(lambda leaf: jnp.zeros((8, *leaf.shape)), Tap(cell.initial_state()))

    @partial(jax.grad, argnums=(0, 1))
    def gradient(inputs, taps):
        _, outputs = unroll(tapped(restarting(cell)), params, ((inputs, starts_at(8, 5)), taps), state)
        return (outputs[5:] ** 2).sum()

    by_inputs, by_nudges = jax.jit(gradient)(inputs, taps)
    assert not np.any(by_inputs[:5]) and np.all(np.any(np.asarray(by_inputs[5:]) != 0, axis=1))
    assert not any(np.any(leaf[:6]) for leaf in jax.tree.leaves(by_nudges))
    assert any(np.any(leaf[6:]) for leaf in jax.tree.leaves(by_nudges))


def test_restarting_has_the_inner_cells_params_and_state():
    cell = lstm(HIDDEN)
    assert restarting(cell).init is cell.init and restarting(cell).initial_state is cell.initial_state


# Parameters.


def test_the_window_over_100_steps_has_50_times_the_parameters_of_the_recurrent_net():
    """C06: a window over 100 words against Elman's network, 100 units each."""
    assert count_cell_parameters(window(100, size=100), 100) == 1_000_100
    assert count_cell_parameters(elman(100), 100) == 20_100


@pytest.mark.parametrize("inputs, hidden, taps, depth", [(1, 1, 1, 1), (7, 5, 2, 5), (32, 16, 3, 4)])
def test_parameter_counts(inputs, hidden, taps, depth):
    assert count_cell_parameters(window(hidden, size=taps), inputs) == hidden * (taps * inputs + 1)
    expected = hidden * (taps * inputs + 1) + (depth - 1) * hidden * (taps * hidden + 1)
    assert count_cell_parameters(convolution(hidden, kernel=taps, depth=depth), inputs) == expected


def test_the_kernel_is_started_for_all_inputs_of_a_unit():
    params = window(60, size=10).init(jax.random.key(0), 30)
    bound = np.sqrt(6 / (10 * 30 + 60))
    assert 0.99 * bound < np.abs(params["input_kernel"]).max() <= bound and not np.any(params["bias"])
    first, second = convolution(60, kernel=3, depth=2).init(jax.random.key(0), 60)
    for layer in (first, second):
        np.testing.assert_allclose(np.asarray(layer["input_kernel"]).var(), 1 / (3 * 60), rtol=0.05)
        assert not np.any(layer["bias"])
    assert not np.array_equal(first["input_kernel"], second["input_kernel"])


def test_a_long_window_needs_little_memory_and_is_soon_compiled():
    """Less than a tenth of the 100 products [batch, time, hidden] that it sums."""
    cell, batch, time = window(32, size=100), 8, 128
    params = cell.init(jax.random.key(0), 32)

    @jax.jit
    @jax.grad
    def gradient(params, inputs):
        return (jax.vmap(lambda x: unroll(cell, params, x)[1])(inputs) ** 2).sum()

    compiled = gradient.lower(params, jnp.zeros((batch, time, 32))).compile()
    memory = compiled.memory_analysis()
    if memory is not None:
        assert memory.temp_size_in_bytes < 4 * 100 * batch * time * 32 / 10
    assert len(compiled.as_text()) < 200_000  # taps are not written out one by one


# Refusals and names.


@pytest.mark.parametrize("value", [0, -1, 2.5, "4", True, None])
def test_sizes_must_be_positive_whole_numbers(value):
    for factory, name in [(window, "size"), (convolution, "kernel"), (convolution, "depth")]:
        with pytest.raises(ValueError, match=f"^{name} must be a positive whole number"):
            factory(3, **{name: value})


def test_numpy_sizes_are_sizes():
    assert window(np.int64(3), size=np.int64(4)).initial_state().pending.shape == (3, 3)
    cell = convolution(np.int64(3), kernel=np.int64(3), depth=np.int64(2))
    assert [layer.pending.shape for layer in cell.initial_state()] == [(2, 3), (4, 3)]


@pytest.mark.parametrize("factory", [window, convolution])
def test_unknown_names_are_refused_by_the_factory(factory):
    with pytest.raises(ValueError, match="unknown activation 'rellu'; did you mean 'relu'"):
        factory(3, activation="rellu")
    with pytest.raises(ValueError, match="'glorrot'; did you mean 'glorot'"):
        factory(3, input_init="glorrot")


def test_both_are_cells_by_name():
    assert CELLS["window"] is rr.window is window and CELLS["convolution"] is rr.convolution is convolution
    assert rr.restarting is restarting and rr.WindowState is WindowState
    for name in ("window", "convolution"):
        assert output_size(CELLS[name](5), 3) == 5
        assert "hidden" in inspect.signature(CELLS[name]).parameters
