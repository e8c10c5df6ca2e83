"""One trial: its state, its training steps, its scores. Pure functions of (config, task, model).

The config is what ``experiment.config.static`` leaves: what trials of one program differ in is in ``traced``.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from rnn_research.cells import Params
from rnn_research.experiment.config import OptimizerConfig, TrialConfig
from rnn_research.heads import Noise
from rnn_research.models import Carry, Model, Weights
from rnn_research.tasks.base import Batch, Mean, Task, averages, to_minimise
from rnn_research.training.cut import cut_to_length, longest_of, padding, times_cut
from rnn_research.training.optimizer import Norms, clip, make_optimizer, norms
from rnn_research.training.regularise import omega_taps, penalties, with_noise
from rnn_research.training.traced import Traced

Row = dict[str, jax.Array]
GATHERED = 64  # batches, at most, that the moments of norms are made of before a look
PURPOSES = ("init", "batches", "noise", "weights")  # of a trial's keys; a new one comes last


class Best(NamedTuple):
    """The parameters of the best look so far, with the statistics of that step: chosen on valid, reported on test.

    Attributes:
      score: what they were chosen by, the lower the better: the loss, or what ``Goal.chosen`` says.
    """

    score: jax.Array
    step: jax.Array
    params: Params
    statistics: Any


NOTHING, PARAMETERS, ACTIVATIONS, LOSS = -1, -2, -3, -4  # what is no group; see ``Fault``


class Fault(NamedTuple):
    """The first step with a non-finite loss, −1 while there is none; and what was not finite first, at that step or at
    those just before it: the parameter group whose gradient it was, of several the nearest to the loss; or ``NOTHING``,
    ``PARAMETERS`` (after an update by finite gradients), ``ACTIVATIONS`` (with finite parameters), ``LOSS``.

    Where the step is the number of updates made, no loss was at fault, but what the chunk left: see ``unfit``."""

    step: jax.Array
    group: jax.Array


class TrialState(NamedTuple):
    """A trial after ``step`` updates; the state in ``carry`` is None where every batch begins anew."""

    params: Params
    opt_state: Any
    step: jax.Array
    best: Best
    fault: Fault
    carry: Carry


class Shard(NamedTuple):
    """A device's share of a batch.

    Attributes:
      count: devices that share it.
      part: ``(tree) -> tree``, this device's rows of every array.
      total, mean: ``(tree) -> tree``, summed or averaged over the devices.
      whole: ``(tree) -> tree``, all rows, out of every device's.
      index: ``() ->`` which of them this is.
    """

    count: int
    part: Callable[[Any], Any]
    total: Callable[[Any], Any]
    mean: Callable[[Any], Any]
    whole: Callable[[Any], Any]
    index: Callable[[], jax.Array | int]


def _same(tree: Any) -> Any:
    return tree


WHOLE = Shard(1, _same, _same, _same, _same, lambda: 0)


class Setup(NamedTuple):
    """What the functions of a trial's program are made for.

    Attributes:
      config: what ``experiment.config.static`` leaves of a trial's.
      task, model: what it describes.
      shard: this device's share of every batch.
      greatest: ``(tree) -> tree``, of every number the greatest of those of the trials that are trained side by side.
    """

    config: TrialConfig
    task: Task
    model: Model
    shard: Shard = WHOLE
    greatest: Callable[[Any], Any] = _same


def init_state(setup: Setup, traced: Traced) -> TrialState:
    """A trial before its first step."""
    config, model = setup.config, setup.model
    params = model.init(key_of(traced, "init"), traced["model.init_scale"])
    carry = begin(setup, config.train.batch)
    return TrialState(
        params=params,
        opt_state=make_optimizer(config.optimizer, traced).init(params),
        step=jnp.int32(0),
        best=Best(jnp.float32(jnp.inf), jnp.int32(0), params, carry.statistics),
        fault=Fault(jnp.int32(-1), jnp.int32(NOTHING)),
        carry=carry,
    )


def begin(setup: Setup, rows: int) -> Carry:
    """What the first of several batches is read with."""
    return handed_on(setup, setup.model.start(rows))


def handed_on(setup: Setup, carry: Carry) -> Carry:
    """What the next batch is read with: the state goes no further where every batch begins anew."""
    return carry if setup.task.data.carries else carry._replace(state=None)


def train_chunk(setup: Setup, state: TrialState, traced: Traced, data: Any) -> tuple[TrialState, dict[str, Row]]:
    """``eval_every`` updates in one ``lax.scan``, then the validation split.

    ``data`` holds what ``training_data`` made.

    Returns the new state and a row of metrics for ``train`` (over the chunk) and for ``valid``.
    """

    def one_step(state, _):
        return train_step(setup, state, traced, data)

    state, (means, rows) = jax.lax.scan(one_step, state, length=setup.config.train.eval_every)
    train = averages(setup.task, jax.tree.map(lambda a: a.sum(axis=0), means))
    train |= {name: values.mean() for name, values in rows.items()}
    train |= {"grad_norm_max": rows["grad_norm"].max(), "clip_cosine_min": rows["clip_cosine"].min()}
    train["param_norm"] = optax.tree.norm(state.params)
    statistics = to_score_with(setup, state, traced, data)
    state = state._replace(carry=state.carry._replace(statistics=statistics))
    valid = evaluate(setup, Weights(state.params, statistics), data["valid"])
    score = to_minimise(setup.task.goal, valid)
    improved = score < state.best.score
    candidate = Best(score, state.step, state.params, statistics)
    best = jax.tree.map(lambda new, old: jnp.where(improved, new, old), candidate, state.best)
    state = state._replace(best=best)
    at_fault = unfit(state, traced) & (state.fault.step < 0)
    fault = state.fault._replace(step=jnp.where(at_fault, state.step, state.fault.step))
    return state._replace(fault=fault), {"train": train, "valid": valid}


def to_score_with(setup: Setup, state: TrialState, traced: Traced, data: Any) -> Any:
    """The statistics, those of norms made anew of the last batches that were trained on, read with the parameters as
    they are now and without noise (Wu and Johnson 2021, section 3): what training leaves is of the parameters at each
    update, which are others."""
    config, task, model, shard, greatest = setup
    if model.anew is None:
        return state.carry.statistics

    def gather(carry, step):
        batch = task.data.train(data["train"], key_of(traced, "batches"), step, config.train.batch)
        longest = greatest(longest_of(task, batch))
        noise = Noise(key_of(traced, "noise"), None, (shard.index(), shard.count), shard.total)

        def carried(batch):
            return handed_on(setup, model.forward(state.params, batch, carry, noise=noise).carry)

        found = cut_to_length(task, times_scored(setup), longest, shard.part(batch), carried)
        return found._replace(statistics=shard.mean(found.statistics)), None

    count = min(config.train.eval_every, GATHERED)
    first = begin(setup, config.train.batch // shard.count)._replace(statistics=model.anew(state.carry.statistics))
    return jax.lax.scan(gather, first, state.step - count + jnp.arange(count))[0].statistics


def unfit(state: TrialState, traced: Traced) -> jax.Array:
    """Whether a chunk whose losses were finite left what no training can go on from, or no score be made of: a number
    in parameters, optimiser or statistics that is not finite; at the end, no finite validation score ever."""
    ended = state.step >= traced["train.steps"]
    return ~all_finite((state.params, state.opt_state, state.carry.statistics)) | (ended & jnp.isinf(state.best.score))


def all_finite(tree: Any) -> jax.Array:
    """Whether a tree of arrays holds neither infinities nor NaN."""
    floats = [jnp.ravel(leaf) for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.inexact)]
    # As one array: a reduction for each would take long to compile.
    return jnp.isfinite(jnp.concatenate(floats)).all() if floats else jnp.bool_(True)


def train_step(
    setup: Setup, state: TrialState, traced: Traced, data: Any
) -> tuple[TrialState, tuple[dict[str, Mean], Row]]:
    """One update. Its batch is a function of (seed, step)."""
    config, task, model, shard, greatest = setup
    batch = task.data.train(data["train"], key_of(traced, "batches"), state.step, config.train.batch)
    longest = greatest(longest_of(task, batch))
    batch = shard.part(batch)
    noise = Noise(
        jax.random.fold_in(key_of(traced, "noise"), state.step),
        traced["model.dropout"] if config.model.dropout else None,
        (shard.index(), shard.count),
        shard.total,
        traced["model.scheduled_sampling"] if config.model.scheduled_sampling else None,
    )
    read_with = state.params
    if config.model.weight_noise:
        key = jax.random.fold_in(key_of(traced, "weights"), state.step)
        read_with = with_noise(read_with, traced["model.weight_noise"], key)
    before = state.carry._replace(state=shard.part(state.carry.state))

    def whole_weight(means):
        mean = task.data.mean_weight
        return config.train.batch * mean if mean else shard.total(means["loss"].weight)

    def gradient(batch):
        def loss_of(params, taps):
            forward = model.forward(params, batch, before, noise=noise, taps=taps)
            means = task.measure(forward.terms, batch)
            # At the ends of the sequence, where what was lost on the way is seen.
            lost = jnp.float32(~all_finite((forward.carry.state, forward.features[0], forward.features[-1])))
            return means["loss"].total / whole_weight(means), (means, forward.features, forward.carry, lost)

        taps = omega_taps(config, state.params, batch.inputs)
        parts, (gradients, errors) = jax.value_and_grad(loss_of, argnums=(0, 1), has_aux=True)(read_with, taps)
        loss, (means, features, carry, lost) = parts
        of_omega = (features, errors) if config.penalty.omega else (None, None)  # these have steps
        return loss, means | padding(batch), gradients, handed_on(setup, carry), of_omega, lost

    loss, means, gradients, carry, (features, errors), lost = cut_to_length(
        task, times_cut(task, config.train.cuts), longest, batch, gradient
    )
    added, pull = penalties(config, traced, state.params, features, errors, batch.starts, shard.count, shard.total)
    loss, means, gradients, lost = shard.total((loss, means, gradients, lost))
    if pull is not None:
        # Alike on all devices but for Ω, of which each has its rows' part.
        added, pull = shard.mean((added, pull))
        gradients = jax.tree.map(jnp.add, gradients, pull)
    found, clipped, row = clip_and_measure(gradients, config.optimizer, traced)
    updates, opt_state = make_optimizer(config.optimizer, traced).update(clipped, state.opt_state, state.params)
    params = optax.apply_updates(state.params, updates)
    # By squares alone: what they lose, under 1e-19, changes no parameter.
    size = optax.tree.norm(updates)
    row |= added | {"update_norm": size}
    fault = _note_fault(state, loss, lost > 0, found.leaves, size, nearest_first(group_names(gradients)))
    after = Carry(shard.whole(carry.state) if task.data.carries else None, shard.mean(carry.statistics))
    return TrialState(params, opt_state, state.step + 1, state.best, fault, after), (means, row)


def times_scored(setup: Setup) -> tuple[int, ...]:
    """Half as many as in training: each is compiled for every split, and scoring takes a smaller part of the time."""
    return times_cut(setup.task, (setup.config.train.cuts + 1) // 2)


def clip_and_measure(
    gradients: Params, config: OptimizerConfig, traced: Traced
) -> tuple[Norms, Params, dict[str, jax.Array]]:
    """Norms before clipping, of all parameters and of each group; what is left of the gradients; and a row of metrics:
    those norms, whether clipping changed anything, and how much of the direction it kept, the cosine between the
    gradient and what is left of it.

    Args:
      config: from a ``static`` one: ``clip_value`` is whether there is one.
    """
    found = norms(gradients)
    limit, value = traced["optimizer.clip_norm"], traced["optimizer.clip_value"]
    largest = jnp.where(limit > 0, limit, jnp.inf)
    clipped = clip(gradients, found, largest, value if config.clip_value else None)
    cut, cosine = found.whole > largest, jnp.float32(1)
    if config.clip_value:
        cut |= optax.tree.norm(gradients, ord=jnp.inf) > value
        product = found.scaled * norms(clipped).whole
        scaled = jax.tree.map(lambda leaf: found.scale * leaf, gradients)
        cosine = jnp.where(product == 0, 1, optax.tree.vdot(scaled, clipped) / product)
    row = {"grad_norm": found.whole, "clipped": cut.astype(jnp.float32), "clip_cosine": cosine}
    row |= {f"grad_norm/{name}": norm for name, norm in zip(group_names(gradients), found.leaves, strict=True)}
    return found, clipped, row


def evaluate(setup: Setup, weights: Weights, batches: Batch) -> Row:
    """Metrics over batches stacked along a leading axis, as ``Data.held_out`` makes them; the state is carried from one
    to the next if the task says so.

    Batches that cannot be shared out evenly are scored whole by every device.
    """
    return _over_batches(setup, weights, batches, lambda forward, batch, shard: None)[0]


def evaluate_rows(setup: Setup, weights: Weights, batches: Batch) -> tuple[Row, Mean | None]:
    """``evaluate``, and the reported metric of every row by itself, ``[batches, rows]``; None where it is made at the
    end."""
    task = setup.task

    def by_row(forward, batch, shard):
        def alone(*row):
            return task.measure(*jax.tree.map(lambda leaf: leaf[None], row)).get(task.goal.metric)

        return shard.whole(jax.vmap(alone)(forward.terms, batch))

    return _over_batches(setup, weights, batches, by_row)


def _over_batches(setup: Setup, weights: Weights, batches: Batch, beside: Callable) -> tuple[Row, Any]:
    """The metrics, and what ``beside(forward, batch, shard)`` says of every batch."""
    task, model, rows = setup.task, setup.model, batches.weights.shape[1]
    shard = WHOLE if rows % setup.shard.count else setup.shard

    def one_batch(carry, batch):
        def scored(batch):
            forward = model.forward(weights.params, batch, carry)
            found = shard.total(task.measure(forward.terms, batch)), beside(forward, batch, shard)
            return handed_on(setup, forward.carry), found

        return cut_to_length(task, times_scored(setup), longest_of(task, batch), shard.part(batch), scored)

    first = begin(setup, rows // shard.count)._replace(statistics=weights.statistics)
    _, (means, others) = jax.lax.scan(one_batch, first, batches)
    return averages(task, jax.tree.map(lambda a: a.sum(axis=0), means)), others


def answers(setup: Setup, weights: Weights, batches: Batch) -> Any:
    """The model's answers to batches stacked along a leading axis, ``[batches, size, ...]``."""
    task = setup.task

    def one_batch(carry, batch):
        def answered(batch):
            found, after = setup.model.answer(weights.params, batch, carry)
            return handed_on(setup, after), found

        return cut_to_length(task, times_scored(setup), longest_of(task, batch), batch, answered)

    first = begin(setup, batches.weights.shape[1])._replace(statistics=weights.statistics)
    return jax.lax.scan(one_batch, first, batches)[1]


def losses(setup: Setup, weights: Weights, batches: Batch) -> jax.Array:
    """The loss of every term of batches stacked along a leading axis, of the shape of their weights."""
    whole = setup._replace(shard=WHOLE)
    return _over_batches(whole, weights, batches, lambda forward, batch, shard: forward.terms.loss)[1]


def best_scores(setup: Setup, best: Best, data: Any) -> dict[str, tuple[Row, Mean | None]]:
    """The metrics of every split that is tested; of the test itself the reported one by row."""
    weights = Weights(best.params, best.statistics)

    def scored(split: str) -> tuple[Row, Mean | None]:
        if split == "test":
            return evaluate_rows(setup, weights, data[split])
        return evaluate(setup, weights, data[split]), None

    return {split: scored(split) for split in setup.task.data.tested}


def training_data(config: TrialConfig, task: Task) -> dict[str, Any]:
    """The arrays that programs of a task read: ``train`` (the corpus, if any), batches of ``valid`` and of the splits
    that are tested."""
    train = config.train
    return {
        "train": task.data.arrays,
        "valid": task.data.held_out("valid", train.valid_examples),
        **{split: task.data.held_out(split, train.test_examples) for split in task.data.tested},
    }


def group_names(params: Params) -> list[str]:
    """Names of the parameter groups, in the order ``Fault.group`` counts them."""
    paths = jax.tree_util.tree_flatten_with_path(params)[0]
    return [jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in paths]


def key_of(traced: Traced, purpose: str) -> jax.Array:
    """The trial's key for a purpose, one of ``PURPOSES``; keys are never stored."""
    return jax.random.fold_in(jax.random.key(traced["seed"]), PURPOSES.index(purpose))


def nearest_first(names: Sequence[str]) -> np.ndarray:
    """Places of the parameter groups in the order in which an error that is sent back reaches them: the head's, the
    layers' from the last one down, what the inputs go through."""

    def rank(place: int) -> tuple[int, int]:
        part, *rest = names[place].split("/")
        depth = int(rest[0]) if rest and rest[0].isdecimal() else -1
        return (0, 0) if part == "head" else (1, -depth) if depth >= 0 else (2, 0)

    return np.array(sorted(range(len(names)), key=rank), np.int32)


def _note_fault(
    state: TrialState, loss: jax.Array, lost: jax.Array, norms: jax.Array, size: jax.Array, order: np.ndarray
) -> Fault:
    """What is known of a fault after a step with this loss, these norms of gradients and an update of this size.

    A norm that overflows once, as clipping may survive, is forgotten by the next step that goes well.

    Args:
      lost: whether some activation was not finite.
      order: of the groups, the nearest to the loss first.
    """
    bad, fine = ~jnp.isfinite(norms), jnp.isfinite(loss)
    # Of norms alone: to look at the parameters here would make XLA copy them all before every update.
    after = jnp.where(
        bad.any(), jnp.asarray(order)[jnp.argmax(bad[order])], jnp.where(jnp.isfinite(size), NOTHING, PARAMETERS)
    )
    now = jnp.where(fine, after, jnp.where(lost, ACTIVATIONS, LOSS))
    lasting = (now != NOTHING) & (state.fault.group != NOTHING)
    found = Fault(
        step=jnp.where(fine, -1, state.step).astype(jnp.int32),
        group=jnp.where(lasting, state.fault.group, now).astype(jnp.int32),
    )
    return jax.tree.map(lambda old, new: jnp.where(state.fault.step >= 0, old, new), state.fault, found)
