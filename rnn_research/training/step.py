"""One trial: its state, its training steps, its scores. Pure functions of (config, task, model)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from rnn_research.cells import Params
from rnn_research.experiment.config import TrialConfig
from rnn_research.models import Dropout, Model
from rnn_research.tasks import Batch, Mean, Split, Task
from rnn_research.training.optimizer import Lane, clip, make_optimizer
from rnn_research.training.regularise import omega_taps, penalties

EVAL_BATCH = 256

Row = dict[str, jax.Array]


class Best(NamedTuple):
    """The parameters of the lowest validation loss so far: chosen on valid, reported on test."""

    loss: jax.Array
    step: jax.Array
    params: Params


class Fault(NamedTuple):
    """The first step with a non-finite loss, and the first parameter group whose gradient was not finite, at that step
    or at those just before it; −1 while there is none."""

    step: jax.Array
    group: jax.Array


class TrialState(NamedTuple):
    """A trial after ``step`` updates; ``carry`` is the recurrent state that the next batch goes on from, or None."""

    params: Params
    opt_state: Any
    step: jax.Array
    best: Best
    fault: Fault
    carry: Any = None


class Shard(NamedTuple):
    """A device's share of a batch.

    Attributes:
      count: devices that share it.
      part: ``(tree) -> tree``, this device's rows of every array.
      total: ``(tree) -> tree``, summed over the devices.
      whole: ``(tree) -> tree``, all rows, out of every device's.
      key: ``(key) -> key``, one of this device's own.
    """

    count: int
    part: Callable[[Any], Any]
    total: Callable[[Any], Any]
    whole: Callable[[Any], Any]
    key: Callable[[jax.Array], jax.Array]


WHOLE = Shard(1, *[lambda tree: tree] * 4)


def init_state(config: TrialConfig, task: Task, model: Model, lane: Lane) -> TrialState:
    """A trial before its first step."""
    params = model.init(_key(lane, "init"), lane.init_scale)
    return TrialState(
        params=params,
        opt_state=make_optimizer(config.optimizer, lane).init(params),
        step=jnp.int32(0),
        best=Best(jnp.float32(jnp.inf), jnp.int32(0), params),
        fault=Fault(jnp.int32(-1), jnp.int32(-1)),
        carry=model.start(config.train.batch) if task.carries else None,
    )


def train_chunk(
    config: TrialConfig, task: Task, model: Model, state: TrialState, lane: Lane, data: Any, shard: Shard = WHOLE
) -> tuple[TrialState, dict[str, Row]]:
    """``eval_every`` updates in one ``lax.scan``, then the validation split.

    ``data`` holds what ``training_data`` made; ``shard`` is this device's share of every batch.

    Returns the new state and a row of metrics for ``train`` (over the chunk) and for ``valid``.
    """

    def one_step(state, _):
        return train_step(config, task, model, state, lane, data, shard)

    state, (means, norms) = jax.lax.scan(one_step, state, length=config.train.eval_every)
    train = averages(task, jax.tree.map(lambda a: a.sum(axis=0), means))
    train |= {name: values.mean() for name, values in norms.items()}
    train |= {"grad_norm_max": norms["grad_norm"].max(), "clip_cosine_min": norms["clip_cosine"].min()}
    train["param_norm"] = optax.tree.norm(state.params)
    valid = evaluate(task, model, state.params, data["valid"], shard)
    improved = valid["loss"] < state.best.loss
    candidate = Best(valid["loss"], state.step, state.params)
    best = jax.tree.map(lambda new, old: jnp.where(improved, new, old), candidate, state.best)
    return state._replace(best=best), {"train": train, "valid": valid}


def train_step(
    config: TrialConfig, task: Task, model: Model, state: TrialState, lane: Lane, data: Any, shard: Shard = WHOLE
) -> tuple[TrialState, tuple[dict[str, Mean], Row]]:
    """One update. Its batch is a function of (seed, step)."""
    batch = shard.part(task.batch(data["train"], _key(lane, "batches"), "train", state.step, config.train.batch))
    taps = omega_taps(config, state.params, batch.inputs)
    dropout = None
    if config.model.dropout:
        dropout = Dropout(shard.key(jax.random.fold_in(_key(lane, "dropout"), state.step)), lane.dropout)
    before = shard.part(state.carry)

    def loss_of(params, taps):
        carry, features = model.run(
            params, batch.inputs, batch.lengths, starts=batch.starts, state=before, taps=taps, dropout=dropout
        )
        means = measure(task, model, params, features, batch)
        return means["loss"].total / shard.total(means["loss"].weight), (means, features, carry)

    parts, (gradients, errors) = jax.value_and_grad(loss_of, argnums=(0, 1), has_aux=True)(state.params, taps)
    loss, (means, features, carry) = parts
    added, pull = penalties(config, lane, state.params, features, errors)
    loss, means, gradients = shard.total((loss, means, gradients))
    if pull is not None:
        # Alike on all devices but for Ω, which is the mean of theirs.
        added, pull = jax.tree.map(lambda leaf: leaf / shard.count, shard.total((added, pull)))
        gradients = jax.tree.map(jnp.add, gradients, pull)
    norms = gradient_metrics(gradients, lane) | added
    fault = _note_fault(state, loss, [norms[f"grad_norm/{name}"] for name in _groups(gradients)])
    updates, opt_state = make_optimizer(config.optimizer, lane).update(
        clip(gradients, lane), state.opt_state, state.params
    )
    params = optax.apply_updates(state.params, updates)
    norms["update_norm"] = optax.tree.norm(updates)
    carry = shard.whole(carry) if task.carries else None
    return TrialState(params, opt_state, state.step + 1, state.best, fault, carry), (means, norms)


def gradient_metrics(gradients: Params, lane: Lane) -> Row:
    """Norms before clipping, of all parameters and of each group; whether clipping changed anything, and how much of
    the direction it kept: the cosine between the gradient and what is left of it."""
    norm = optax.tree.norm(gradients)

    def by_value():
        clipped = clip(gradients, lane)
        product = norm * optax.tree.norm(clipped)
        cosine = jnp.where(product == 0, 1, optax.tree.vdot(gradients, clipped) / product)
        return optax.tree.norm(gradients, ord=jnp.inf) > lane.clip_value, cosine

    cut, cosine = jax.lax.cond(jnp.isfinite(lane.clip_value), by_value, lambda: (jnp.bool_(False), jnp.float32(1)))
    return {
        "grad_norm": norm,
        "clipped": ((norm > lane.clip_norm) | cut).astype(jnp.float32),
        "clip_cosine": cosine,
        **{f"grad_norm/{name}": optax.tree.norm(leaf) for name, leaf in _groups(gradients).items()},
    }


def measure(task: Task, model: Model, params: Params, features: jax.Array, batch: Batch) -> dict[str, Mean]:
    """The task's metrics of what the head makes of the features."""
    if task.of_nats:
        return task.of_nats(model.nats(params, features, batch.targets.ids), batch)
    return task.metrics(model.read(params, features, batch.lengths), batch)


def evaluate(task: Task, model: Model, params: Params, batches: Batch, shard: Shard = WHOLE) -> Row:
    """Metrics over batches stacked along a leading axis, as ``held_out`` makes them; the state is carried from one to
    the next if the task says so.

    Batches that cannot be shared out evenly are scored whole by every device.
    """
    rows = batches.inputs.shape[1]
    shard = WHOLE if rows % shard.count else shard

    def one_batch(carry, batch):
        batch = shard.part(batch)
        carry, features = model.run(params, batch.inputs, batch.lengths, starts=batch.starts, state=carry)
        means = measure(task, model, params, features, batch)
        return carry if task.carries else None, shard.total(means)

    start = model.start(rows // shard.count) if task.carries else None
    _, means = jax.lax.scan(one_batch, start, batches)
    return averages(task, jax.tree.map(lambda a: a.sum(axis=0), means))


def final_scores(task: Task, model: Model, params: Params, data: Any, shard: Shard = WHOLE) -> Row:
    """What the task concludes from the metrics over its ``tested`` splits."""
    return task.conclude({split: evaluate(task, model, params, data[split], shard) for split in task.tested})


def training_data(config: TrialConfig, task: Task) -> dict[str, Any]:
    """The arrays that programs of a task read: ``train`` (the corpus, if any), batches of ``valid`` and of the splits
    that are tested."""
    return {
        "train": task.data,
        "valid": held_out(task, "valid", config.train.valid_examples),
        **{split: held_out(task, split, config.train.test_examples) for split in task.tested},
    }


def held_out(task: Task, split: Split, examples: int) -> Batch:
    """The split's first ``examples`` examples, rounded up to batches of one size: ``[batches, size, ...]``.

    Made once for all programs of a task: these examples are the same for every trial.
    """
    if task.held_out:
        return task.held_out(split, examples)
    count = min(task.examples[split] or examples, examples)
    batches = -(-count // EVAL_BATCH)
    size = -(-count // batches)
    one = jax.jit(lambda data, index: task.batch(data, jax.random.key(0), split, index, size))
    made = [one(task.data, index) for index in range(batches)]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *made)


def group_names(params: Params) -> list[str]:
    """Names of the parameter groups, in the order ``Fault.group`` counts them."""
    return list(_groups(params))


def _groups(params: Params) -> dict[str, Any]:
    paths = jax.tree_util.tree_flatten_with_path(params)[0]
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in paths}


def _key(lane: Lane, purpose: str) -> jax.Array:
    """The trial's key for a purpose; keys are never stored."""
    return jax.random.fold_in(jax.random.key(lane.seed), ("init", "batches", "dropout").index(purpose))


def averages(task: Task, means: dict[str, Mean]) -> Row:
    """The means as numbers, and what the task derives from them."""
    found = {name: total / weight for name, (total, weight) in means.items()}
    return found | task.derive(found)


def _note_fault(state: TrialState, loss: jax.Array, norms: list[jax.Array]) -> Fault:
    """What is known of a fault after a step with this loss and these norms of the groups' gradients.

    A norm that overflows once, as clipping may survive, is forgotten by the next step that goes well.
    """
    bad = ~jnp.isfinite(jnp.stack(norms))
    first = jnp.where(bad.any(), jnp.argmax(bad), -1)
    # Of norms alone: to look at the parameters here would make XLA copy them all before every update.
    found = Fault(
        step=jnp.where(jnp.isfinite(loss), -1, state.step).astype(jnp.int32),
        group=jnp.where(bad.any() & (state.fault.group >= 0), state.fault.group, first).astype(jnp.int32),
    )
    return jax.tree.map(lambda old, new: jnp.where(state.fault.step >= 0, old, new), state.fault, found)
