"""Products of matrices whose derivatives are fast on a CPU.

There XLA multiplies by a matrix laid out as it is read faster than by the transpose of one, which backpropagation asks
for (``∂L/∂W = xᵀ δ``); see docs/performance.md.
"""

import jax


def transposed(matrix: jax.Array) -> jax.Array:
    """``matrix.T``, written out: XLA may not merge it into the product that reads it."""
    return jax.lax.optimization_barrier(matrix.T)


@jax.custom_jvp
def matmul(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """``x @ kernel``, ``[n, features] @ [features, outputs]``, by whose derivative ``xᵀ`` is written out."""
    return x @ kernel


@matmul.defjvp
def _tangent(primals, tangents):
    (x, kernel), (of_x, of_kernel) = primals, tangents
    # (xᵀ)ᵀ ∂W: what reverse differentiation transposes into xᵀ δ.
    by_kernel = jax.lax.dot_general(transposed(x), of_kernel, (((0,), (0,)), ((), ())))
    return x @ kernel, of_x @ kernel + by_kernel
