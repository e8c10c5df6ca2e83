"""PyTorch's own modules: ``python -m benchmarks.peers.pytorch THREADS``."""

import sys
from typing import Any

import torch
from torch import nn

from benchmarks.peers.worker import Form, Job, Run, fastest, serve

CELLS = {"elman": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def adding(batch: int, time: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch of the adding problem: inputs ``[time, batch, 2]`` and targets ``[batch]``."""
    values = torch.rand(time, batch)
    marks = torch.zeros(time, batch)
    marks.scatter_(0, torch.randint(0, time // 2, (1, batch)), 1.0)
    marks.scatter_(0, torch.randint(time // 2, time, (1, batch)), 1.0)
    return torch.stack([values, marks], dim=-1), (values * marks).sum(dim=0)


def make_step(job: Job, **adam: Any) -> Run:
    """One training step; time is the leading axis, PyTorch's default and its faster layout."""
    recurrent, head = CELLS[job.cell](2, job.hidden), nn.Linear(job.hidden, 1)
    params = [*recurrent.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(params, lr=1e-3, **adam)

    def step():
        inputs, targets = adding(job.batch, job.time)
        outputs, _ = recurrent(inputs)
        loss = ((head(outputs[-1])[:, 0] - targets) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, 1.0, foreach=True)
        optimizer.step()
        return 1

    return step


def prepare(job: Job) -> Form:
    """A training step with whichever form of Adam is the faster here."""
    return fastest({name: make_step(job, **{name: True}) for name in ("fused", "foreach")})


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    serve(prepare)
