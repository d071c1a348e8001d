"""Outputs and gradients of layers for pictures, from PyTorch in float64: pictures.npz.

Run by hand where PyTorch is installed: ``python tests/reference/pictures.py``.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional


def last(a):
    """Move the channels, which PyTorch keeps in front, to the end."""
    return a.movedim(1, -1)


class SqueezeExcite(nn.Module):
    """Channels weighed by what is in the whole picture, as Hu, Shen and Sun (2018) draw it."""

    def __init__(self, channels: int, units: int) -> None:
        super().__init__()
        self.squeeze, self.excite = nn.Linear(channels, units), nn.Linear(units, channels)

    def forward(self, x):
        """Return x times the weight of each channel."""
        z = functional.relu(self.squeeze(x.mean((2, 3))))
        return x * torch.sigmoid(self.excite(z))[:, :, None, None]


def squeezed() -> dict[str, np.ndarray]:
    """Return inputs, parameters, output and gradients of `SqueezeExcite`."""
    module = SqueezeExcite(6, 3)
    x = torch.randn((2, 6, 4, 3), requires_grad=True)
    y = module(x)
    upstream = torch.randn_like(y)
    (y * upstream).sum().backward()
    arrays = {"x": last(x), "x_gradient": last(x.grad), "y": last(y), "upstream": last(upstream)}
    for name, p in module.named_parameters():
        name = name.replace(".", "/")
        turned = tuple(range(p.ndim))[::-1]
        arrays[name], arrays[f"{name}_gradient"] = p.permute(turned), p.grad.permute(turned)
    return {f"squeezed.{key}": a.detach().numpy() for key, a in arrays.items()}


def main() -> None:
    """Write the file."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    out = {}

    def record(name, module, shape, weight=None):
        """Store inputs, parameters, output, and gradients of sum(output * upstream).

        ``weight`` says how the module's weight is moved to our order of axes.
        """
        x = torch.randn(shape, requires_grad=True)
        parameters = dict(module.named_parameters()) if isinstance(module, nn.Module) else {}
        with torch.no_grad():
            for p in parameters.values():
                p.copy_(torch.randn_like(p))
        y = module(x)
        upstream = torch.randn_like(y)
        (y * upstream).sum().backward()
        arrays = {"x": last(x), "x_gradient": last(x.grad)}
        arrays["y"], arrays["upstream"] = (last(a) if a.ndim > 2 else a for a in (y, upstream))
        for key, p in parameters.items():
            order = weight if key == "weight" and weight else tuple(range(p.ndim))
            key = {
                "weight": "weight" if weight else "scale",
                "bias": "bias" if weight else "shift",
            }[key]
            arrays[key] = p.permute(order)
            arrays[f"{key}_gradient"] = p.grad.permute(order)
        out.update({f"{name}.{key}": a.detach().numpy() for key, a in arrays.items()})

    one, two = (2, 1, 0), (2, 3, 1, 0)
    record("plain", nn.Conv2d(2, 3, 3, padding=1), (2, 2, 5, 6), two)
    record("strided", nn.Conv2d(2, 4, 3, stride=2, padding=1), (2, 2, 5, 6), two)
    record("dilated", nn.Conv2d(2, 3, 3, dilation=2), (2, 2, 7, 6), two)
    record("oblong", nn.Conv2d(2, 3, (1, 3), stride=(2, 1), padding=(0, 1)), (2, 2, 5, 6), two)
    record("grouped", nn.Conv2d(4, 6, 3, padding=1, groups=2), (2, 4, 4, 5), two)
    record("depthwise", nn.Conv2d(3, 3, 5, padding=2, stride=2, groups=3), (2, 3, 6, 5), two)
    record("pointwise", nn.Conv2d(3, 4, 1), (2, 3, 4, 5), two)
    record("time", nn.Conv1d(3, 4, 5, stride=2, padding=2), (2, 3, 9), one)
    two = (2, 3, 0, 1)
    record(
        "transposed", nn.ConvTranspose2d(3, 2, 3, 2, padding=1, output_padding=1), (2, 3, 4, 3), two
    )
    record("transposed_even", nn.ConvTranspose2d(3, 2, 4, 2), (2, 3, 3, 4), two)
    record("transposed_time", nn.ConvTranspose1d(3, 2, 3, 2, 1, 1), (2, 3, 4), (2, 0, 1))
    record("max", nn.MaxPool2d(2), (2, 3, 5, 6))
    record("max_overlapping", nn.MaxPool2d(3, 2, padding=1), (2, 3, 5, 6))
    record("max_time", nn.MaxPool1d(3), (2, 3, 7))
    record("average", nn.AvgPool2d(2), (2, 3, 5, 6))
    record(
        "average_overlapping",
        nn.AvgPool2d(3, 2, padding=1, count_include_pad=False),
        (2, 3, 5, 6),
    )
    record("global_mean", lambda x: functional.adaptive_avg_pool2d(x, 1)[..., 0, 0], (2, 3, 4, 5))
    record("group", nn.GroupNorm(2, 6), (3, 6, 4, 3))
    out.update(squeezed())
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **out)


if __name__ == "__main__":
    main()
