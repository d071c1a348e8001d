"""What may go around an optimizer's rule: clipping, rates a layer, SAM, Lookahead, averages.

Fields of `descend.training.Descent`, which says what they do; here is how.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import jax
import jax.numpy as jnp
import optax

from descend.errors import UsageError
from descend.layers.layer import network_order
from descend.training.mixup import check_mixable

__all__ = ["Extras"]

PULL = 0.5
"""How far Lookahead goes from the slow weights to the fast ones."""


@dataclass(frozen=True)
class Extras:
    """The fields of `Descent` of the same names: constants of a compiled program."""

    accumulate: int = 1
    clip_value: float | None = None
    clip_adaptive: float | None = None
    sam: float | None = None
    mixup: float | None = None
    lookahead: int | None = None
    ema: float | None = None
    tail_average: float | None = None
    layer_rates: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, descent: Any) -> Extras:
        """Return those of a way down."""
        return cls(**{field.name: getattr(descent, field.name) for field in fields(cls)})

    def check(self, params: Any, x: Any) -> None:
        """Refuse a rate for layers that the network does not have, and blends of codes."""
        if self.mixup is not None:
            check_mixable(x)
        names = [_name(path) for path, _ in jax.tree_util.tree_leaves_with_path(params)]
        for pattern, _ in self.layer_rates:
            if not any(_covers(pattern, name) for name in names):
                layers = {name.rpartition("/")[0] or name for name in names}
                raise UsageError(
                    f'layer_rates: the network has no layer "{pattern}". Layers with weights: '
                    f"{', '.join(sorted(layers, key=network_order))}"
                )

    def start(self, params: Any) -> dict[str, Any]:
        """Return what must be remembered from step to step."""
        memory = {}
        if self.lookahead is not None:
            memory["slow"] = params
        if self.averages:
            memory["average"] = params
        return jax.tree.map(lambda p: jnp.array(p, copy=True), memory)

    @property
    def averages(self) -> bool:
        """Whether predictions are made with an average of the weights."""
        return self.ema is not None or self.tail_average is not None

    def sharp(self, params: Any, gradient: Any) -> Any:
        """Return the point of the steepest ascent within the radius of SAM."""
        norm = jnp.maximum(optax.tree.norm(gradient), 1e-30)
        return jax.tree.map(lambda p, g: p + self.sam * g / norm, params, gradient)

    def clipped(self, gradient: Any, params: Any) -> Any:
        """Shorten a gradient that is too long."""
        if self.clip_adaptive is not None:
            rule = optax.adaptive_grad_clip(self.clip_adaptive)
            gradient = rule.update(gradient, rule.init(params), params)[0]
        if self.clip_value is not None:
            bound = self.clip_value
            gradient = jax.tree.map(lambda g: jnp.clip(g, -bound, bound), gradient)
        return gradient

    def scaled(self, updates: Any) -> Any:
        """Multiply what is added to each leaf by the factor of its layer."""

        def leaf(path: tuple[Any, ...], update: jax.Array) -> jax.Array:
            for pattern, factor in self.layer_rates:
                if _covers(pattern, _name(path)):
                    update = factor * update
            return update

        return jax.tree_util.tree_map_with_path(leaf, updates) if self.layer_rates else updates

    def after(
        self, memory: dict[str, Any], params: Any, step: jax.Array, total_steps: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Return the weights and the memory after a step, whose number counts from 1."""
        memory = dict(memory)
        if self.lookahead is not None:
            due = step % self.lookahead == 0
            slow = _blend(memory["slow"], params, jnp.where(due, PULL, 0.0))
            params = jax.tree.map(lambda s, p: jnp.where(due, s, p), slow, params)
            memory["slow"] = slow
        if self.ema is not None:
            share = jnp.maximum(1 / step, 1 - self.ema)
            memory["average"] = _blend(memory["average"], params, share)
        elif self.tail_average is not None:
            before = jnp.floor((1 - self.tail_average) * total_steps)
            share = 1 / jnp.maximum(step - before, 1)
            memory["average"] = _blend(memory["average"], params, share)
        return params, memory


def _blend(old: Any, new: Any, share: Any) -> Any:
    blend: Callable[..., Any] = lambda a, b: a + jnp.asarray(share, a.dtype) * (b - a)  # noqa: E731
    return jax.tree.map(blend, old, new)


def _name(path: tuple[Any, ...]) -> str:
    return "/".join(str(getattr(part, "key", part)) for part in path)


def _covers(pattern: str, name: str) -> bool:
    """Whether a name is that of a layer, or of something in it."""
    return f"/{pattern}/" in f"/{name}/"
