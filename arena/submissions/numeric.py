"""The numbers in an adapter, by streaming: never a whole file, never a whole tensor in a wider type. Only numpy.

Memory is bounded by one raw A matrix (rank x in) plus a few blocks, whatever the size of the file.
"""

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

from arena.submissions.safetensors import ITEM_BYTES, TensorEntry, tensor_chunks

_BITS = {"F32": "<u4", "F16": "<u2", "BF16": "<u2"}

# Without the sign bit, floats are in the order of their bits as integers, infinity and NaN above all numbers. These are
# 65504, the largest half-precision number, and in BF16 its largest neighbour below: what is larger turns into infinity
# on an engine that serves in F16.
_LARGEST = {"F32": 0x477FE000, "F16": 0x7BFF, "BF16": 0x477F}
_MAGNITUDE = {"F32": 0x7FFFFFFF, "F16": 0x7FFF, "BF16": 0x7FFF}

BLOCK_VALUES = 1 << 16
"""Values converted at a time: 256 KiB of float32 stay in the processor's cache."""

CANCELLED = 1e-4
"""Below this share of ‖A‖²‖B‖², ‖BA‖² is what rounding in float32 may leave of a true zero."""


def count_not_finite(file: BinaryIO, entry: TensorEntry) -> int:
    """How many values of the tensor are NaN, infinite, or beyond half precision (±65504)."""
    return sum(not_finite(raw, entry.dtype) for raw in tensor_chunks(file, entry))


def not_finite(raw: bytes, dtype: str) -> int:
    magnitudes = np.frombuffer(raw, _BITS[dtype]) & _MAGNITUDE[dtype]
    if magnitudes.max() <= _LARGEST[dtype]:
        return 0
    return int(np.count_nonzero(magnitudes > _LARGEST[dtype]))


def delta_rms(file: BinaryIO, a: TensorEntry, b: TensorEntry) -> float:
    """Root mean square of the entries of B·A, for A (r, in) and B (out, r), without building the (out, in) product.

    ‖BA‖² = tr(AᵀBᵀBA) = ⟨BᵀB, AAᵀ⟩, two r×r matrices. They are summed in float32 blocks; when what remains is so much
    smaller than A and B that it may be rounding, once more in float64.
    """
    grams_a, grams_b = rows_gram(file, a, np.float32), columns_gram(file, b, np.float32)
    squared = float(np.sum(grams_a * grams_b))
    if squared < CANCELLED * float(np.trace(grams_a) * np.trace(grams_b)):
        grams_a, grams_b = rows_gram(file, a, np.float64), columns_gram(file, b, np.float64)
        squared = float(np.sum(grams_a * grams_b))
    # Rounding can push a true zero slightly below it.
    return float(np.sqrt(max(squared, 0.0) / (b.shape[0] * a.shape[1])))


def rows_gram(file: BinaryIO, entry: TensorEntry, dtype: DTypeLike) -> NDArray[np.float64]:
    """M·Mᵀ of a (r, n) tensor with few rows, multiplied in `dtype` and added up in float64."""
    rank, width = entry.shape
    stored = np.frombuffer(b"".join(tensor_chunks(file, entry)), _BITS[entry.dtype]).reshape(rank, width)
    total = np.zeros((rank, rank))
    step = max(1, BLOCK_VALUES // rank)
    space = np.empty(rank * step, np.float32)
    for start in range(0, width, step):
        block = _floats(stored[:, start : start + step], entry.dtype, space).astype(dtype, copy=False)
        total += block @ block.T
    return total


def columns_gram(file: BinaryIO, entry: TensorEntry, dtype: DTypeLike) -> NDArray[np.float64]:
    """Mᵀ·M of a (n, r) tensor with few columns, multiplied in `dtype` and added up in float64."""
    _, rank = entry.shape
    total = np.zeros((rank, rank))
    step = max(1, BLOCK_VALUES // rank)
    space = np.empty(rank * step, np.float32)
    for raw in tensor_chunks(file, entry, rank * step * ITEM_BYTES[entry.dtype]):
        stored = np.frombuffer(raw, _BITS[entry.dtype]).reshape(-1, rank)
        block = _floats(stored, entry.dtype, space).astype(dtype, copy=False)
        total += block.T @ block
    return total


def _floats(bits: NDArray[Any], dtype: str, space: NDArray[np.float32]) -> NDArray[np.float32]:
    """Stored bits as float32, written into `space`: fresh memory for each block costs more than the arithmetic."""
    floats = space[: bits.size].reshape(bits.shape)
    if dtype == "BF16":  # the upper half of a float32
        wide = floats.view("<u4")
        np.copyto(wide, bits)
        np.left_shift(wide, 16, out=wide)
    else:
        np.copyto(floats, bits.view("<f4" if dtype == "F32" else "<f2"))
    return floats
