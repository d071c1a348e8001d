"""From an estimator's parameters to the specs that training reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import optax

from descend import activations, spec
from descend.data.preprocessing import Preprocessing
from descend.errors import UsageError, did_you_mean
from descend.estimators.array_inputs import ArrayInputs
from descend.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LayerNormalization,
    Sequential,
)
from descend.models.files.names import OPTIMIZERS, choose
from descend.models.networks.tables import default_descent, default_layers, table_network
from descend.models.options import asked_descent
from descend.optimizers import Optimizer
from descend.schedules import Constant, Schedule
from descend.training import Descent, OptaxTransformation

__all__ = ["Hidden", "build_descent", "build_network", "on_device", "plain_parameter"]

NORMALIZATIONS = {"batch": BatchNormalization, "layer": LayerNormalization}

DECAY = 0.01
"""The weight decay where none is given."""


def plain_parameter(value: Any) -> Any:
    """Return a parameter as specs hold it: numbers and arrays of NumPy become Python's own.

    Examples
    --------
    >>> plain_parameter(np.array([64, 32])), plain_parameter((np.float32(0.1), "auto"))
    ([64, 32], (0.1, 'auto'))
    """
    if type(value) is list or (isinstance(value, np.ndarray) and value.ndim):
        return [plain_parameter(item) for item in value]
    if type(value) is tuple:  # and nothing derived from it, as optax's rules are
        return tuple(plain_parameter(item) for item in value)
    return spec.plain(value)


@dataclass(frozen=True)
class Hidden:
    """What an estimator's parameters say about the layers before the output layer."""

    sizes: Any
    activation: Any
    dropout: Any
    normalization: Any
    network: Any

    def layers(self, rows: int, inputs: Preprocessing | None) -> tuple[Layer, ...]:
        """Return the layers for so many training rows, and inputs that may have layers before."""
        if self.network is not None:
            if not isinstance(self.network, Layer):
                raise UsageError(
                    "network must be a layer such as Sequential((Dense(30, 'relu'),)), without "
                    f"the output layer, or None; got {self.network!r}"
                )
            if isinstance(self.network, Sequential):
                return self.network.layers
            return (self.network,)
        sizes = self._sizes(rows, inputs)
        layers: list[Layer] = []
        for units, name in zip(sizes, self._activations(len(sizes)), strict=True):
            if self.normalization is None:
                layers.append(Dense(units, name))
            else:
                layers += [Dense(units), self._normalization(), Activation(name)]
            if self.dropout:
                layers.append(Dropout(self.dropout))
        return tuple(layers)

    def _sizes(self, rows: int, inputs: Preprocessing | None) -> tuple[int, ...]:
        sizes = self.sizes
        if isinstance(sizes, str) and sizes == "auto":
            return default_layers(rows, inputs)
        if isinstance(sizes, int) and not isinstance(sizes, bool):
            sizes = (sizes,)
        if not isinstance(sizes, Sequence) or isinstance(sizes, str):
            raise UsageError(
                'hidden_layer_sizes must be "auto" or numbers of units, as in (64, 32) or 100; '
                f"got {sizes!r}"
            )
        return tuple(sizes)

    def _activations(self, layers: int) -> tuple[str, ...]:
        names = self.activation
        names = (names,) * layers if isinstance(names, str) else names
        if not isinstance(names, Sequence) or len(names) != layers:
            raise UsageError(
                f"activation must be one name, or one for each of {layers} hidden layers; "
                f"got {self.activation!r}"
            )
        for name in names:
            if name not in activations.__all__:
                raise UsageError(
                    f'there is no activation "{name}".'
                    f"{did_you_mean(str(name), activations.__all__)} "
                    f"Choices: {', '.join(activations.__all__)}"
                )
        return tuple(names)

    def _normalization(self) -> Layer:
        if self.normalization not in NORMALIZATIONS:
            raise UsageError(
                f'normalization must be "batch", "layer" or None, got {self.normalization!r}'
            )
        return NORMALIZATIONS[self.normalization]()


def build_network(
    hidden: Hidden, rows: int, inputs: Preprocessing | ArrayInputs, outputs: int
) -> Sequential:
    """Return the whole network: what reads the inputs, hidden layers, output layer.

    Columns that are inputs of their own (pictures, texts) are read by the layers that the command
    line gives them; arrays of more than two dimensions by the first layer, or laid out flat where
    no ``network`` is given.
    """
    if isinstance(inputs, ArrayInputs):
        entrance = () if hidden.network is not None else (Flatten(),)
        return Sequential((*entrance, *hidden.layers(rows, None), Dense(outputs)))
    *entrance, output = table_network(inputs, outputs, (), rows=rows).layers
    return Sequential((*entrance, *hidden.layers(rows, inputs), output))


def build_descent(
    parameters: dict[str, Any],
    rows: int,
    seed: int,
    inputs: Preprocessing | ArrayInputs,
    *,
    stops: bool,
    part: bool = False,
) -> tuple[Descent, optax.GradientTransformation | None]:
    """Return the way down, and an optax transformation that takes its optimizer's place.

    Parameters
    ----------
    parameters : dict
        The estimator's.
    rows : int
        Training rows, which decide what is left to choose.
    seed : int
    inputs : Preprocessing or ArrayInputs
    stops : bool
        Whether there are validation rows to decide when to stop.
    part : bool
        Whether this is one pass over one part of a stream: then the learning rate stays constant
        and nothing depends on the number of rows.
    """
    table = None if isinstance(inputs, ArrayInputs) else inputs
    default = default_descent(0 if part else rows, seed, table)
    optimizer, bare = parameters["optimizer"], None
    if isinstance(optimizer, str):
        named = choose("optimizer", optimizer, OPTIMIZERS)
        optimizer = None if named is type(default.optimizer) else optimizer
    elif isinstance(optimizer, optax.GradientTransformation):
        optimizer, bare = None, optimizer
        if parameters["learning_rate"] is not None:
            raise UsageError("an optax transformation brings its own rate: leave learning_rate out")
    elif not isinstance(optimizer, Optimizer | None):
        raise UsageError(
            "optimizer must be a name, an optimizer spec such as Adam(0.01), or an optax "
            f"transformation; got {optimizer!r}"
        )
    schedule: Any = parameters["schedule"]
    if not isinstance(schedule, str | Schedule):
        raise UsageError(f"schedule must be a name or a schedule spec, got {schedule!r}")
    batch, epochs = parameters["batch_size"], parameters["max_epochs"]
    asked = SimpleNamespace(
        optimizer=optimizer,
        learning_rate=parameters["learning_rate"],
        schedule=Constant() if part else None if schedule == "auto" else schedule,
        batch_size=None if batch == "auto" else "all" if batch is None else batch,
        epochs=1 if part else None if epochs == "auto" else epochs,
        weight_decay=parameters["weight_decay"],
    )
    usual = Descent(
        default.optimizer,
        batch_size=default.batch_size,
        epochs=default.epochs,
        patience=parameters["patience"] if stops else None,
        watch=parameters["watch"],
        weight_decay=DECAY,
        clip_norm=parameters["clip_norm"],
        shuffle=parameters["shuffle"],
        seed=seed,
    )
    descent = asked_descent(asked, usual)
    if bare is not None:
        rate = descent.optimizer.learning_rate
        descent = descent.replace(optimizer=OptaxTransformation(rate))
    return descent, bare


@contextmanager
def on_device(name: str | None) -> Iterator[None]:
    """Compute on a device of JAX: "cpu", "gpu", "tpu"; None is JAX's own choice.

    Only this thread, and only while the context lasts.

    Raises
    ------
    UsageError
        If the computer has no such device.
    """
    if name is None:
        yield
        return
    try:
        device = jax.devices(name)[0]
    except (RuntimeError, TypeError) as error:
        found = ", ".join(sorted({device.platform for device in jax.devices()}))
        raise UsageError(f"there is no device {name!r} for JAX here; found: {found}") from error
    with jax.default_device(device):
        yield
