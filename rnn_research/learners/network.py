"""The recurrent network as a learner: what ``config.model`` describes, trained by gradient descent."""

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

import jax
import numpy as np

from rnn_research.cells import CELLS, count_cell_parameters, count_parameters
from rnn_research.decoding import Stream, beam_search, sample
from rnn_research.decoding.strategy import Strategy
from rnn_research.experiment.config import PRETRAINED, TrialConfig, static
from rnn_research.experiment.paths import replace
from rnn_research.learners.base import Kind, Learner, Trained, Write
from rnn_research.models import Carry, Model, Weights, match_width
from rnn_research.models import network as make_network
from rnn_research.probes import Subject
from rnn_research.probes.looking import looking
from rnn_research.tasks.base import Batch, Inputs, Row, Target, Task
from rnn_research.training.pack import run_pack
from rnn_research.training.program import Devices, compile_program, state_template
from rnn_research.training.step import Best, training_data
from rnn_research.trees import misfit, tree_of

# Seconds on one core, fitted to `python -m benchmarks.training` on x86 with AVX-512: each time step of the recurrence,
# and each multiply-add of it, forward and backward.
PER_TIME_STEP, PER_MULTIPLY = 5e-6, 105e-12
# How many times as much they take, as measured in `no_tricks`: Ω asks for another pass backwards, step by step, skip
# connections (of 16 steps there) for the states of many steps before.
OMEGA, SKIPS = 2.2, 1.7


def network() -> Kind:
    """The network that ``config.model`` describes, with the width solved for, trained as ``config.optimizer``,
    ``penalty`` and ``train`` say."""
    return Kind(make, load)


def make(config: TrialConfig, task: Task, devices: Devices) -> Learner:
    """A learner for a config's signature.

    Raises:
      ValueError: a model that cannot be, or not for this task.
    """
    back = "bidirectional" if config.model.bidirectional else "reverse" if config.model.reverse else ""
    if back and task.data.carries:
        raise ValueError(f"model.{back}: task {config.task.name!r} carries its state from batch to batch")
    if config.penalty.omega and task.data.times:
        raise ValueError(f"penalty.omega: task {config.task.name!r} has batches of many lengths, which Ω does not take")
    model_config = match_width(static(config).model, task.inputs, task.target)
    model = make_network(model_config, task.inputs, task.target)
    template = state_template(config, task, model)
    facts = facts_of(config, model_config.cell["hidden"], model.inside.width, template.params)
    shared = dataclasses.replace(static(config), model=dataclasses.replace(model_config, match="width"))
    subject = Subject(shared, task, model, writer(model), Weights(template.params, template.carry.statistics))

    @cache
    def program():
        return compile_program(config, task, model, training_data(config, task), devices)

    probing = looking(subject) if config.probes else None

    def run(configs, starts=None, *, test=True, **options):
        yield from run_pack(program(), configs, starts, looking=probing, test=test, **options)

    return Learner(
        facts=facts,
        seconds_per_step=seconds_per_step(config, task, facts["parameters"]),
        prepare=lambda: (program(), None)[1],
        run=run,
        trained=lambda state: trained(model, state.best),
        template=template,
        subject=subject,
    )


def facts_of(config: TrialConfig, hidden: Any, width: int, params: Any) -> Row:
    """The width, and parameters counted from the real trees: of the model, of its first layer, which has two cells
    where it reads both ways, of its first cell, and of the Elman cell of that width; the cell reads ``width``
    features."""
    first = params["recurrent"][0]
    return {
        "hidden": hidden,
        "parameters": count_parameters(params),
        "first_layer_parameters": count_parameters(first),
        "cell_parameters": count_parameters(first[0] if config.model.bidirectional else first),
        "elman_parameters": elman_parameters(hidden, width),
    }


@lru_cache(maxsize=1024)
def elman_parameters(hidden: int, width: int) -> int:
    """Of the Elman cell of a width that reads so many features."""
    return count_cell_parameters(CELLS["elman"](hidden), width)


def seconds_per_step(config: TrialConfig, task: Task, parameters: int) -> float:
    """Of an update on one core, with its share of the scoring."""
    train = config.train
    scoring = train.valid_examples / train.batch / 3 / train.eval_every  # forward only, a third of the cost
    step = (task.data.mean_time or task.inputs.time) * (
        PER_TIME_STEP * config.model.layers + PER_MULTIPLY * train.batch * parameters
    )
    step *= SKIPS if config.model.skip else 1
    return step * ((OMEGA if config.penalty.omega else 1) + scoring)


def trained(model: Model, best: Best) -> Trained:
    """The network with the parameters of its best look at the validation split."""
    weights = Weights(best.params, best.statistics)
    with_weights = writer(model)

    @jax.jit
    def answer(weights: Weights, batch: Batch) -> Any:
        carry = Carry(None, weights.statistics)
        return model.answer(weights.params, batch, carry)[0]

    def answer_of(batch: Batch) -> Any:
        return jax.tree.map(np.asarray, answer(weights, batch))

    @jax.jit
    def probabilities(weights: Weights, batch: Batch) -> jax.Array:
        assert model.probabilities is not None
        return model.probabilities(weights.params, batch, Carry(None, weights.statistics))

    def probabilities_of(batch: Batch) -> np.ndarray:
        return np.asarray(probabilities(weights, batch))

    return Trained(
        answer_of,
        with_weights(weights) if with_weights else None,
        probabilities_of if model.probabilities else None,
        model,
        weights,
    )


def writer(model: Model) -> Callable[[Weights], Write] | None:
    """How a network writes; None where it cannot, as one that reads both ways knows what it is to write (C20)."""
    if model.stream is None:
        return None
    stream: Stream = model.stream

    def with_weights(weights: Weights) -> Write:
        params = weights.params

        def write(strategy: Strategy, prompts: np.ndarray, tokens: int, seed: int) -> np.ndarray:
            if strategy.name == "beam":
                beams = [beam_search(stream, params, prompt, tokens, strategy.width)[0][0] for prompt in prompts]
                return np.stack(beams)
            ids = sample(
                stream,
                params,
                prompts,
                tokens,
                jax.random.key(seed),
                batch=len(prompts),
                temperature=strategy.temperature,
                top_k=strategy.top_k,
                top_p=strategy.top_p,
                greedy=strategy.name == "greedy",
            )
            return np.asarray(ids)

        return write

    return with_weights


def load(config: TrialConfig, inputs: Inputs, target: Target, arrays: Mapping[str, np.ndarray]) -> Trained:
    """The network of a checkpoint.

    Raises:
      ValueError: the arrays are not those of this network.
    """
    if config.model.embedding_init in PRETRAINED:  # vectors that training began with: only their shape matters now
        config = replace(config, "model.embedding_init", "normal(0.1)")
    model_config = match_width(config.model, inputs, target)
    model = make_network(model_config, inputs, target)
    params = jax.eval_shape(lambda key: model.init(key, 1.0), jax.random.key(0))
    score: Any = np.float32(0)
    step: Any = np.int32(0)
    template = {"best": Best(score, step, params, model.start(1).statistics)}
    found = {name: array for name, array in arrays.items() if name.startswith("best.")}
    wrong = misfit(template, found)
    if wrong:
        raise ValueError(f"the checkpoint is not one of this model: {wrong}")
    return trained(model, tree_of(template, found)["best"])
