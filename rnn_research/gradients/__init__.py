"""What backpropagation does through time: how errors fade or grow on their way back, and what can be done about it.

Every tool takes any cell (``gradient_norms``, ``step_jacobians``), so a model's ``model.cell`` too, and
``decay_curves`` takes a model with its task.
"""

from rnn_research.gradients.decay import decay_curves, half_life, log10_kept
from rnn_research.gradients.jacobians import (
    Product,
    log_product_norms,
    lyapunov_exponents,
    product,
    singular_values,
    spectral_norms,
    step_jacobians,
)
from rnn_research.gradients.norms import GradientNorms, gradient_norms, vector_norm
from rnn_research.gradients.penalties import elman_slopes, omega, orthogonality, weight_norm
from rnn_research.gradients.textbook import textbook_bptt

__all__ = [
    "GradientNorms",
    "Product",
    "decay_curves",
    "elman_slopes",
    "gradient_norms",
    "half_life",
    "log10_kept",
    "log_product_norms",
    "lyapunov_exponents",
    "omega",
    "orthogonality",
    "product",
    "singular_values",
    "spectral_norms",
    "step_jacobians",
    "textbook_bptt",
    "vector_norm",
    "weight_norm",
]
