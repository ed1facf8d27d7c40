"""Another machine on this one: every convolution and matrix product a little different.

    with RelativeNoise(draw=3):
        ...  # y becomes y * (1 + 1e-6 * e), e even in -1.73..1.73, of deviation 1

y: one number that a convolution or a matrix product yields, forward and backward. Another
processor adds the products in another order and so rounds otherwise; what that does to one
sum is some units of the eighth digit, and what a training makes of it is seen at its end.

- The same product of the same numbers, in the same run, gets the same noise, as a machine
  gives it the same answer twice. e follows from the draw, y's bits and y's place.
- What every machine computes exactly stays exact: whole numbers, a kernel that copies.
  That is looked for where an operand is of short numbers (multiples of 1/256, up to 256):
  what float64 computes to the same throughout is left alone; of float64's own all of it.
- float64 rounds 2^29 times finer, and so is its noise; 16-bit numbers are left alone: they
  round the noise away.
For tests alone: no student's notebook can import it.
"""

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["RELATIVE", "RelativeNoise"]

RELATIVE = 1e-6
_PRODUCTS = {
    *("convolution", "convolution_backward", "_convolution", "mkldnn_convolution"),
    *("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    *("linear", "linear_backward", "mkldnn_linear", "matmul", "linalg_matmul", "einsum"),
    *("mm", "bmm", "addmm", "addmm_", "baddbmm", "baddbmm_", "addbmm", "_addmm_activation"),
    *("mv", "addmv", "dot", "vdot", "inner", "tensordot"),
}
_SCALE = {torch.float32: RELATIVE, torch.float64: RELATIVE * 2.0**-29}
_EVEN = 3**0.5 / 2**31  # from whole numbers of 32 bits, evenly spread, to deviation 1
# Odd and far from simple fractions of 2^32: Knuth's multiplicative hash, as signed numbers.
_BITS, _PLACE = 0x9E3779B1 - (1 << 32), 0x85EBCA6B - (1 << 32)


class RelativeNoise(TorchDispatchMode):
    """Within it, products have relative noise of 1e-6. draw: which noise; 0, 1, 2, ..."""

    def __init__(self, draw: int) -> None:
        super().__init__()
        self.start = draw * 0x27D4EB2F % 2**31
        self.places = torch.zeros(0, dtype=torch.int32)
        self.changed = 0  # numbers so far, for those who ask whether it was on

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func._schema.name.removeprefix("aten::") in _PRODUCTS:
            with torch.no_grad():
                self._disturb(func, args, kwargs, result)
        return result

    def _disturb(self, func, args, kwargs, result) -> None:
        every = result if isinstance(result, tuple) else (result,)
        if any(output is not None and output.device.type != "cpu" for output in every):
            return  # on "meta" there are no numbers, and a GPU is another machine anyway
        short = _may_be_exact(args)
        exact = _in_float64(func, args, kwargs) if short else None
        for place, output in enumerate(every):
            if output is None or output.dtype not in _SCALE:
                continue
            if short and output.dtype == torch.float64:
                continue  # nothing is wide enough to see whether it rounds
            if exact is not None and torch.equal(exact[place], output.double()):
                continue
            noise = self._noise(output)
            output.addcmul_(output, noise, value=_SCALE[output.dtype] * _EVEN)
            self.changed += output.numel()

    def _noise(self, output: Tensor) -> Tensor:
        """A whole number of 32 bits for each of `output`, from its bits and its place."""
        if output.numel() > len(self.places):
            self.places = torch.arange(output.numel(), dtype=torch.int32) * _PLACE + self.start
        single = output.to(torch.float32) if output.dtype == torch.float64 else output
        mixed = single.contiguous().view(torch.int32) * _BITS
        mixed.view(-1).add_(self.places[: output.numel()])
        return mixed.to(output.dtype)


def _may_be_exact(args) -> bool:
    tensors = [a for a in args if isinstance(a, Tensor) and a.dtype in _SCALE]
    return any(_short(tensor) for tensor in tensors if tensor.numel())


def _short(tensor: Tensor) -> bool:
    """Multiples of 1/256 up to 256: products of such and their sums round nowhere."""
    if not (float(tensor[(0,) * tensor.dim()]) * 256).is_integer():  # settles it, most times
        return False
    scaled = tensor * 256
    return bool((scaled == scaled.round()).all()) and bool((tensor.abs() <= 256).all())


def _in_float64(func, args, kwargs) -> tuple[Tensor | None, ...]:
    def wide(value):
        return (
            value.double() if isinstance(value, Tensor) and value.is_floating_point() else value
        )

    args = [
        wide(value) if not isinstance(value, list) else [wide(v) for v in value]
        for value in args
    ]
    result = func(*args, **{name: wide(value) for name, value in kwargs.items()})
    return result if isinstance(result, tuple) else (result,)
