"""Trajectories of the optimizers over 50 steps on a small network. Writes optimizers.npz.

Run by hand where PyTorch and the package ``schedulefree`` (1.4) are installed:
``python tests/reference/optimizers.py``. The network is 3 -> 4 tanh -> 2 with squared error; the
mini-batch of step t is rows 4 t to 4 t + 3 (modulo 12); the rate falls linearly to half. Weights
are stored as (inputs, units).
"""

import inspect
from pathlib import Path

import numpy as np
import schedulefree
import torch
from torch.optim import _muon

STEPS, MARKS = 50, (1, 2, 10, 50)
NAMES = ("0_dense.weight", "0_dense.bias", "1_dense.weight", "1_dense.bias")

# Muon iterates in bfloat16, whose rounding no other program repeats; here in the full precision.
source = inspect.getsource(_muon._zeropower_via_newtonschulz).replace(".bfloat16()", ".clone()")
exec(source, vars(_muon))

OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, 0.1),
    "Momentum": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9),
    "Momentum dampened": lambda p: torch.optim.SGD(p, 0.1, momentum=0.8, dampening=0.3),
    "Nesterov": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, nesterov=True),
    "AveragedSGD": lambda p: torch.optim.ASGD(p, 0.1, lambd=0.01, alpha=0.75, t0=9),
    "AdaGrad": lambda p: torch.optim.Adagrad(p, 0.05),
    "AdaDelta": lambda p: torch.optim.Adadelta(p, 1.0),
    "RMSProp": lambda p: torch.optim.RMSprop(p, 0.01),
    "RMSProp centered": lambda p: torch.optim.RMSprop(p, 0.01, centered=True, momentum=0.5),
    "Adam": lambda p: torch.optim.Adam(p, 0.02),
    "AdamW": lambda p: torch.optim.AdamW(p, 0.02, weight_decay=0.1),
    "AMSGrad": lambda p: torch.optim.Adam(p, 0.02, amsgrad=True),
    "AdaMax": lambda p: torch.optim.Adamax(p, 0.02),
    "NAdam": lambda p: torch.optim.NAdam(p, 0.02),
    "RAdam": lambda p: torch.optim.RAdam(p, 0.02),
    "Adafactor": lambda p: torch.optim.Adafactor(p, 0.05, weight_decay=0.0),
    "Muon": lambda p: torch.optim.Muon(p, 0.02, weight_decay=0.1),
    "Muon match_rms_adamw": lambda p: torch.optim.Muon(
        p, 0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"
    ),
    "ScheduleFreeSGD": lambda p: schedulefree.SGDScheduleFree(p, 0.5, weight_decay=0.1),
    "ScheduleFreeAdamW": lambda p: schedulefree.AdamWScheduleFree(p, 0.02, weight_decay=0.1),
}
CONSTANT_RATE = ("AveragedSGD",)  # PyTorch computes its eta one step early
BIASES = {"Muon": lambda p: torch.optim.Adam(p, 0.02)}


def optimizers_for(name, params):
    """Return the optimizers of all parameters: weight decay for the weights only."""
    matrices, vectors = params[0::2], params[1::2]
    make = OPTIMIZERS[name]
    if name.startswith("Muon"):
        return [make(matrices), BIASES["Muon"](vectors)]
    optimizer = make([{"params": matrices}, {"params": vectors}])
    if "weight_decay" in optimizer.param_groups[1]:
        optimizer.param_groups[1]["weight_decay"] = 0.0
    return [optimizer]


def main() -> None:
    """Write the file."""
    r = np.random.default_rng(1)
    shapes = ((3, 4), (4,), (4, 2), (2,))
    start = [0.7 * r.normal(size=shape) for shape in shapes]
    x, y = r.normal(size=(12, 3)), r.normal(size=(12, 2))
    out = {"x": x, "y": y} | {f"start.{n}": p for n, p in zip(NAMES, start, strict=True)}
    for dtype in (torch.float32, torch.float64):
        torch.set_default_dtype(dtype)  # PyTorch keeps eta of ASGD and mu of NAdam in this type
        inputs, targets = torch.tensor(x, dtype=dtype), torch.tensor(y, dtype=dtype)
        for name in OPTIMIZERS:
            # PyTorch holds (units, inputs); what it does to a matrix depends on that for Muon.
            params = [torch.tensor(p.T, dtype=dtype).clone().requires_grad_() for p in start]
            optimizers = optimizers_for(name, params)
            rates = [[g["lr"] for g in o.param_groups] for o in optimizers]
            free = name.startswith("ScheduleFree")
            if free:
                optimizers[0].train()
            kept = []
            for t in range(STEPS):
                for optimizer, own in zip(optimizers, rates, strict=True):
                    for group, rate in zip(optimizer.param_groups, own, strict=True):
                        falling = 1.0 if name in CONSTANT_RATE else 1 - 0.5 * t / STEPS
                        group["lr"] = rate * falling
                rows = (4 * t + np.arange(4)) % 12
                hidden = torch.tanh(inputs[rows] @ params[0].T + params[1])
                error = hidden @ params[2].T + params[3] - targets[rows]
                loss = 0.5 * (error**2).sum(1).mean()
                for optimizer in optimizers:
                    optimizer.zero_grad()
                loss.backward()
                for optimizer in optimizers:
                    optimizer.step()
                if t + 1 in MARKS:
                    kept.append([p.detach().numpy().T.ravel().copy() for p in params])
            key = f"{name}.{str(dtype).removeprefix('torch.')}"
            out[key] = np.array([np.concatenate(parts) for parts in kept])
            if name == "AveragedSGD":
                average = [optimizers[0].state[p]["ax"] for p in params]
                out[f"{key}.average"] = np.concatenate([a.numpy().T.ravel() for a in average])
            if free:
                optimizers[0].eval()
                average = [p.detach().numpy().T.ravel() for p in params]
                out[f"{key}.average"] = np.concatenate(average)
    np.savez(Path(__file__).with_suffix(".npz"), **out)


if __name__ == "__main__":
    main()
