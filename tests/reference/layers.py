"""Outputs and gradients of layers, all parameters random, from PyTorch in float64: layers.npz.

Run by hand where PyTorch is installed: ``python tests/reference/layers.py``.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn


def main() -> None:
    """Write the file."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    out = {}

    def record(name, module, x, names):
        """Store inputs, parameters, output, and gradients of sum(output * upstream)."""
        x = torch.tensor(x) if not isinstance(x, torch.Tensor) else x
        if x.is_floating_point():
            x.requires_grad_()
        with torch.no_grad():
            for p in module.parameters():
                p.copy_(torch.randn_like(p))
        y = module(x)
        upstream = torch.randn_like(y)
        (y * upstream).sum().backward()
        arrays = {"x": x.detach(), "y": y.detach(), "upstream": upstream}
        if x.is_floating_point():
            arrays["x_gradient"] = x.grad
        for ours, (theirs, transpose) in names.items():
            p = dict(module.named_parameters())[theirs]
            arrays[ours] = p.detach().T if transpose else p.detach()
            arrays[f"{ours}_gradient"] = p.grad.T if transpose else p.grad
        out.update({f"{name}.{key}": value.numpy() for key, value in arrays.items()})

    affine = {"weight": ("weight", True), "bias": ("bias", False)}
    norm = {"scale": ("weight", False), "shift": ("bias", False)}
    table = {"weight": ("weight", False)}
    record("Dense", nn.Linear(4, 3), torch.randn(5, 4), affine)
    record("LayerNormalization", nn.LayerNorm(6), 3 + 2 * torch.randn(5, 6), norm)
    batch = nn.BatchNorm1d(4, momentum=None)  # the plain mean of the running statistics
    record("BatchNormalization", batch, 3 + 2 * torch.randn(7, 4), norm)
    out["BatchNormalization.mean"] = batch.running_mean.numpy()
    out["BatchNormalization.unbiased_variance"] = batch.running_var.numpy()
    record("Embedding", nn.Embedding(6, 3), torch.tensor([0, 5, 2, 2]), table)
    np.savez(Path(__file__).with_suffix(".npz"), **out)


if __name__ == "__main__":
    main()
