"""Layers made of layers: one after another, around, and side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from descend.errors import SpecError
from descend.initializers import Glorot
from descend.layers.layer import Layer, Params, Shape, State, array_shape, place_key
from descend.layers.product import product
from descend.layers.sequence import masked, parts, rejoined
from descend.spec import check_choice, check_spec

__all__ = ["Parallel", "Residual", "Sequential"]


def _check_layers(spec: Any) -> None:
    """Refuse a field ``layers`` that is not a tuple of at least one layer."""
    if not isinstance(spec.layers, tuple) or not spec.layers:
        raise SpecError(
            f"{type(spec).__name__}: layers must be a tuple of at least one layer, "
            f"as in {type(spec).__name__}((Dense(30, 'relu'), Dense(3))), got {spec.layers!r}"
        )
    for i, layer in enumerate(spec.layers):
        if not isinstance(layer, Layer):
            raise SpecError(f"{type(spec).__name__}: layers[{i}] is not a layer: {layer!r}")


def _names(layers: tuple[Layer, ...]) -> list[str]:
    return [place_key(i, layer) for i, layer in enumerate(layers)]


def _keys(key: jax.Array | None, layers: tuple[Layer, ...], train: bool) -> list[jax.Array | None]:
    """Return one key a layer; only those that draw get one, for hashing keys takes time."""
    if key is None or not train:
        return [None] * len(layers)
    return [jax.random.fold_in(key, i) if layer.draws else None for i, layer in enumerate(layers)]


@dataclass(frozen=True)
class Sequential(Layer):
    """y = f_n(... f_2(f_1(x))): layers one after another.

    ``params`` and ``state`` have one entry for each layer that has any, under the layer's place,
    counted from 0, and its word: ``{"0_dense": {"weight": ..., "bias": ...}, "2_dense": ...}``.

    Parameters
    ----------
    layers : tuple of Layer
        At least one.

    Raises
    ------
    SpecError
        If ``layers`` is not such a tuple, or one cannot take what the one before it returns.

    Examples
    --------
    >>> from descend.layers import Dense, Dropout
    >>> network = Sequential((Dense(30, "relu"), Dropout(0.1), Dense(3)))
    >>> params, state, shape = network.init(jax.random.key(0), (4,))
    >>> list(params), params["2_dense"]["weight"].shape, shape
    (['0_dense', '2_dense'], (30, 3), (3,))
    """

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        _check_layers(self)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Draw the parameters of every layer."""
        params: Params = {}
        state: State = {}
        shape: Any = input_shape
        keys = jax.random.split(key, len(self.layers))
        for name, layer, own_key in zip(_names(self.layers), self.layers, keys, strict=True):
            own_params, own_state, shape = layer.init(own_key, shape)
            params |= {name: own_params} if own_params else {}
            state |= {name: own_state} if own_state else {}
        return params, state, shape

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[Any, State]:
        """Return the output of the last layer."""
        after: State = {}
        names, keys = _names(self.layers), _keys(key, self.layers, train)
        for name, layer, own_key in zip(names, self.layers, keys, strict=True):
            own_params, own_state = params.get(name, {}), state.get(name, {})
            x, own_state = layer.apply(own_params, own_state, x, key=own_key, train=train)
            after |= {name: own_state} if own_state else {}
        return x, after

    def adapt(
        self, key: jax.Array, params: Params, state: State, x: Any
    ) -> tuple[Params, State, Any]:
        """Adapt layer after layer, each to what those before it make of the rows."""
        keys = jax.random.split(key, len(self.layers))
        for name, layer, own_key in zip(_names(self.layers), self.layers, keys, strict=True):
            own_params, own_state, x = layer.adapt(
                own_key, params.get(name, {}), state.get(name, {}), x
            )
            params = params | ({name: own_params} if own_params else {})
            state = state | ({name: own_state} if own_state else {})
        return params, state, x

    @property
    def adapts(self) -> bool:
        """Whether any layer does."""
        return any(layer.adapts for layer in self.layers)

    @property
    def draws(self) -> bool:
        """Whether any layer draws."""
        return any(layer.draws for layer in self.layers)


@dataclass(frozen=True)
class Residual(Layer):
    """y = x + f(x), or y = x W + f(x) where f changes the length of the last axis.

    W is a projection without bias, started by Glorot. ``params`` holds ``inner`` and, where there
    is one, ``projection/weight``.

    Parameters
    ----------
    inner : Layer
        f.

    Raises
    ------
    SpecError
        If f changes more of the shape than its last axis.

    References
    ----------
    He, Zhang, Ren and Sun (2016), Deep residual learning for image recognition (shortcut B).

    Examples
    --------
    >>> from descend.layers import Dense
    >>> params, _, _ = Residual(Dense(4, "relu")).init(jax.random.key(0), (4,))
    >>> list(params)
    ['inner']
    >>> params, _, _ = Residual(Dense(5, "relu")).init(jax.random.key(0), (4,))
    >>> list(params), params["projection"]["weight"].shape
    (['inner', 'projection'], (4, 5))
    """

    inner: Layer

    def __post_init__(self) -> None:
        check_spec(self, "inner", Layer)

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, Any]:
        """Draw the parameters of f, and W where it is needed."""
        inner_key, projection_key = jax.random.split(key)
        inner, state, shape = self.inner.init(inner_key, input_shape)
        params: Params = {"inner": inner} if inner else {}
        if shape != input_shape:
            given, new = self._ends(input_shape, input_shape), self._ends(shape, input_shape)
            if not given or not new or new[:-1] != given[:-1]:
                raise SpecError(
                    f"Residual adds its input {input_shape} to the output {shape} of its inner "
                    "layer; they may differ in their last axis only"
                )
            fans = (given[-1], new[-1])
            params["projection"] = {"weight": Glorot()(projection_key, fans, *fans)}
        return params, {"inner": state} if state else {}, shape

    def _ends(self, shape: Shape, input_shape: Shape) -> tuple[int, ...]:
        """Return the shape of what is added: of the values, where the input is a sequence."""
        if not isinstance(input_shape, Mapping):
            return array_shape(self, shape)
        if not isinstance(shape, Mapping) or {"values", "length"} > set(input_shape):
            return ()
        return tuple(shape["values"])

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[Any, State]:
        """Return the sum."""
        inner, own = params.get("inner", {}), state.get("inner", {})
        y, own = self.inner.apply(inner, own, x, key=key, train=train)
        return self._sum(params, x, y), {"inner": own} if own else {}

    def adapt(
        self, key: jax.Array, params: Params, state: State, x: Any
    ) -> tuple[Params, State, Any]:
        """Adapt f."""
        inner, own, y = self.inner.adapt(key, params.get("inner", {}), state.get("inner", {}), x)
        params = params | ({"inner": inner} if inner else {})
        return params, {"inner": own} if own else {}, self._sum(params, x, y)

    def _sum(self, params: Params, x: Any, y: Any) -> Any:
        """Return the sum of the input, projected where there is a projection, and y = f(x)."""
        (given, length), (new, _) = parts(x), parts(y)
        shortcut = masked(given, length)
        if "projection" in params:
            shortcut = product(shortcut, params["projection"]["weight"])
        return rejoined(x, shortcut + new)

    @property
    def adapts(self) -> bool:
        """Whether f does."""
        return self.inner.adapts

    @property
    def draws(self) -> bool:
        """Whether f draws."""
        return self.inner.draws


@dataclass(frozen=True)
class Parallel(Layer):
    """y = [f_1(x_1), f_2(x_2), ...] along the last axis, or their sum: layers side by side.

    ``params`` and ``state`` have the keys of `Sequential`: ``0_embedding``, ``1_dense``.

    Parameters
    ----------
    layers : tuple of Layer
        The branches, at least one.
    inputs : tuple of str
        When given, one a branch: x is a dict of arrays and branch i receives ``x[inputs[i]]``.
        When empty, every branch receives the whole x. ``Activation("identity")`` hands an input
        on as it is.
    merge : "concatenate" or "sum"
        How the outputs are joined. To be concatenated they may differ in their last axis only.

    Raises
    ------
    SpecError
        If the fields do not fit one another, an input is missing, or outputs cannot be joined.

    Examples
    --------
    >>> from descend.layers import Activation, Embedding
    >>> branches = (Embedding((7,), (3,)), Activation("identity"))
    >>> both = Parallel(branches, inputs=("codes", "numbers"))
    >>> params, _, shape = both.init(jax.random.key(0), {"codes": (1,), "numbers": (5,)})
    >>> shape
    (8,)
    """

    layers: tuple[Layer, ...]
    inputs: tuple[str, ...] = ()
    merge: str = "concatenate"

    def __post_init__(self) -> None:
        _check_layers(self)
        check_choice(self, "merge", ("concatenate", "sum"))
        if (
            not isinstance(self.inputs, tuple)
            or len(self.inputs) not in (0, len(self.layers))
            or not all(isinstance(name, str) for name in self.inputs)
        ):
            raise SpecError(
                f"Parallel: inputs must be a tuple of {len(self.layers)} names, one a layer, "
                f"or empty; got {self.inputs!r}"
            )

    def init(self, key: jax.Array, input_shape: Shape) -> tuple[Params, State, tuple[int, ...]]:
        """Draw the parameters of every branch."""
        if self.inputs:
            known = input_shape if isinstance(input_shape, Mapping) else {}
            missing = [name for name in self.inputs if name not in known]
            if missing:
                raise SpecError(
                    f"Parallel needs the input {missing[0]!r}, "
                    f"but the inputs are {', '.join(known) or input_shape}"
                )
        params: Params = {}
        state: State = {}
        shapes: list[tuple[int, ...]] = []
        keys = jax.random.split(key, len(self.layers))
        for i, (name, layer) in enumerate(zip(_names(self.layers), self.layers, strict=True)):
            own_params, own_state, shape = layer.init(keys[i], self._input(input_shape, i))
            params |= {name: own_params} if own_params else {}
            state |= {name: own_state} if own_state else {}
            shapes.append(shape)
        return params, state, self._joined(shapes)

    def apply(
        self, params: Params, state: State, x: Any, *, key: jax.Array | None, train: bool
    ) -> tuple[jax.Array, State]:
        """Return the joined outputs."""
        after: State = {}
        outputs: list[jax.Array] = []
        keys = _keys(key, self.layers, train)
        for i, (name, layer) in enumerate(zip(_names(self.layers), self.layers, strict=True)):
            own_params, own_state = params.get(name, {}), state.get(name, {})
            y, own_state = layer.apply(
                own_params, own_state, self._input(x, i), key=keys[i], train=train
            )
            after |= {name: own_state} if own_state else {}
            outputs.append(y)
        return self._merged(outputs), after

    def adapt(
        self, key: jax.Array, params: Params, state: State, x: Any
    ) -> tuple[Params, State, Any]:
        """Adapt every branch to its input."""
        outputs = []
        keys = jax.random.split(key, len(self.layers))
        for i, (name, layer) in enumerate(zip(_names(self.layers), self.layers, strict=True)):
            own_params, own_state, y = layer.adapt(
                keys[i], params.get(name, {}), state.get(name, {}), self._input(x, i)
            )
            params = params | ({name: own_params} if own_params else {})
            state = state | ({name: own_state} if own_state else {})
            outputs.append(y)
        return params, state, self._merged(outputs)

    @property
    def adapts(self) -> bool:
        """Whether any branch does."""
        return any(layer.adapts for layer in self.layers)

    def _merged(self, outputs: list[jax.Array]) -> jax.Array:
        if self.merge == "concatenate":
            return jnp.concatenate(outputs, axis=-1)
        joined = outputs[0]
        for y in outputs[1:]:
            joined = joined + y
        return joined

    @property
    def draws(self) -> bool:
        """Whether any branch draws."""
        return any(layer.draws for layer in self.layers)

    def _input(self, x: Any, i: int) -> Any:
        return x[self.inputs[i]] if self.inputs else x

    def _joined(self, shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
        first = shapes[0]
        if self.merge == "sum":
            if any(shape != first for shape in shapes):
                raise SpecError(f"Parallel cannot sum outputs of different shapes: {shapes}")
            return first
        if any(not shape or shape[:-1] != first[:-1] for shape in shapes):
            raise SpecError(
                f"Parallel cannot concatenate outputs that differ before their last axis: {shapes}"
            )
        return (*first[:-1], sum(shape[-1] for shape in shapes))
