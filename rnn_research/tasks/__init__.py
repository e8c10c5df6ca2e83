"""Tasks: one file each. A new task is a file here and a line in ``TASKS``."""

from rnn_research.tasks.adding import adding
from rnn_research.tasks.adding_1997 import adding_1997
from rnn_research.tasks.addition import addition
from rnn_research.tasks.base import Batch, Data, Findings, Goal, Inputs, Mean, Seen, Target, Task, Terms
from rnn_research.tasks.code_comments import code_comments
from rnn_research.tasks.copy_memory import copy_memory
from rnn_research.tasks.counter_language import counter_language
from rnn_research.tasks.dates import dates
from rnn_research.tasks.digit_rows import digit_rows
from rnn_research.tasks.embedded_reber import embedded_reber
from rnn_research.tasks.handwriting import handwriting, pen_lines
from rnn_research.tasks.language_model import language_model
from rnn_research.tasks.lemmatisation import lemmatisation
from rnn_research.tasks.mnist_1d import mnist_1d
from rnn_research.tasks.multiplication import multiplication
from rnn_research.tasks.named_entities import named_entities
from rnn_research.tasks.parity import parity
from rnn_research.tasks.pen_digits import pen_digit_classes
from rnn_research.tasks.pen_drawing import pen_drawing
from rnn_research.tasks.permutations import permutations
from rnn_research.tasks.piano_rolls import piano_rolls
from rnn_research.tasks.pronunciation import pronunciation
from rnn_research.tasks.recall_first import recall_first
from rnn_research.tasks.scan import scan
from rnn_research.tasks.sentence_model import sentence_model
from rnn_research.tasks.sequential_images import sequential_digits, sequential_mnist
from rnn_research.tasks.string_operations import string_operations
from rnn_research.tasks.style import style
from rnn_research.tasks.symbols import symbols
from rnn_research.tasks.tagging import tagging
from rnn_research.tasks.temporal_order import temporal_order
from rnn_research.tasks.text_classification import text_classification
from rnn_research.tasks.translation import translation
from rnn_research.tasks.two_sequences import two_sequences

TASKS = {
    "adding": adding,
    "adding_1997": adding_1997,
    "copy_memory": copy_memory,
    "temporal_order": temporal_order,
    "recall_first": recall_first,
    "multiplication": multiplication,
    "two_sequences": two_sequences,
    "embedded_reber": embedded_reber,
    "parity": parity,
    "permutations": permutations,
    "counter_language": counter_language,
    "sequential_digits": sequential_digits,
    "sequential_mnist": sequential_mnist,
    "mnist_1d": mnist_1d,
    "language_model": language_model,
    "sentence_model": sentence_model,
    "piano_rolls": piano_rolls,
    "pen_digits": pen_digit_classes,
    "pen_drawing": pen_drawing,
    "digit_rows": digit_rows,
    "tagging": tagging,
    "text_classification": text_classification,
    "handwriting": handwriting,
    "pen_lines": pen_lines,
    "named_entities": named_entities,
    "translation": translation,
    "string_operations": string_operations,
    "style": style,
    "lemmatisation": lemmatisation,
    "addition": addition,
    "dates": dates,
    "symbols": symbols,
    "code_comments": code_comments,
    "pronunciation": pronunciation,
    "scan": scan,
}

__all__ = ["TASKS", "Batch", "Data", "Findings", "Goal", "Inputs", "Mean", "Seen", "Target", "Task", "Terms"]
