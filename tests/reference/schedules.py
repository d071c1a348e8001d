"""Learning rates of PyTorch's schedulers over 21 steps, for a rate of 1. Writes schedules.npz.

Run by hand where PyTorch is installed: ``python tests/reference/schedules.py``.
"""

import warnings
from pathlib import Path

import numpy as np
import torch
from torch.optim import lr_scheduler

STEPS = 20


def main() -> None:
    """Write the file."""
    warnings.simplefilter("ignore")
    schedulers = {
        "Cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS, eta_min=0.1),
        "Exponential": lambda o: lr_scheduler.ExponentialLR(o, 0.01 ** (1 / STEPS)),
        "Step": lambda o: lr_scheduler.MultiStepLR(o, [10, 15], gamma=0.1),
        "OneCycle": lambda o: lr_scheduler.OneCycleLR(o, 1.0, STEPS + 1, pct_start=6.5 / 21),
        "WarmupCosine": lambda o: lr_scheduler.SequentialLR(
            o,
            [
                lr_scheduler.LinearLR(o, 0.01, 1.0, 5),
                lr_scheduler.CosineAnnealingLR(o, STEPS - 5, eta_min=0.2),
            ],
            [5],
        ),
    }
    out = {}
    for name, make in schedulers.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        scheduler = make(optimizer)
        rates = []
        for _ in range(STEPS + 1):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step() if len(rates) <= STEPS else None
        out[name] = np.array(rates)
    np.savez(Path(__file__).with_suffix(".npz"), **out)


if __name__ == "__main__":
    main()
