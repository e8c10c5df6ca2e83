"""What a step of a causal cell without recurrence sees, and the state that it takes."""

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.cells import convolution, window
from tests.support.recurrence import assert_close, random_case
from tests.support.windows import FORMS, at_once, both_kinds, every_form, starts_at

SEEN = {"window": 5, "convolution": 8, "three_taps": 7, "one_tap": 1}


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
