"""PyTorch's language models: ``python -m benchmarks.peers.pytorch_language THREADS [--compile]``.

Trained with ``torch.nn``'s own modules; with ``--compile``, also with what ``torch.compile`` makes of them. Texts are
drawn by a loop over ``nn.LSTM`` or ``nn.LSTMCell``. Of all forms, the fastest here counts.
"""

import sys
from collections.abc import Callable
from itertools import product
from typing import Any

import torch
from torch import nn

from benchmarks.peers.language import CLIP_NORM, Job, zipf
from benchmarks.peers.worker import Form, Run, fastest, serve

Logits = torch.Tensor
COMPILED = {"fused, loss compiled": ("loss",), "fused, all compiled": ("forward", "loss")}


class Network(nn.Module):
    """An embedding, of the beginning of a text too, LSTM layers and a dense head; time leads, as PyTorch prefers."""

    def __init__(self, job: Job):
        super().__init__()
        self.embedding = nn.Embedding(job.vocabulary + 1, job.embedding)
        self.recurrent = nn.LSTM(job.embedding, job.hidden, job.layers)
        self.head = nn.Linear(job.hidden, job.vocabulary)

    def forward(self, ids, state=None):
        """``[time, batch]`` ids to features ``[time, batch, hidden]``, and the state after them."""
        return self.recurrent(self.embedding(ids), state)

    def loss(self, features, targets):
        """In nats per token."""
        return nn.functional.cross_entropy(self.head(features).flatten(0, 1), targets.flatten())


def prepare(job: Job) -> Form:
    return {"training": training, "sampling": sampling}[job.work](job)


def training(job: Job) -> Form:
    forms = {"foreach": make_step(job, foreach=True), "fused": make_step(job, fused=True)}
    for name, parts in COMPILED.items() if "--compile" in sys.argv else ():
        step = make_step(job, parts, fused=True)
        try:
            step()
        except Exception as error:  # whatever its compilers raise
            print("torch.compile fails here and is left out:", str(error).partition("\n")[0])
        else:
            forms[name] = step
    return fastest(forms)


def make_step(job: Job, compiled: tuple[str, ...] = (), **options: Any) -> Run:
    """One training step on the next ``time`` tokens of every row; the state is carried over."""
    network: Any = Network(job)
    for part in compiled:
        setattr(network, part, torch.compile(getattr(network, part)))
    params = list(network.parameters())
    optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[job.optimizer](
        params, lr=job.learning_rate, **options
    )
    ids = torch.from_numpy(zipf(job.vocabulary))
    rows = ids[: len(ids) // job.batch * job.batch].view(job.batch, -1).T.contiguous()
    place, state = 0, None

    def step():
        nonlocal place, state
        inputs, targets = rows[place : place + job.time], rows[place + 1 : place + job.time + 1]
        place = (place + job.time) % (len(rows) - job.time)
        features, state = network(inputs, state)
        state = tuple(part.detach() for part in state)
        loss = network.loss(features, targets)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, CLIP_NORM, foreach=True)
        optimizer.step()
        return inputs.numel()

    return step


def sampling(job: Job) -> Form:
    """Every way to make a step with every way to draw from its logits; the first id begins a text."""
    network = Network(job)
    steps = {"nn.LSTM": by_module(network), "nn.LSTMCell": by_cells(network)}
    draws = {"multinomial": multinomial, "exponential": exponential, "cumulative sum": cumulative}
    forms = {}
    for (step_name, step), (draw_name, draw) in product(steps.items(), draws.items()):
        forms[f"{step_name}, {draw_name}"] = make_text(job, step, draw)
    return fastest(forms)


def make_text(job: Job, step: Callable, draw: Callable[[Logits], torch.Tensor]) -> Run:
    """Texts of ``time`` tokens, ``[time, batch]``."""
    text = torch.empty(job.time, job.batch, dtype=torch.long)

    def run():
        with torch.inference_mode():
            ids, state = torch.full((job.batch,), job.vocabulary), None
            for t in range(job.time):
                logits, state = step(ids, state)
                ids = text[t] = draw(logits)
        return text.numel()

    return run


def by_module(network: Network) -> Callable:
    """``(ids [batch], state) -> (logits [batch, vocabulary], state)`` by ``nn.LSTM`` over one step."""

    def step(ids, state):
        features, state = network(ids[None], state)
        return network.head(features[0]), state

    return step


def by_cells(network: Network) -> Callable:
    """The same by an ``nn.LSTMCell`` for each layer, with the same weights."""
    layers = network.recurrent
    cells = [nn.LSTMCell(layers.input_size, layers.hidden_size)]
    cells += [nn.LSTMCell(layers.hidden_size, layers.hidden_size) for _ in range(layers.num_layers - 1)]
    for depth, cell in enumerate(cells):
        cell.load_state_dict({name: getattr(layers, f"{name}_l{depth}") for name in cell.state_dict()})

    def step(ids, state):
        x, after = network.embedding(ids), []
        for cell, before in zip(cells, state or [None] * len(cells), strict=True):
            after.append(cell(x, before))
            x = after[-1][0]
        return network.head(x), after

    return step


def multinomial(logits: Logits) -> torch.Tensor:
    return torch.multinomial(torch.softmax(logits, -1), 1)[:, 0]


def exponential(logits: Logits) -> torch.Tensor:
    """The first of exponential clocks to ring, which is what ``multinomial`` does, without its checks."""
    return torch.softmax(logits, -1).div_(torch.empty_like(logits).exponential_()).argmax(-1)


def cumulative(logits: Logits) -> torch.Tensor:
    """The inverse of the cumulative sum."""
    sums = torch.softmax(logits, -1).cumsum(-1)
    found = torch.searchsorted(sums, torch.rand(len(sums), 1) * sums[:, -1:], right=True)
    return found[:, 0].clamp_(max=logits.shape[-1] - 1)


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    serve(prepare, Job)
