"""Final loss over learning rates from 10^-3 to 10^2 for four rules, on a real table.

Writes docs/pictures/stability_linear.svg and stability_hidden.svg, and prints how far each rule
stays stable. Two networks: the linear one, for which implicit steps are exact, and one with a
hidden layer.
"""

from __future__ import annotations

import math
from pathlib import Path

from descend.layers import Dense, Sequential
from descend.models import Options, TableTraining
from descend.optimizers import SGD, Adam, ImplicitSGD, Momentum
from descend.training import Descent, range_test, rate_picture
from descend.training.range_test import Tried

__all__ = ["main"]

ROOT = Path(__file__).parents[1]
RULES = {"SGD": SGD(), "momentum": Momentum(), "implicit SGD": ImplicitSGD(), "Adam": Adam()}
TRIES = 26
NOTHING = 0.5
"""The loss of always saying the mean: half the variance of a standardised target."""


def curves(layers: tuple[int, ...]) -> dict[str, list[Tried]]:
    """Return the loss on the training rows after 400 steps for each rule and rate."""
    table = ROOT / "examples" / "penguins.csv"
    training = TableTraining(table, Options.of(target="body_mass_g", layers=layers or (4,)))
    hidden = [Dense(units, "tanh") for units in layers]
    network = Sequential((*hidden, Dense(1)))
    return {
        name: range_test(
            network, training.plan.loss, Descent(rule, batch_size=8), training.train,
            training.train, lowest=1e-3, highest=1e2, tries=TRIES, steps=400,
        )
        for name, rule in RULES.items()
    }  # fmt: skip


def stable(found: list[Tried]) -> tuple[float, float]:
    """Return the largest rate up to which every loss is below that of knowing nothing."""
    last = found[0]
    for one in found:
        if not (math.isfinite(one.loss) and one.loss < NOTHING):
            break
        last = one
    return last.rate, last.loss


def main() -> None:
    """Print and draw."""
    print("\nPenguins, body mass, batch 8, 400 steps: largest rate that beats saying the mean")
    for title, layers in (("linear", ()), ("32 tanh units", (32,))):
        found = curves(layers)
        for name, curve in found.items():
            rate, loss = stable(curve)
            best = min(curve, key=lambda one: one.loss)
            print(
                f"  {title:<14} {name:<13} {rate:8.3g} (loss {loss:.3g}); least {best.loss:.3g} at "
                f"{best.rate:.3g}; at 100: {curve[-1].loss:.3g}"
            )
        name = "linear" if not layers else "hidden"
        path = ROOT / "docs" / "pictures" / f"stability_{name}.svg"
        path.write_text(
            rate_picture(found, f"Loss over learning rate, body mass of penguins, {title}")
        )


if __name__ == "__main__":
    main()
