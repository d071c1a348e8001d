"""Rules that look at a whole weight matrix: its sign, its norm, its factors, its directions."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import optax

from descend.optimizers.adam import Adam
from descend.optimizers.optimizer import Memory, Optimizer, by_leaf, unbias, zeros
from descend.spec import check_choice, check_integer, check_number

__all__ = ["Adafactor", "LAMB", "Lion", "Muon"]


@dataclass(frozen=True)
class Lion(Optimizer):
    """theta <- theta - lr (sign(b1 m + (1 - b1) g) + weight_decay theta);  m <- b2 m + (1 - b2) g.

    Every weight moves by lr, whatever its gradient: take a rate 3 to 10 times smaller than for
    `AdamW`, and a decay as much larger. The decay is for leaves called ``weight``.

    Parameters
    ----------
    beta1, beta2 : float
        b1 and b2, at least 0 and below 1.
    weight_decay : float
        At least 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Chen et al. (2023), Symbolic discovery of optimization algorithms.

    Examples
    --------
    >>> rule = Lion().transformation()
    >>> g = jnp.array([100.0, -0.01, 0.0])
    >>> step, state = rule.update(g, rule.init(g), g, learning_rate=0.1)
    >>> print(step)
    [-0.1  0.1 -0. ]
    """

    learning_rate: float = 1e-4
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "beta1", at_least=0, below=1)
        check_number(self, "beta2", at_least=0, below=1)
        check_number(self, "weight_decay", at_least=0)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def step(g, p, memory, now):
            direction = jnp.sign(self.beta1 * memory["mean"] + (1 - self.beta1) * g)
            if now.is_weight and self.weight_decay:
                direction = direction + self.weight_decay * p
            mean = self.beta2 * memory["mean"] + (1 - self.beta2) * g
            return -now.learning_rate * direction, {"mean": mean}

        return by_leaf(step, zeros("mean"))


@dataclass(frozen=True)
class LAMB(Optimizer):
    """theta <- theta - lr (|theta| / |d|) d,  d = m̂ / (sqrt(v̂) + epsilon) + weight_decay theta.

    m̂ and v̂ as in `Adam`; | | is the Euclidean norm of one leaf, and the quotient counts as 1
    where either norm is 0. Every leaf so moves by lr times its own length: for large batches. The
    decay is for leaves called ``weight``. The norm of theta is not clipped (phi(z) = z).

    Parameters
    ----------
    beta1, beta2 : float
        At least 0 and below 1.
    epsilon : float
        Above 0.
    weight_decay : float
        At least 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    You et al. (2020), Large batch optimization for deep learning: training BERT in 76 minutes.

    Examples
    --------
    >>> rule = LAMB().transformation()
    >>> p = jnp.array([3.0, 4.0])
    >>> step, state = rule.update(p, rule.init(p), p, learning_rate=0.1)
    >>> print(jnp.linalg.norm(step).round(5))
    0.5
    """

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-6
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "beta1", at_least=0, below=1)
        check_number(self, "beta2", at_least=0, below=1)
        check_number(self, "epsilon", above=0)
        check_number(self, "weight_decay", at_least=0)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def step(g, p, memory, now):
            mean = self.beta1 * memory["mean"] + (1 - self.beta1) * g
            square = self.beta2 * memory["square"] + (1 - self.beta2) * g * g
            size = jnp.sqrt(square / unbias(self.beta2, now.t)) + self.epsilon
            direction = mean / unbias(self.beta1, now.t) / size
            if now.is_weight and self.weight_decay:
                direction = direction + self.weight_decay * p
            length, own = jnp.linalg.norm(p), jnp.linalg.norm(direction)
            both = (length > 0) & (own > 0)
            trust = jnp.where(both, length / jnp.where(both, own, 1), 1)
            return -now.learning_rate * trust * direction, {"mean": mean, "square": square}

        return by_leaf(step, zeros("mean", "square"))


def _rms(x: jax.Array) -> jax.Array:
    return jnp.sqrt(jnp.mean(jnp.square(x)))


@dataclass(frozen=True)
class Adafactor(Optimizer):
    """theta <- theta - a u / max(1, rms(u) / clip),  u = g / sqrt(v̂),
    a = max(epsilon, rms(theta)) min(lr, 1 / sqrt(t)).

    v̂ is an average of g² with weight t^-decay for the newest. Of a matrix (the last two axes of
    a leaf) only the averages of its rows r and columns c are kept, and v̂ = r c / mean(r): memory
    for a row and a column in the place of a matrix. As in PyTorch; no first moment.

    Parameters
    ----------
    decay : float
        Above 0 and at most 1.
    epsilon : float
        Least size taken for theta; above 0.
    clip : float
        Above 0.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Shazeer and Stern (2018), Adafactor: adaptive learning rates with sublinear memory cost.

    Examples
    --------
    >>> rule = Adafactor().transformation()
    >>> state = rule.init(jnp.ones((30, 20)))
    >>> sum(leaf.size for leaf in jax.tree.leaves(state.leaves))
    50
    """

    learning_rate: float = 0.01
    decay: float = 0.8
    epsilon: float = 1e-3
    clip: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "decay", above=0, at_most=1)
        check_number(self, "epsilon", above=0)
        check_number(self, "clip", above=0)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""

        def start(p: jax.Array) -> Memory:
            if p.ndim < 2:
                return {"square": jnp.zeros_like(p)}
            rows, columns = jnp.zeros_like(p[..., :, :1]), jnp.zeros_like(p[..., :1, :])
            return {"rows": rows, "columns": columns}

        def step(g, p, memory, now):
            share = now.t**-self.decay
            least = jnp.finfo(g.dtype).eps
            square = jnp.square(g)
            if g.ndim < 2:
                size = memory["square"] + share * (square - memory["square"])
                after = {"square": size}
            else:
                after = {
                    name: memory[name]
                    + share * (jnp.mean(square, axis, keepdims=True) - memory[name])
                    for name, axis in (("rows", -1), ("columns", -2))
                }
                whole = jnp.maximum(jnp.mean(after["rows"], -2, keepdims=True), least)
                size = after["rows"] * after["columns"] / whole
            move = g / jnp.sqrt(jnp.maximum(size, least * least))
            rate = jnp.minimum(now.learning_rate, 1 / jnp.sqrt(now.t))
            rate = rate * jnp.maximum(_rms(p), self.epsilon)
            return -rate / jnp.maximum(_rms(move) / self.clip, 1) * move, after

        return by_leaf(step, start)


_QUINTIC = (3.4445, -4.775, 2.0315)


def _orthogonal(matrix: jax.Array, iterations: int) -> jax.Array:
    """Bring all singular values of a matrix near 1 (0.7 to 1.2) by Newton-Schulz iterations."""
    a, b, c = _QUINTIC
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = wide / jnp.maximum(jnp.linalg.norm(wide), 1e-7)
    for _ in range(iterations):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x if matrix.shape[0] <= matrix.shape[1] else x.T


@dataclass(frozen=True)
class Muon(Optimizer):
    """v <- momentum v + (1 - momentum) g;  theta <- theta - lr (s O + weight_decay theta).

    O is the matrix nearest to u = (1 - momentum) g + momentum v whose singular values are all
    alike, found by Newton-Schulz iterations: all directions of a layer learn at one speed. For
    matrices, leaves with two axes; all others follow `Adam` with beta1, beta2 and epsilon.

    As in PyTorch, but iterating in the precision of the weights and not in bfloat16. With
    ``scale="original"``, s = sqrt(max(1, units / inputs)); with ``"match_rms_adamw"``,
    s = 0.2 sqrt(max(units, inputs)), with which steps are as large as those of `AdamW` and one
    learning rate suits both kinds of leaves.

    Parameters
    ----------
    momentum : float
        At least 0 and below 1.
    weight_decay : float
        At least 0.
    scale : "match_rms_adamw" or "original"
    iterations : int
        1 to 99.
    beta1, beta2, epsilon : float
        As in `Adam`.

    Raises
    ------
    SpecError
        If a field is out of range.

    References
    ----------
    Jordan et al. (2024), Muon: an optimizer for hidden layers in neural networks; Liu et al.
    (2025), Muon is scalable for LLM training, for the second scale.

    Examples
    --------
    >>> rule = Muon(weight_decay=0.0, scale="original").transformation()
    >>> p = jnp.array([[100.0, 0.0], [0.0, 1.0]])
    >>> step, state = rule.update(p, rule.init(p), p, learning_rate=1.0)
    >>> sizes = jnp.linalg.svd(step, compute_uv=False)
    >>> bool(sizes.max() < 1.25 and sizes.min() > 0.65)
    True
    """

    learning_rate: float = 0.001
    momentum: float = 0.95
    weight_decay: float = 0.1
    scale: str = "match_rms_adamw"
    iterations: int = 5
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "momentum", at_least=0, below=1)
        check_number(self, "weight_decay", at_least=0)
        check_choice(self, "scale", ("match_rms_adamw", "original"))
        check_integer(self, "iterations", at_least=1, at_most=99)
        check_number(self, "beta1", at_least=0, below=1)
        check_number(self, "beta2", at_least=0, below=1)
        check_number(self, "epsilon", above=0)

    def transformation(self) -> optax.GradientTransformationExtraArgs:
        """Return the rule."""
        others = Adam(self.learning_rate, self.beta1, self.beta2, self.epsilon)

        def start(p: jax.Array) -> Memory:
            return zeros("velocity")(p) if p.ndim == 2 else zeros("mean", "square")(p)

        def step(g, p, memory, now):
            if g.ndim != 2:
                return others.step(g, p, memory, now)
            velocity = self.momentum * memory["velocity"] + (1 - self.momentum) * g
            ahead = self.momentum * velocity + (1 - self.momentum) * g
            inputs, units = g.shape
            if self.scale == "original":
                size = max(1.0, units / inputs) ** 0.5
            else:
                size = 0.2 * max(units, inputs) ** 0.5
            direction = size * _orthogonal(ahead, self.iterations)
            if self.weight_decay:
                direction = direction + self.weight_decay * p
            return -now.learning_rate * direction, {"velocity": velocity}

        return by_leaf(step, start)
