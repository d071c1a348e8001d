"""RealMLP, a tuned network for tables, as a plan: ``--network realmlp``."""

from __future__ import annotations

from descend.data.preprocessing import Preprocessing
from descend.layers import Sequential
from descend.models.networks.periodic import DROPOUT, group_adam, periodic_network
from descend.schedules import CosineLog
from descend.training import Descent

__all__ = ["HIDDEN", "SMOOTHING", "realmlp_descent", "realmlp_network"]

HIDDEN = (256, 256, 256)
SMOOTHING = 0.1
"""Label smoothing of the loss of classes."""


def realmlp_network(
    preprocessing: Preprocessing,
    outputs: int,
    *,
    regression: bool,
    hidden: tuple[int, ...] = HIDDEN,
    dropout: float = DROPOUT,
) -> Sequential:
    """Return the network of RealMLP-TD, whose activations are SELU for classes, Mish for numbers.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart (2024), Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data.
    """
    activation = "mish" if regression else "selu"
    return periodic_network(
        preprocessing, outputs, hidden=hidden, activation=activation, dropout=dropout
    )


def realmlp_descent(seed: int, *, regression: bool) -> Descent:
    """Return the way down of RealMLP-TD: 256 epochs, the one with the best score is kept."""
    return Descent(
        group_adam(regression=regression),
        CosineLog(4),
        batch_size=256,
        epochs=256,
        patience=None,
        watch="score",
        seed=seed,
    )
