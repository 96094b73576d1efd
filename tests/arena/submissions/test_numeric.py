"""The streamed arithmetic says what plain arithmetic on the whole tensors says."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray

from arena.submissions import numeric
from arena.submissions.safetensors import TensorEntry, to_float32

DTYPES = ("F32", "F16", "BF16")


def stored(array: NDArray[np.float32], dtype: str) -> bytes:
    if dtype == "BF16":
        return (array.view("<u4") >> 16).astype("<u2").tobytes()
    return array.astype("<f4" if dtype == "F32" else "<f2").tobytes()


def pair(
    a: NDArray[np.float32], b: NDArray[np.float32], dtype: str
) -> tuple[io.BytesIO, TensorEntry, TensorEntry]:
    raw_a, raw_b = stored(a, dtype), stored(b, dtype)
    first = TensorEntry("a", dtype, a.shape, 0, len(raw_a))
    return (
        io.BytesIO(raw_a + raw_b),
        first,
        TensorEntry("b", dtype, b.shape, len(raw_a), len(raw_a) + len(raw_b)),
    )


def exact(file: io.BytesIO, a: TensorEntry, b: TensorEntry) -> float:
    whole = file.getvalue()
    wide = [to_float32(whole[e.begin : e.end], e.dtype).reshape(e.shape).astype(np.float64) for e in (a, b)]
    return float(np.sqrt(np.mean((wide[1] @ wide[0]) ** 2)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rank", [1, 3, 16])
def test_delta_rms_is_that_of_the_product(dtype: str, rank: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numeric, "BLOCK_VALUES", 100)  # many blocks, the last of them short
    draw = np.random.default_rng(3)
    a = draw.normal(0, 0.05, (rank, 231)).astype(np.float32)
    b = draw.normal(0, 0.05, (157, rank)).astype(np.float32)
    made = pair(a, b, dtype)
    assert numeric.delta_rms(*made) == pytest.approx(exact(*made), rel=1e-4)


def test_a_product_that_cancels_is_zero_and_not_rounding() -> None:
    draw = np.random.default_rng(4)
    a, b = np.repeat(draw.normal(size=(1, 900)), 2, 0), np.repeat(draw.normal(size=(700, 1)), 2, 1)
    b[:, 1] *= -1
    assert numeric.delta_rms(*pair(a.astype(np.float32), b.astype(np.float32), "F32")) < 1e-8


def test_a_small_difference_of_large_parts_is_found() -> None:
    draw = np.random.default_rng(5)
    a, b = np.repeat(draw.normal(size=(1, 900)), 2, 0), np.repeat(draw.normal(size=(700, 1)), 2, 1)
    b[:, 1] *= -1.0001
    made = pair(a.astype(np.float32), b.astype(np.float32), "F32")
    assert numeric.delta_rms(*made) == pytest.approx(exact(*made), rel=1e-2)


@pytest.mark.parametrize(
    ("dtype", "largest", "beyond"),
    [("F32", 65504.0, 65508.0), ("F16", 65504.0, np.inf), ("BF16", 65280.0, 65536.0)],
)
def test_what_half_precision_can_hold_is_the_limit(dtype: str, largest: float, beyond: float) -> None:
    for sign in (1, -1):
        good = stored(np.array([0, sign * largest, 1], np.float32), dtype)
        bad = stored(np.array([0, sign * beyond, np.nan], np.float32), dtype)
        assert (numeric.not_finite(good, dtype), numeric.not_finite(bad, dtype)) == (0, 2)
