"""PyTorch's own modules: ``python -m benchmarks.peers.pytorch THREADS [--device=cuda]``.

On a GPU a dispatch is as many steps as jax makes in one, and is waited for at its end.
"""

import argparse
from functools import partial
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


def captured(job: Job) -> Run:
    """The step as one CUDA graph, so that the processor need not launch its kernels one by one."""
    step = make_step(job, fused=True, capturable=True)
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):  # what is made once must be made before
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()

    def replay():
        graph.replay()
        return 1

    return replay


def dispatched(step: Run, count: int) -> Run:
    """So many steps in the GPU's queue, and the wait for them."""

    def run():
        for _ in range(count):
            step()
        torch.cuda.synchronize()
        return count

    return run


def prepare(job: Job, device: str) -> Form:
    """A training step by whichever form is the fastest here: of Adam, and on a GPU of how steps are launched."""
    forms = {name: make_step(job, **{name: True}) for name in ("fused", "foreach")}
    if device == "cuda":
        forms = {name: dispatched(step, job.chunk) for name, step in {**forms, "graph": captured(job)}.items()}
    return fastest(forms)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("threads", type=int)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_default_device(args.device)
    serve(partial(prepare, device=args.device))
