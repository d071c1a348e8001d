"""Outputs and gradients of layers over sequences, from PyTorch in float64: sequences.npz.

All parameters are random. Sequences have different lengths where PyTorch can pack them. Run by hand
where PyTorch is installed: ``python tests/reference/sequences.py``.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

LENGTHS = torch.tensor([6, 1, 4])


def main() -> None:
    """Write the file."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    out: dict[str, np.ndarray] = {"lengths": LENGTHS.numpy()}

    def drawn(module):
        with torch.no_grad():
            for p in module.parameters():
                p.copy_(torch.randn_like(p))
        return module

    def keep(name, x, results, module):
        """Store x, every result with its upstream slope, and all gradients of their sum."""
        total = 0
        for key, y in results.items():
            upstream = torch.randn_like(y)
            total = total + (y * upstream).sum()
            out[f"{name}.{key}"] = y.detach().numpy()
            out[f"{name}.{key}_upstream"] = upstream.numpy()
        total.backward()
        out[f"{name}.x"] = x.detach().numpy()
        if x.grad is not None:
            out[f"{name}.x_gradient"] = x.grad.numpy()
        for key, p in module.named_parameters():
            out[f"{name}.{key}"] = p.detach().numpy()
            out[f"{name}.{key}_gradient"] = p.grad.numpy()

    for name, module in {
        "LSTM": nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True),
        "GRU": nn.GRU(3, 4, num_layers=2, bidirectional=True, batch_first=True),
        "Elman": nn.RNN(3, 4, batch_first=True),
    }.items():
        module, x = drawn(module), torch.randn(3, 6, 3, requires_grad=True)
        packed = pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False)
        outputs, last = module(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True)
        last = last[0] if isinstance(last, tuple) else last
        width = 2 if module.bidirectional else 1
        keep(name, x, {"outputs": outputs, "last": torch.cat(list(last[-width:]), 1)}, module)

    x = torch.randn(3, 6, 4, requires_grad=True)
    for name, causal in (("SelfAttention", False), ("CausalAttention", True)):
        module = drawn(nn.MultiheadAttention(4, 2, batch_first=True))
        x = torch.randn(3, 6, 4, requires_grad=True)
        padding = torch.arange(6) >= LENGTHS[:, None]
        ahead = torch.triu(torch.ones(6, 6, dtype=torch.bool), 1) if causal else None
        y, _ = module(x, x, x, key_padding_mask=padding, attn_mask=ahead, need_weights=False)
        keep(name, x, {"outputs": torch.where(padding[..., None], 0, y)}, module)

    module, x = drawn(nn.Conv1d(3, 5, 3, padding=2, dilation=2)), torch.randn(3, 3, 6)
    x.requires_grad_()
    keep("Convolution", x, {"outputs": module(x)}, module)
    for mode in ("mean", "sum"):
        module, codes = drawn(nn.EmbeddingBag(7, 3, mode=mode)), torch.randint(0, 7, (4, 5))
        keep(f"Bag.{mode}", codes, {"outputs": module(codes)}, module)
    np.savez(Path(__file__).with_suffix(".npz"), **out)


if __name__ == "__main__":
    main()
