"""Values and gradients of the losses, from PyTorch in float64. Writes losses.npz.

Run by hand where PyTorch is installed: ``python tests/reference/losses.py``.
"""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F


def pinball(raw, target):
    """Koenker and Bassett's loss, level by level; PyTorch has none."""
    total = 0.0
    for j in range(target.shape[1]):
        for i, level in enumerate((0.1, 0.6)):
            error = target[:, j] - raw[:, 2 * j + i]
            total = total + torch.where(error >= 0, level * error, (level - 1) * error)
    return total


def focal(raw, target):
    """Lin et al.'s formula as it is printed."""
    p = F.softmax(raw, dim=1)[torch.arange(len(target)), target]
    return -((1 - p) ** 2.5) * torch.log(p)


def smoothed_binary(raw, target):
    """Binary cross-entropy against targets mixed with 1/2."""
    return F.binary_cross_entropy_with_logits(raw, 0.8 * target + 0.1, reduction="none")


def main() -> None:
    """Write the file."""
    r = np.random.default_rng(0)
    number = r.normal(size=(5, 2))
    classes, binary = np.array([0, 2, 1, 2, 0]), np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    labels, counts = (r.random((5, 3)) < 0.5) * 1.0, r.poisson(2.0, (5, 2)) * 1.0
    cases = {
        "SquaredError": (2, number, lambda a, b: 0.5 * F.mse_loss(a, b, reduction="none").sum(1)),
        "AbsoluteError": (2, number, lambda a, b: F.l1_loss(a, b, reduction="none").sum(1)),
        "Huber": (2, number, lambda a, b: F.huber_loss(a, b, reduction="none", delta=0.7).sum(1)),
        "Quantile": (4, number, pinball),
        "Poisson": (2, counts, lambda a, b: F.poisson_nll_loss(a, b, reduction="none").sum(1)),
        "BinaryCrossEntropy": (1, binary, lambda a, b: smoothed_binary(a[:, 0], b)),
        "MultiLabelCrossEntropy": (3, labels, lambda a, b: smoothed_binary(a, b).sum(1)),
        "CategoricalCrossEntropy": (
            3,
            classes,
            lambda a, b: F.cross_entropy(a, b, reduction="none", label_smoothing=0.2),
        ),
        "Hinge": (
            1,
            binary,
            lambda a, b: F.hinge_embedding_loss(
                a[:, 0] * (2 * b - 1), -torch.ones(5), reduction="none"
            ),
        ),
        "Focal": (3, classes, focal),
    }
    out = {}
    for name, (width, target, function) in cases.items():
        raw = torch.tensor(2 * r.normal(size=(5, width)), requires_grad=True)
        value = function(raw, torch.tensor(target))
        value.sum().backward()
        out[f"{name}.raw"], out[f"{name}.target"] = raw.detach().numpy(), target
        out[f"{name}.value"], out[f"{name}.gradient"] = value.detach().numpy(), raw.grad.numpy()
    np.savez(Path(__file__).with_suffix(".npz"), **out)


if __name__ == "__main__":
    main()
