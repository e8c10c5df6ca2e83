"""The cells against PyTorch's modules, in double precision: forward, gradients, conversion both ways."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import elman, from_torch, gru, lstm, stacked, to_torch
from rnn_research.recurrence import bidirectional, unroll
from tests.support.at_random import at_random

torch = pytest.importorskip("torch", reason="parity with PyTorch needs torch")

INPUT, HIDDEN, TIME, BATCH = 3, 4, 6, 4
LENGTHS = np.array([6, 1, 4, 2])

KINDS = {
    "tanh": (partial(torch.nn.RNN, nonlinearity="tanh"), elman(HIDDEN)),
    "relu": (partial(torch.nn.RNN, nonlinearity="relu"), elman(HIDDEN, activation="relu")),
    "lstm": (torch.nn.LSTM, lstm(HIDDEN)),
    "gru": (torch.nn.GRU, gru(HIDDEN, reset_after=True)),
}

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("x64")]


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def make(kind, **options):
    """A module with random weights and biases, its weights as arrays, and our cell."""
    factory, cell = KINDS[kind]
    torch.manual_seed(5)
    module = factory(INPUT, HIDDEN, batch_first=True, dtype=torch.float64, **options)
    for weight in module.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    return module, {name: value.numpy() for name, value in module.state_dict().items()}, cell


def random_inputs():
    return np.random.default_rng(3).normal(size=(BATCH, TIME, INPUT))


def torch_run(module, inputs, lengths=None):
    """Outputs ``[batch, time, features]`` and the last states ``[layers, batch, hidden]``, one array each."""
    if lengths is None:
        outputs, last = module(inputs)
    else:
        lengths = torch.from_numpy(lengths)
        packed = torch.nn.utils.rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        outputs, last = module(packed)
        outputs, _ = torch.nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True, total_length=TIME)
    return outputs, last if isinstance(last, tuple) else (last,)


def as_ours(last):
    """Torch's last states in the order of our leaves: layer by layer, then hidden and cell."""
    return [state[layer] for layer in range(len(last[0])) for state in last]


def batched(run, params, inputs, lengths=None):
    """``run(params, inputs, length)`` over the batch."""
    return jax.vmap(run, in_axes=(None, 0, None if lengths is None else 0))(params, inputs, lengths)


def one_way(cell):
    def run(params, inputs, length):
        state, outputs = unroll(cell, params, inputs, length=length)
        return outputs, state

    return run


def both_ways(cell):
    def run(params, inputs, length):
        states, outputs = bidirectional(cell, cell, params, inputs, length=length)
        return outputs, states

    return run


def assert_same_gradients(module, run, params, suffixes, lengths=None):
    """Gradients of one random objective: inputs, kernels and biases of every layer, by torch's suffix of it."""
    inputs = random_inputs()
    outputs_shape, state_shapes = jax.eval_shape(lambda: batched(run, params, inputs, lengths))
    rng = np.random.default_rng(11)
    output_weights = rng.normal(size=outputs_shape.shape)
    state_weights = [rng.normal(size=s.shape) for s in jax.tree.leaves(state_shapes)]

    def objective(params, inputs):
        outputs, state = batched(run, params, inputs, lengths)
        ends = sum((s * w).sum() for s, w in zip(jax.tree.leaves(state), state_weights, strict=True))
        return (outputs * output_weights).sum() + ends

    by_params, by_inputs = jax.grad(objective, argnums=(0, 1))(params, jnp.asarray(inputs))

    torch_inputs = torch.tensor(inputs, requires_grad=True)
    outputs, last = torch_run(module, torch_inputs, lengths)
    total = (outputs * torch.tensor(output_weights)).sum()
    for end, weights in zip(as_ours(last), state_weights, strict=True):
        total = total + (end * torch.tensor(weights)).sum()
    total.backward()

    close = {"rtol": 1e-9, "atol": 1e-10}
    np.testing.assert_allclose(by_inputs, torch_inputs.grad, **close)
    expected = {name: weight.grad.numpy() for name, weight in module.named_parameters()}
    by_layer = by_params if isinstance(by_params, tuple) else (by_params,)
    for layer, suffix in zip(by_layer, suffixes, strict=True):
        np.testing.assert_allclose(layer["input_kernel"].T, expected["weight_ih" + suffix], **close)
        np.testing.assert_allclose(layer["recurrent_kernel"].T, expected["weight_hh" + suffix], **close)
        np.testing.assert_allclose(layer["bias"], expected["bias_ih" + suffix], **close)
        second = expected["bias_hh" + suffix]  # added to the first one, but for the GRU's candidate
        if "candidate_bias" in layer:
            np.testing.assert_allclose(layer["candidate_bias"], second[2 * HIDDEN :], **close)
            np.testing.assert_allclose(layer["bias"][: 2 * HIDDEN], second[: 2 * HIDDEN], **close)
        else:
            np.testing.assert_allclose(layer["bias"], second, **close)


def assert_same_results(module, run, params, lengths=None):
    inputs = random_inputs()
    with torch.no_grad():
        expected, last = torch_run(module, torch.tensor(inputs), lengths)
    outputs, state = batched(run, params, jnp.asarray(inputs), lengths)
    np.testing.assert_allclose(outputs, expected, rtol=1e-12, atol=1e-12)
    for end, theirs in zip(jax.tree.leaves(state), as_ours(last), strict=True):
        np.testing.assert_allclose(end, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "padded"])
def test_one_layer(kind, lengths):
    module, weights, cell = make(kind)
    params = from_torch(weights)
    assert_same_results(module, one_way(cell), params, lengths)
    assert_same_gradients(module, one_way(cell), params, ["_l0"], lengths)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "padded"])
def test_two_layers(kind, lengths):
    module, weights, cell = make(kind, num_layers=2)
    params = (from_torch(weights), from_torch(weights, layer=1))
    run = one_way(stacked(cell, cell))
    assert_same_results(module, run, params, lengths)
    assert_same_gradients(module, run, params, ["_l0", "_l1"], lengths)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "padded"])
def test_both_directions(kind, lengths):
    module, weights, cell = make(kind, bidirectional=True)
    params = (from_torch(weights), from_torch(weights, reverse=True))
    assert_same_results(module, both_ways(cell), params, lengths)
    assert_same_gradients(module, both_ways(cell), params, ["_l0", "_l0_reverse"], lengths)


def test_without_biases(kind):
    module, weights, cell = make(kind, bias=False)
    assert_same_results(module, one_way(cell), from_torch(weights))


def test_there_and_back_is_the_same_module(kind):
    options = {"num_layers": 2, "bidirectional": True}
    module, weights, _ = make(kind, **options)
    back = {}
    for layer in range(2):
        for reverse in (False, True):
            back |= to_torch(from_torch(weights, layer=layer, reverse=reverse), layer=layer, reverse=reverse)
    assert back.keys() == weights.keys()

    copy, _, _ = make(kind, **options)
    copy.load_state_dict({name: torch.zeros_like(value) for name, value in copy.state_dict().items()})
    copy.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in back.items()})
    inputs = torch.tensor(random_inputs())
    with torch.no_grad():
        np.testing.assert_allclose(copy(inputs)[0], module(inputs)[0], rtol=1e-12, atol=1e-12)


def test_back_and_there_is_bit_exact(kind):
    cell = KINDS[kind][1]
    params = at_random(lambda: cell.init(jax.random.key(0), INPUT), scale=1.0)
    again = from_torch(to_torch(params, layer=3), layer=3)
    assert again.keys() == params.keys()
    for name, array in params.items():
        np.testing.assert_array_equal(again[name], array)


def test_refusals():
    _, weights, _ = make("lstm")
    with pytest.raises(KeyError, match="weight_ih_l1"):
        from_torch(weights, layer=1)
    with pytest.raises(ValueError, match="proj_size"):
        from_torch(make("lstm", proj_size=2)[1])
    with pytest.raises(ValueError, match=r"\(8, 4\)"):
        from_torch(weights | {"weight_hh_l0": np.zeros((8, 4))})
    with pytest.raises(ValueError, match="reset_after=True"):
        to_torch(gru(HIDDEN, reset_after=False).init(jax.random.key(0), INPUT))
