"""Tasks: one file each. A new task is a file here and a line in ``TASKS``."""

from rnn_research.tasks.adding import adding
from rnn_research.tasks.base import Batch, Data, Findings, Goal, Inputs, Mean, Seen, Target, Task, Terms
from rnn_research.tasks.copy_memory import copy_memory
from rnn_research.tasks.language_model import language_model
from rnn_research.tasks.recall_first import recall_first
from rnn_research.tasks.sequential_images import sequential_digits, sequential_mnist
from rnn_research.tasks.temporal_order import temporal_order

TASKS = {
    "adding": adding,
    "copy_memory": copy_memory,
    "temporal_order": temporal_order,
    "recall_first": recall_first,
    "sequential_digits": sequential_digits,
    "sequential_mnist": sequential_mnist,
    "language_model": language_model,
}

__all__ = ["TASKS", "Batch", "Data", "Findings", "Goal", "Inputs", "Mean", "Seen", "Target", "Task", "Terms"]
