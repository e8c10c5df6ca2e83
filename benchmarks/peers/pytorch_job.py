"""An experiment in PyTorch: ``python -m benchmarks.peers.pytorch_job ARMS.json [--sample=K] [--compile=CELLS]``.

Worker processes of one thread each, one for each core, take trials from a queue: the pilots of every arm, then, as soon
as an arm's pilots have ended and no more are wanted, the runs with the rate that they chose. ``torch.nn``'s own
modules; the fused Adam.

``--sample=K`` trains every K-th pilot of the first round and every K-th run of each arm. ``--compile=gru,elman``
compiles the networks of these cells.

Prints the table of test scores, then a line of JSON: the seconds of all trials together, and of each trial its arm's
number, stage, seed, steps, rate, lowest validation loss, test score and seconds.
"""

import argparse
import copy
import json
import math
import multiprocessing
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch._dynamo
from torch import nn
from torch.nn import functional

from benchmarks.peers.pytorch_tasks import TASKS, Batch, Task
from benchmarks.peers.trials import Arm, Trial, by_loss, mains, next_pilots
from rnn_research.cores import available_cores

CELLS = {"elman": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
HELD_OUT_SEED = {"valid": 1, "test": 2}  # the same for all trials
LARGEST = 256  # examples of a batch that is scored


class Outcome(NamedTuple):
    """What a trial came to: its lowest validation loss, the test metric of those parameters, and its seconds."""

    loss: float
    score: float
    seconds: float


class Network(nn.Module):
    """A recurrent layer, its kernels orthogonal gate by gate, and a dense head."""

    def __init__(self, arm: Arm, task: Task):
        super().__init__()
        self.recurrent = CELLS[arm.cell](task.features, arm.hidden)
        self.head = nn.Linear(arm.hidden, task.outputs)
        self.each_step = task.each_step
        nn.init.zeros_(self.recurrent.bias_ih_l0)
        nn.init.zeros_(self.recurrent.bias_hh_l0)
        nn.init.zeros_(self.head.bias)
        for kernel in self.recurrent.weight_hh_l0.split(arm.hidden):
            nn.init.orthogonal_(kernel)
        for kernel in self.recurrent.weight_ih_l0.split(arm.hidden):
            nn.init.xavier_uniform_(kernel)
        if arm.cell != "elman":  # the LSTM's forget gate and the GRU's update gate both come second
            with torch.no_grad():
                self.recurrent.bias_ih_l0[arm.hidden : 2 * arm.hidden] = arm.memory_bias

    def forward(self, inputs):
        """``[time, batch, features]`` to ``[batch, outputs]``, or ``[time, batch, outputs]``."""
        outputs, _ = self.recurrent(inputs)
        return self.head(outputs if self.each_step else outputs[-1])


def loss_of(network: nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean loss, and the outputs."""
    inputs, targets = batch
    outputs = network(inputs)
    if outputs.shape[-1] == 1:
        return functional.mse_loss(outputs[:, 0], targets), outputs
    return functional.cross_entropy(outputs.flatten(0, -2), targets.flatten()), outputs


@torch.inference_mode()
def evaluate(network: nn.Module, task: Task, batches: Sequence[Batch]) -> dict[str, float]:
    """Loss and accuracy over batches."""
    loss = right = count = 0.0
    for batch in batches:
        mean, outputs = loss_of(network, batch)
        size = batch[1].numel()
        loss, count = loss + mean.item() * size, count + size
        if task.outputs > 1:
            right += (outputs.argmax(-1) == batch[1]).sum().item()
    return {"loss": loss / count, "accuracy": right / count}


@cache
def task_of(name: str, options: str) -> Task:
    return TASKS[name](**json.loads(options))


@cache
def held_out(name: str, options: str, split: str, examples: int) -> list[Batch]:
    """The first examples of a split, fewer where it is smaller, in batches."""
    generator = torch.Generator().manual_seed(HELD_OUT_SEED[split])
    take = task_of(name, options).batches(split, generator)
    sizes = [min(LARGEST, examples - done) for done in range(0, examples, LARGEST)]
    return [batch for batch in map(take, sizes) if batch[1].numel()]


def compile_network(network: Network) -> Any:
    """``torch.compile`` of the whole network, its loop over time unrolled; networks of one shape share the result."""
    torch._dynamo.config.allow_rnn = True
    return torch.compile(network, dynamic=False)


def train(trial: Trial, compiled: bool = False) -> Outcome:
    """Train one trial; what its best parameters on validation score on test, unless it is a pilot."""
    started = time.perf_counter()
    arm, key = trial.arm, (trial.arm.task, json.dumps(trial.arm.options))
    task = task_of(*key)
    torch.manual_seed(trial.seed)
    network = Network(arm, task)
    run: Any = compile_network(network) if compiled else network
    params = list(network.parameters())
    optimizer = torch.optim.Adam(params, lr=trial.rate, fused=True)
    take = task.batches("train", torch.Generator().manual_seed(trial.seed))
    best, weights = math.inf, network.state_dict()
    for step in range(1, trial.steps + 1):
        loss, _ = loss_of(run, take(arm.batch))
        optimizer.zero_grad()
        loss.backward()
        if arm.clip_norm:
            nn.utils.clip_grad_norm_(params, arm.clip_norm, foreach=True)
        optimizer.step()
        if step % arm.eval_every == 0:
            found = evaluate(network, task, held_out(*key, "valid", arm.valid))["loss"]
            if found < best:
                best, weights = found, copy.deepcopy(network.state_dict())
    score = math.nan
    if trial.stage == "main":
        network.load_state_dict(weights)
        score = evaluate(network, task, held_out(*key, "test", arm.test))[task.metric]
    return Outcome(best, score, time.perf_counter() - started)


def run_all(arms: Sequence[Arm], every: int, compiled: Sequence[str]) -> dict[tuple, Outcome]:
    """All trials of all arms, by (number of the arm, stage, seed, steps, rate)."""
    done: dict[tuple, Outcome] = {}
    waiting: dict[Future, tuple[int, Trial]] = {}
    # Forked, so that torch is imported once; no thread of its own has run yet.
    forks = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(available_cores(), forks, torch.set_num_threads, (1,)) as pool:

        def submit(number: int) -> None:
            """What comes next of an arm."""
            arm, ended = arms[number], {key: one for key, one in done.items() if key[0] == number}
            losses = {(key[4], key[2]): one.loss for key, one in ended.items() if key[1] == "pilot"}
            trials = [] if losses and every > 1 else next_pilots(arm, losses)
            if not trials and not any(key[1] == "main" for key in ended):
                trials = mains(arm, by_loss(losses)[0] if losses else arm.rates[0])
            for trial in trials[::every]:
                waiting[pool.submit(train, trial, arm.cell in compiled)] = number, trial

        for number in range(len(arms)):
            submit(number)
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                number, trial = waiting.pop(future)
                done[number, *trial[1:]] = future.result()
                if not any(at == number for at, _ in waiting.values()):
                    submit(number)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arms", type=Path)
    parser.add_argument("--sample", type=int, default=1)
    parser.add_argument("--compile", type=lambda text: text.split(","), default=[])
    args = parser.parse_args()
    arms = [Arm(**arm) for arm in json.loads(args.arms.read_text())]
    started = time.perf_counter()
    done = run_all(arms, args.sample, args.compile)
    training = time.perf_counter() - started
    for number, arm in enumerate(arms):
        scores = [outcome.score for key, outcome in done.items() if key[:2] == (number, "main")]
        rate = next(key[4] for key in done if key[:2] == (number, "main"))
        spread = statistics.stdev(scores) if len(scores) > 1 else math.nan
        print(f"{arm.label:40} {statistics.mean(scores):10.4g} ± {spread:<10.3g} n={len(scores)}  rate {rate:g}")
    trials = [[*key, *outcome] for key, outcome in done.items()]
    print(json.dumps({"training": training, "trials": trials}))


if __name__ == "__main__":
    main()
