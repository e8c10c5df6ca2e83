"""Steps of cells in NumPy, one gate at a time."""

import numpy as np

from tests.support.cells import HIDDEN


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def block(params, k):
    """W, U and b of gate k, as matrices that stand before their vector."""
    columns = slice(k * HIDDEN, (k + 1) * HIDDEN)
    return params["input_kernel"][:, columns].T, params["recurrent_kernel"][:, columns].T, params["bias"][columns]


def numpy_elman(f):
    def step(params, state, x):
        w, u, b = block(params, 0)
        h = f(w @ x + u @ state[0] + b)
        return (h,), h

    return step


def numpy_lstm(params, state, x):
    h, c = state
    (wi, ui, bi), (wf, uf, bf), (wg, ug, bg), (wo, uo, bo) = (block(params, k) for k in range(4))
    i, f, o = sigmoid(wi @ x + ui @ h + bi), sigmoid(wf @ x + uf @ h + bf), sigmoid(wo @ x + uo @ h + bo)
    c = f * c + i * np.tanh(wg @ x + ug @ h + bg)
    h = o * np.tanh(c)
    return (h, c), h


def numpy_lstm_1997(params, state, x):
    """Two blocks of two cells, unit by unit, with the squashing functions as the paper writes them."""
    h, c, gates = state
    read = np.concatenate([x, h, gates])
    weights = np.concatenate([params["input_kernel"], params["recurrent_kernel"]])
    net = [weights[:, unit] @ read + params["bias"][unit] for unit in range(8)]
    gates = np.array([sigmoid(net[unit]) for unit in range(4)])  # input gates of both blocks, their output gates
    c = np.array([c[v] + gates[v // 2] * (4 * sigmoid(net[4 + v]) - 2) for v in range(4)])
    h = np.array([gates[2 + v // 2] * (2 * sigmoid(c[v]) - 1) for v in range(4)])
    return (h, c, gates), h


def numpy_gru_reset_after(params, state, x):
    h = state[0]
    (wr, ur, br), (wz, uz, bz), (wn, un, bn) = (block(params, k) for k in range(3))
    r, z = sigmoid(wr @ x + ur @ h + br), sigmoid(wz @ x + uz @ h + bz)
    n = np.tanh(wn @ x + bn + r * (un @ h + params["candidate_bias"]))
    h = (1 - z) * n + z * h
    return (h,), h


def numpy_gru_reset_before(params, state, x):
    h = state[0]
    (wr, ur, br), (wz, uz, bz), (wn, un, bn) = (block(params, k) for k in range(3))
    r, z = sigmoid(wr @ x + ur @ h + br), sigmoid(wz @ x + uz @ h + bz)
    n = np.tanh(wn @ x + bn + un @ (r * h))
    h = (1 - z) * h + z * n
    return (h,), h
