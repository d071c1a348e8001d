"""What goes around an optimizer's rule, 20 steps on a small network: descent_fields.npz.

Run by hand where PyTorch is installed: ``python tests/reference/descent_fields.py``. The network is
3 -> 4 tanh -> 2 with squared error, the batch all 12 rows, the rate constant, float64. Weights are
stored as (inputs, units).
"""

from pathlib import Path

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel

STEPS, RATE = 20, 0.05
NAMES = ("0_dense.weight", "0_dense.bias", "1_dense.weight", "1_dense.bias")


class Network(torch.nn.Module):
    """The network, in double precision."""

    def __init__(self, start: list[np.ndarray]) -> None:
        super().__init__()
        self.all = torch.nn.ParameterList(torch.tensor(p.T.copy()) for p in start)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the outputs."""
        w1, b1, w2, b2 = self.all
        return torch.tanh(x @ w1.T + b1) @ w2.T + b2


def sharpness_aware(network, loss, radius):
    """Replace the gradient by that at the top of the hill within the radius."""
    norm = torch.sqrt(sum((p.grad**2).sum() for p in network.all))
    moves = [radius * p.grad / norm for p in network.all]
    with torch.no_grad():
        for p, move in zip(network.all, moves, strict=True):
            p.add_(move)
    network.zero_grad()
    loss().backward()
    with torch.no_grad():
        for p, move in zip(network.all, moves, strict=True):
            p.sub_(move)


def clip_adaptively(network, share):
    """Shorten the gradient of each unit (a row here) to a share of its weights' length."""
    for p in network.all:
        axis = {"dim": 1, "keepdim": True} if p.ndim == 2 else {}
        longest = share * torch.clamp(p.detach().norm(**axis), min=1e-3)
        norm = p.grad.norm(**axis)
        p.grad.mul_(torch.where(norm > longest, longest / torch.clamp(norm, min=1e-6), 1.0))


def warm_average(average, weights, seen):
    """Return an exponential average of 0.8 that is the plain mean of the first five."""
    return average + max(1 / (seen + 1), 0.2) * (weights - average)


def trained(start, x, y, name):
    """Return the weights to predict with after the last step."""
    network = Network(start)
    rates = [RATE, RATE, 0.1 * RATE, 0.1 * RATE] if name == "layer_rates" else [RATE] * 4
    groups = [{"params": [p], "lr": r} for p, r in zip(network.all, rates, strict=True)]
    optimizer = torch.optim.SGD(groups, momentum=0.9)
    average = AveragedModel(network, avg_fn=warm_average if name == "ema" else None)
    slow = [p.detach().clone() for p in network.all]

    def loss():
        return ((network(x) - y) ** 2).mean()

    for step in range(1, STEPS + 1):
        optimizer.zero_grad()
        loss().backward()
        if name == "sam":
            sharpness_aware(network, loss, 0.05)
        elif name == "clip_value":
            torch.nn.utils.clip_grad_value_(network.parameters(), 0.05)
        elif name == "clip_norm":
            torch.nn.utils.clip_grad_norm_(network.parameters(), 0.1)
        elif name == "clip_adaptive":
            clip_adaptively(network, 0.05)
        optimizer.step()
        if name == "lookahead" and step % 5 == 0:
            with torch.no_grad():
                for s, p in zip(slow, network.all, strict=True):
                    s.add_(p - s, alpha=0.5)
                    p.copy_(s)
        if name == "ema" or (name == "tail_average" and step > 0.6 * STEPS):
            average.update_parameters(network)
    shown = average.module if name in ("ema", "tail_average") else network
    return [p.detach().numpy().T for p in shown.all]


def main() -> None:
    """Write the file."""
    r = np.random.default_rng(1)
    start = [0.7 * r.normal(size=shape) for shape in ((3, 4), (4,), (4, 2), (2,))]
    x, y = r.normal(size=(12, 3)), r.normal(size=(12, 2))
    out = {"x": x, "y": y} | {f"start.{n}": p for n, p in zip(NAMES, start, strict=True)}
    for name in (
        "none", "sam", "clip_value", "clip_norm", "clip_adaptive", "lookahead", "ema",
        "tail_average", "layer_rates",
    ):  # fmt: skip
        found = trained(start, torch.tensor(x), torch.tensor(y), name)
        out |= {f"{name}.{n}": p for n, p in zip(NAMES, found, strict=True)}
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **out)


if __name__ == "__main__":
    main()
