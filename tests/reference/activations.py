"""Values and slopes of the activations, from PyTorch in float64. Writes activations.npz.

Run by hand where PyTorch is installed: ``python tests/reference/activations.py``.
"""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

FUNCTIONS = {
    "elu": F.elu,
    "gelu": F.gelu,
    "hard_sigmoid": F.hardsigmoid,
    "hard_tanh": F.hardtanh,
    "identity": lambda x: x.clone(),
    "leaky_relu": F.leaky_relu,
    "mish": F.mish,
    "relu": F.relu,
    "selu": F.selu,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "softmax": lambda x: F.softmax(x, dim=-1),
    "softplus": lambda x: F.softplus(x, threshold=1000),
    "softsign": F.softsign,
    "tanh": torch.tanh,
}


def main() -> None:
    """Write the file."""
    points = np.array([[-12.3, -4.1, -2.2, -0.9, -0.35], [0.15, 0.8, 1.7, 3.6, 9.4]])
    upstream = np.array([[0.3, -1.1, 0.7, 2.0, -0.4], [1.3, 0.2, -0.6, 0.9, 1.8]])
    out = {"x": points, "upstream": upstream}
    for name, function in FUNCTIONS.items():
        x = torch.tensor(points, requires_grad=True)
        y = function(x)
        y.backward(torch.tensor(upstream))
        out[f"{name}.value"], out[f"{name}.slope"] = y.detach().numpy(), x.grad.numpy()
    np.savez(Path(__file__).with_suffix(".npz"), **out)


if __name__ == "__main__":
    main()
