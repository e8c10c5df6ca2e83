"""Norms of the error sent back against Jacobians of a plain loop and differences; padding; what is refused."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import Cell, elman, gru, lstm
from rnn_research.gradients.norms import gradient_norms
from tests.support.gradient_norms import (
    CELLS,
    HIDDEN,
    TIME,
    assert_close,
    assert_same_bits,
    by_jacobian,
    classes,
    compiled,
    cross_entropy,
    every_cell,
    example,
    quadratic,
    random_case,
    row,
)


@every_cell
def test_norms_are_those_of_the_jacobian_of_a_plain_loop(cell, x64):
    params, inputs = random_case(cell)
    norms = compiled(cell, cross_entropy)(params, inputs, classes())
    expected = by_jacobian(cell, cross_entropy, params, inputs, classes())
    assert_close(norms, expected)
    assert np.all(expected.total[:, *np.tril_indices(TIME)] > 0)
    for a, e in zip(jax.tree.leaves(norms), jax.tree.leaves(expected), strict=True):
        assert a.shape == e.shape and np.all((a == 0) == (e == 0))  # causal: exactly zero
    assert_same_bits(np.diagonal(norms.total, axis1=1, axis2=2), norms.output)


def test_many_steps_are_sent_back_in_several_blocks(x64):
    cell, time = elman(HIDDEN), 18
    params, inputs = random_case(cell, time)
    norms = compiled(cell, cross_entropy)(params, inputs, classes(time))
    assert_close(norms, by_jacobian(cell, cross_entropy, params, inputs, classes(time)))


def test_norms_are_those_of_finite_differences(x64):
    cell = lstm(HIDDEN)
    params, inputs = random_case(cell)
    norms = compiled(cell, quadratic)(params, inputs)

    def loss_after(tap, b, t, k):
        """``L_t`` with ``tap [2, hidden]`` added to (h, c) after step k."""
        state, output = cell.initial_state(), None
        for j in range(t + 1):
            state, output = cell.step(params, state, inputs[b, j])
            if j == k:
                state = type(state)(state.hidden + tap[0], state.cell + tap[1])
        return quadratic(output)

    for b, t, k in [(0, 4, 3), (1, 4, 0)]:
        run = jax.jit(jax.vmap(partial(loss_after, b=b, t=t, k=k)))
        taps = 1e-5 * np.eye(2 * HIDDEN).reshape(-1, 2, HIDDEN)
        slopes = ((run(taps) - run(-taps)) / 2e-5).reshape(2, HIDDEN)
        found = norms.state.hidden[b, t, k], norms.state.cell[b, t, k], norms.total[b, t, k]
        np.testing.assert_allclose(found, [*np.linalg.norm(slopes, axis=1), np.linalg.norm(slopes)], rtol=1e-7)


def test_one_curve_is_a_row_of_the_triangle(x64):
    cell, at = CELLS["lstm"], 13
    params, inputs = random_case(cell, 18)
    triangle = compiled(cell, quadratic)(params, inputs)
    assert_close(compiled(cell, quadratic, at=at)(params, inputs), row(triangle, at))


def test_jit_eager_and_vmap_agree(x64):
    cell = elman(HIDDEN)
    params, inputs = random_case(cell)
    run = compiled(cell, quadratic)
    assert_close(jax.device_get(gradient_norms(cell, params, inputs, quadratic)), run(params, inputs))
    halved = jax.tree.map(lambda a: 0.5 * a, params)
    several = jax.tree.map(lambda *a: jnp.stack(a), params, halved)
    both = jax.device_get(jax.jit(jax.vmap(lambda params: gradient_norms(cell, params, inputs, quadratic)))(several))
    for i, case in enumerate((params, halved)):
        assert_close(example(both, i), run(case, inputs))


def test_padding_counts_as_nothing_whatever_it_holds():
    cell, lengths = gru(HIDDEN), np.array([6, 3, 1, 0])
    params, inputs = random_case(cell, 6, len(lengths))
    targets = jnp.asarray(np.random.default_rng(1).normal(size=(len(lengths), 6, HIDDEN)))

    def loss(output, target):
        return jnp.sum(jnp.square(output - target))

    full = compiled(cell, loss)(params, inputs, targets)
    valid = np.arange(6) < lengths[:, None]
    expected = jax.tree.map(lambda a: np.where(valid.reshape(valid.shape + (1,) * (a.ndim - 2)), a, 0), full)
    run = compiled(cell, loss, lengths=jnp.asarray(lengths))
    clean = run(params, inputs, targets)
    assert_close(clean, expected, 1e-5)
    for garbage in (0.0, np.nan, np.inf, 1e30):
        filled = [np.where(valid[:, :, None], a, np.float32(garbage)) for a in (inputs, targets)]
        assert_same_bits(run(params, *filled), clean)
        longer = [np.pad(a, ((0, 0), (0, 13), (0, 0)), constant_values=garbage) for a in filled]
        padded = run(params, *longer)
        assert not np.any(padded.total[:, 6:]) and not np.any(padded.output[:, 6:])
        assert_close(jax.tree.map(lambda a: a[(np.s_[:],) + (np.s_[:6],) * (a.ndim - 1)], padded), clean, 1e-5)


def test_a_negative_step_counts_back_from_each_examples_end():
    cell, lengths = elman(HIDDEN), np.array([6, 3, 1, 0])
    params, inputs = random_case(cell, 6, len(lengths))
    triangle = compiled(cell, quadratic)(params, inputs)
    for at in (-1, 2):
        curves = compiled(cell, quadratic, at=at, lengths=jnp.asarray(lengths))(params, inputs)
        for b, length in enumerate(lengths):
            t = at if at >= 0 else length + at
            exists = 0 <= t < length
            expected = jax.tree.map(lambda a, b=b, t=t, exists=exists: a[b, t] * exists, triangle)
            assert_close(example(curves, b), expected, 1e-5)


def test_refusals():
    cell = elman(HIDDEN)
    params, inputs = random_case(cell)

    def refuses(match, inputs=inputs, loss=quadratic, cell=cell, **options):
        with pytest.raises(ValueError, match=match) as caught:
            gradient_norms(cell, params, inputs, loss, **options)
        assert "\n" not in str(caught.value)

    for wrong in (inputs[0], inputs[None], inputs[:, :0], inputs[:0]):
        refuses(r"inputs must be \[batch, time, features\]", wrong)
    for at in (TIME, -TIME - 1, 1.0, True, "last"):
        refuses("at must be a whole number from -5 to 4, not", at=at)
    refuses(r"loss must give a real scalar for the output of one step, not shape \(4,\)", loss=jnp.tanh)
    refuses("real scalar for the output of one step, not shape .* of int32", loss=jnp.argmax)
    refuses("real scalar for the output of one step, not tuple", loss=lambda output: (output.sum(), 0))
    refuses(r"targets must be \[batch, time, ...\]", targets=classes(TIME + 1))
    refuses(r"lengths must be \[batch\], shape \(2,\), not \(3,\)", lengths=jnp.array([1, 2, 3]))
    memoryless = Cell(cell.init, lambda: (), lambda params, state, x: (state, x @ params["input_kernel"]))
    refuses("state has no float", cell=memoryless)
