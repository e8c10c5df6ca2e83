"""Small things of every kind, each registered as a user registers one: from a file outside the package.

The task is to write acronyms, ``the quick dog`` to ``qd``. Its inputs are a tree, words and their characters; its
targets have lengths of their own; its loss is a number a sequence; its answers are searched for; its metric is computed
on the host.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rnn_research.cells import CELLS
from rnn_research.data.codec import Labels
from rnn_research.exhibits import Matrix
from rnn_research.experiment.config import ModelConfig
from rnn_research.heads import HEADS, Head
from rnn_research.heads.dense import dense, init_dense
from rnn_research.learners import LEARNERS, Kind, Learner, Trained
from rnn_research.models.embedding import EMBEDDINGS, Embedding
from rnn_research.models.norms import NORMS, Norm
from rnn_research.probes import PROBES, Probe, Subject
from rnn_research.probes.base import first_last_and_every
from rnn_research.probes.networks import network_of
from rnn_research.tasks import TASKS
from rnn_research.tasks.base import Batch, Findings, Goal, Inputs, Mean, Seen, Target, Task, Terms, averages, conclude
from rnn_research.tasks.bucketed import cut_steps
from rnn_research.tasks.measures import weighted
from rnn_research.tasks.synthetic import synthetic, whole
from rnn_research.training.event import Event

LETTERS = "abcd"
END = len(LETTERS)
WORDS = ("the", *(first + second for first in LETTERS for second in LETTERS))
SPELLED = 2  # characters of a word; those of ``the`` are no letters


class Tokens(NamedTuple):
    """``words [batch, time]``, ``characters [batch, time, SPELLED]``."""

    words: Any
    characters: Any


class Written(NamedTuple):
    """``ids [batch, steps]``, each row its own length and ``END`` from there on; ``lengths [batch]`` count one END."""

    ids: Any
    lengths: Any


def acronym(length: int = 4) -> Task:
    """The first letters of a phrase's words, ``the`` left out.

    Baseline: letters drawn uniformly, an acronym of every length.

    Args:
      length: words of the longest phrase, at least 2.

    Raises:
      ValueError: too short.
    """
    if length < 2:
        raise ValueError(f"acronym needs length 2 or more, not {length}")

    def make(key, size):
        draws = jax.random.uniform(key, (size, length + 1))
        words = whole(draws[:, :length], 0, len(WORDS))
        lengths = whole(draws[:, length], 1, length + 1)
        counts = (words > 0) & (jnp.arange(length)[None] < lengths[:, None])
        letters = jnp.where(counts, (words - 1) // len(LETTERS), END)
        order = jnp.argsort(~counts, axis=1, stable=True)
        ids = jnp.pad(jnp.take_along_axis(letters, order, axis=1), ((0, 0), (0, 1)), constant_values=END)
        spelled = jnp.stack([(words - 1) // len(LETTERS), (words - 1) % len(LETTERS)], axis=-1)
        characters = jnp.where(words[..., None] > 0, spelled, END)
        return Batch(Tokens(words, characters), Written(ids, 1 + counts.sum(axis=1)), jnp.ones(size), lengths)

    chance = (length + 1) * float(np.log(END + 1))
    return Task(
        data=synthetic(make)._replace(codec=Labels((*LETTERS, "end")), times=(length // 2, length), cut=cut_steps),
        inputs=Inputs("spelled words", (len(WORDS), END + 1), length),
        target=Target("letters", END + 1, each_step=False, names=(*LETTERS, "end"), time=length + 1),
        goal=Goal("exact", "higher", {"exact": 0.0, "loss": chance, "distance": length / 2}, perfect=1.0),
        measure=lambda terms, batch: {
            "loss": weighted(terms.loss, terms.weight),
            "loss_per_letter": Mean(
                weighted(terms.loss, terms.weight).total, weighted(batch.targets.lengths, terms.weight).total
            ),
        },
        score=whole_answers,
    )


def whole_answers(seen: dict[str, Seen]) -> Findings:
    """The share of acronyms that are right as a whole, the mean edit distance, and how long answers are."""
    examples, found = seen["test"].examples, seen["test"].answers()
    count = examples.weights > 0
    pairs = [
        (tuple(ids[: length - 1]), tuple(answer[: answered - 1]))
        for ids, length, answer, answered in zip(
            examples.targets.ids[count], examples.targets.lengths[count], found.ids[count], found.lengths[count]
        )
    ]
    lengths = np.zeros((examples.targets.ids.shape[-1],) * 2)
    for target, answer in pairs:
        lengths[len(target), len(answer)] += 1
    numbers = {
        "exact": float(np.mean([target == answer for target, answer in pairs])),
        "distance": float(np.mean([edit_distance(target, answer) for target, answer in pairs])),
    }
    names = tuple(map(str, range(len(lengths))))
    exhibit = Matrix("answered_lengths", "Lengths of answers", lengths, names, names, "answered", "target")
    return Findings(numbers, (exhibit,))


def edit_distance(a: tuple, b: tuple) -> int:
    """Insertions, deletions and substitutions (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def spelled_words(config, inputs: Inputs) -> Embedding:
    """A word's vector and the mean of its characters' vectors, side by side."""
    width = config.embedding or 4

    def init(key):
        keys = jax.random.split(key)
        return {
            name: 0.1 * jax.random.normal(key, (size, width))
            for name, key, size in zip(("words", "characters"), keys, inputs.size)
        }

    def apply(params, tokens):
        spelled = params["characters"][tokens.characters].mean(axis=-2)
        return jnp.concatenate([params["words"][tokens.words], spelled], axis=-1)

    return Embedding(2 * width, init, apply)


def letters(config: ModelConfig, target: Target, beams: int = 3) -> Head:
    """An Elman decoder that begins with the features of the last step, fed the letter before; no letter but ``END``
    follows an ``END``. The loss is the sequence's ``−ln p``; answers are found by beam search."""
    size, steps = target.size, target.time

    def init(key, width):
        keys = jax.random.split(key)
        return {
            "cell": CELLS["elman"](width).init(keys[0], size),
            "output": init_dense(size, config)(keys[1], width),
        }

    def advance(params, state, ids):
        """``(state, ln p of the next letter)`` after reading ``ids``, of any leading axes."""
        width = params["cell"]["bias"].shape[0]
        before = jnp.zeros((*ids.shape, size)) + jax.nn.one_hot(ids, size)
        state, features = CELLS["elman"](width).step(
            params["cell"] | {"bias": params["cell"]["bias"][None]}, state, before
        )
        return state, jax.nn.log_softmax(dense(params["output"], features))

    def first(features):
        return CELLS["elman"](features.shape[-1]).initial_state()._replace(hidden=features)

    def terms(params, read, batch, noise):
        targets: Written = batch.targets
        fed = jnp.pad(targets.ids[:, :-1], ((0, 0), (1, 0)), constant_values=END)
        _, scores = jax.lax.scan(partial(advance, params), first(read.pooled), fed.T)
        scores = jnp.swapaxes(scores, 0, 1)
        counts = (jnp.arange(targets.ids.shape[1])[None] < targets.lengths[:, None]) & (batch.weights > 0)[:, None]
        nats = -jnp.take_along_axis(jnp.where(counts[..., None], scores, 0), targets.ids[..., None], axis=-1)[..., 0]
        right = (~counts | (scores.argmax(axis=-1) == targets.ids)).all(axis=1)
        return Terms(nats.sum(axis=1), batch.weights, right)

    def answer(params, read, batch):
        return jax.vmap(partial(search, params))(read.pooled)

    def search(params, features):
        ended = jnp.where(jnp.arange(size) == END, 0.0, -jnp.inf)

        def step(kept, number):
            state, total, ids = kept
            last = jnp.where(number == 0, END, ids[:, number - 1])
            state, scores = advance(params, state, last)
            over = (last == END) & (number > 0)
            totals = total[:, None] + jnp.where(over[:, None], ended[None], scores)
            total, best = jax.lax.top_k(totals.reshape(-1), beams)
            origin, letter = best // size, best % size
            ids = ids[origin].at[:, number].set(letter)
            return (jax.tree.map(lambda leaf: leaf[origin], state), total, ids), None

        state = first(jnp.broadcast_to(features, (beams, features.shape[-1])))
        total = jnp.where(jnp.arange(beams) == 0, 0.0, -jnp.inf)
        (_, _, ids), _ = jax.lax.scan(step, (state, total, jnp.full((beams, steps), END)), jnp.arange(steps))
        return Written(ids[0], jnp.minimum((ids[0] != END).sum() + 1, steps))

    return Head(init, terms, answer)


def running(momentum: float = 0.9) -> Norm:
    """Batch norm without scale and shift: in training by the moments of the batch, else by their running means."""

    def moments(features, valid):
        valid = jnp.ones(features.shape[:2], bool) if valid is None else valid
        total = jnp.maximum(valid.sum(), 1)
        masked = jnp.where(valid[..., None], features, 0)
        mean = masked.sum(axis=(0, 1)) / total
        squares = jnp.where(valid[..., None], (features - mean[None, None]) ** 2, 0)
        return mean, squares.sum(axis=(0, 1)) / total

    def apply(params, statistics, features, valid, total):
        if total is not None:
            used = moments(features, valid)
            statistics = jax.tree.map(lambda old, new: momentum * old + (1 - momentum) * new, statistics, used)
        else:
            used = statistics
        return (features - used[0][None, None]) / jnp.sqrt(used[1][None, None] + 1e-3), statistics

    return Norm(lambda key, width: {}, lambda width, time: (jnp.zeros(width), jnp.ones(width)), apply)


def first_word() -> Kind:
    """The commonest target after every first word: a baseline that is learned."""

    def make(config, task: Task, devices) -> Learner:
        if task.target.head != "letters":
            raise ValueError(f"learner first_word is for acronyms, not for task {config.task.name!r}")

        def run(configs, starts=None, *, test=True, due=None, stopping=lambda: False) -> Iterator[Event]:
            for index, trial in enumerate(configs):
                if stopping():
                    yield from (Event(later, "paused", 0, {}) for later in range(index, len(configs)))
                    return
                state = count(trial, task)
                means = {split: score(state, task, split, trial) for split in ("valid", *task.data.tested)}
                yield Event(index, "started", 0, {"valid": means["valid"]})
                seen = {
                    split: Seen(means[split], partial(answer_in_batches, state, task, split, trial), batches)
                    for split in task.data.tested
                    for batches in [task.data.held_out(split, trial.train.test_examples)]
                }
                found = conclude(task, seen) if test else Findings({})
                rows = {"test": found.numbers} if test else {}
                best = 0, means["valid"]["loss"]
                yield Event(index, "done", 0, rows, found.exhibits, state=state, best=best)

        return Learner({"entries": len(WORDS)}, 0.0, None, run, of, None, Subject(config, task))

    def of(state) -> Trained:
        return Trained(lambda batch: _answer(state, batch), None)

    return Kind(make, lambda config, inputs, target, arrays: of(arrays))


def count(config, task: Task) -> dict[str, np.ndarray]:
    """Of each first word, or none seen, the commonest target; and how often each was right, one added."""
    key = jax.random.fold_in(jax.random.key(config.seed), 1)
    drawn = jax.jit(jax.vmap(lambda step: task.data.train(task.data.arrays, key, step, config.train.batch)))(
        jnp.arange(max(config.train.steps, 1))
    )
    words, ids = (np.asarray(leaf) for leaf in (drawn.inputs.words, drawn.targets.ids))
    words, ids = words.reshape(-1, words.shape[-1]), ids.reshape(-1, ids.shape[-1])
    table, shares = np.full((len(WORDS), ids.shape[1]), END, np.int32), np.full(len(WORDS), 0.5)
    for word in set(words[:, 0].tolist()):
        found, times = np.unique(ids[words[:, 0] == word], axis=0, return_counts=True)
        table[word], shares[word] = found[times.argmax()], (times.max() + 1) / (times.sum() + 2)
    return {"table": table, "shares": shares}


def _answer(state, batch: Batch) -> Written:
    ids = state["table"][np.asarray(batch.inputs.words)[..., 0]]
    return Written(ids, np.minimum((ids != END).sum(axis=-1) + 1, ids.shape[-1]))


def answer_in_batches(state, task: Task, split: str, config) -> Written:
    return _answer(state, task.data.held_out(split, config.train.test_examples))


def score(state, task: Task, split: str, config) -> dict[str, float]:
    """What is left of the probability goes to all other answers alike."""
    examples = config.train.valid_examples if split == "valid" else config.train.test_examples
    batches = task.data.held_out(split, examples)
    right = (_answer(state, batches).ids == batches.targets.ids).all(axis=-1)
    shares = state["shares"][batches.inputs.words[..., 0]]
    others = float(END + 1) ** batches.targets.ids.shape[-1]
    terms = Terms(-np.log(np.where(right, shares, (1 - shares) / others)), batches.weights, right)
    return {name: float(value) for name, value in averages(task, task.measure(terms, batches)).items()}


def kernel(every: int = 0) -> Probe:
    """The lowest layer's recurrent kernel as a picture, and its norm.

    Args:
      every: updates between two looks; see ``first_last_and_every``.
    """

    def make(subject: Subject):
        network_of(subject, "kernel")

        def look(weights) -> Findings:
            found = np.asarray(weights.params["recurrent"][0]["recurrent_kernel"])
            exhibit = Matrix("kernel", "The recurrent kernel", found, xlabel="to", ylabel="from")
            return Findings({"kernel_norm": float(np.linalg.norm(found))}, (exhibit,))

        return look

    return Probe(
        lambda config, step: first_last_and_every(config, step, every),
        make,
        lambda subject: void(network_of(subject, "kernel")),
    )


def void(value: Any) -> None:
    del value


TASKS["acronym"] = acronym
HEADS["letters"] = letters
EMBEDDINGS["spelled words"] = spelled_words
NORMS["running"] = running
LEARNERS["first_word"] = first_word
PROBES["kernel"] = kernel
