"""How alike two adapters are, and what one looks like inside. Pure functions on the factors. Standard library, numpy.

An adapter changes each module's weight by ΔW = s·B·A, with A (r, in), B (out, r) and s its scale. Copies that look
different as files (ranks permuted, rotated by any invertible r×r matrix, padded with zeros, rescaled against alpha) are
the same ΔW, so only ΔW is compared, over all modules at once:

    cos(X, Y) = Σₘ⟨Xₘ, Yₘ⟩ / (‖X‖‖Y‖),   ⟨B₁A₁, B₂A₂⟩ = tr((B₁ᵀB₂)(A₂A₁ᵀ))

A module that one adapter does not have counts as zero. No (out, in) matrix is ever built.

To compare a new adapter with all others, each has a *sketch*: SKETCH_SIZE numbers whose dot product estimates ⟨X, Y⟩.
It is a TensorSketch (Pham and Pagh, KDD 2013) of the block-diagonal matrix of all modules: every row i and every column
j gets a bucket h and a sign s, and entry (i, j) is added with sign s(i)s(j) to bucket h(i)+h(j) modulo SKETCH_SIZE. For
a product of factors that is a circular convolution of two count sketches, so it takes r short Fourier transforms per
side. With D = SKETCH_SIZE:

    E[estimate] = ⟨X, Y⟩,   Var[estimate] ≤ 8/D · ‖X‖²‖Y‖²   for any X and Y

A term of the variance survives only if the four rows and the four columns that meet in it are equal in pairs. That is
3×3 pairings, of which one is the squared mean; each other is at most ‖X‖²‖Y‖² by Cauchy-Schwarz, times the chance 1/D
that two buckets meet. For adapters of many modules and ranks all but two pairings are next to nothing, and the
variance is (‖X‖²‖Y‖² + ⟨X, Y⟩²)/D. Sketches are kept at unit length: their dot product is then exactly 1 for the same
ΔW, and its deviation is about (1 - cos²)/√D, that is 0.011 at most; √(8/D) = 0.031 bounds what contrived files reach.
"""

import base64
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

# By name, because numpy loads `np.fft` at first use, and a locked-down child opens no files.
from numpy import fft, linalg
from numpy.typing import NDArray

from arena.shows.base_models import BaseModel
from arena.submissions import safetensors
from arena.submissions.adapter_config import read_config
from arena.submissions.contracts import SKETCH_SIZE, Measures, Xray
from arena.submissions.safetensors import TensorEntry

SCHEME = "tensor-sketch-8192-1"
"""Names how sketches are made; only sketches of one scheme can be compared. Changes with anything that changes them."""

FLAG_COSINE = 0.5
"""At or above this a pair is flagged; where it comes from: infra/calibration/similarity."""
CALIBRATION = "2026-11-21"
"""The version of the calibration that FLAG_COSINE was read from."""
MARGIN = 0.1
"""How far below the threshold an estimate may be and still be worth an exact look: three deviations of the worst case,
nine of the usual one."""

SKETCH_BYTES = 2 * SKETCH_SIZE
Vector = NDArray[np.float32]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Factors:
    """ΔW = b @ a of one module: a (r, in), b (out, r) with the scale already in it."""

    a: Matrix
    b: Matrix


Adapter = Mapping[str, Factors]
"""Module path, as in `BaseModel.tensor_names`, to its factors."""


class StoredAdapter(Mapping[str, Factors]):
    """An adapter in a file, read module by module: however large it is, one module is in memory."""

    def __init__(self, weights: BinaryIO, entries: Iterable[TensorEntry], scale: float) -> None:
        self._weights = weights
        self._scale = scale
        self._entries = {entry.name: entry for entry in entries}
        self._paths = sorted({name.rsplit(".", 2)[0] for name in self._entries})

    def __getitem__(self, path: str) -> Factors:
        a = self._read(f"{path}.lora_A.weight")
        return Factors(a, self._scale * self._read(f"{path}.lora_B.weight"))

    def _read(self, name: str) -> Matrix:
        return safetensors.read_tensor(self._weights, self._entries[name]).astype(np.float64)

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def open_sealed(config: bytes, weights: bytes, base: BaseModel) -> StoredAdapter:
    """A sealed adapter from the bytes of its two files. Raises AdapterRefused or ValueError when they are not one."""
    reading = read_config(config, base, base.max_rank)
    if reading.config is None:
        raise ValueError("the config of a sealed adapter cannot be read")
    file = io.BytesIO(weights)
    return StoredAdapter(file, safetensors.read_header(file, len(weights)), reading.config.scale)


# --- two adapters ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ModuleLikeness:
    """One module of a pair: the cosine of the two ΔW and their Frobenius norms (0 where the module is missing)."""

    module: str
    cosine: float
    norm: float
    other_norm: float


@dataclass(frozen=True)
class Likeness:
    """How one adapter stands to another one."""

    cosine: float
    """Of ΔW over all modules, -1..1."""
    energy_share: float
    """Share of the first adapter's ‖ΔW‖² that lies in modules which alone would be flagged, 0..1: what was copied when
    only some layers were."""
    modules: list[ModuleLikeness]


def inner(x: Factors, y: Factors) -> float:
    """⟨ΔW₁, ΔW₂⟩ (Frobenius) of one module."""
    return float(np.sum((x.b.T @ y.b) * (x.a @ y.a.T)))


def compare(x: Adapter, y: Adapter, threshold: float = FLAG_COSINE) -> Likeness:
    """The exact cosine of ΔW, with the evidence by module."""
    dot = square_x = square_y = shared = 0.0
    modules = []
    for path in sorted(x.keys() | y.keys()):
        one, other = x.get(path), y.get(path)
        of_x = max(inner(one, one), 0.0) if one is not None else 0.0
        of_y = max(inner(other, other), 0.0) if other is not None else 0.0
        both = inner(one, other) if one is not None and other is not None else 0.0
        cosine = _ratio(both, of_x, of_y)
        modules.append(ModuleLikeness(path, cosine, of_x**0.5, of_y**0.5))
        dot, square_x, square_y = dot + both, square_x + of_x, square_y + of_y
        shared += of_x if cosine >= threshold else 0.0
    share = shared / square_x if square_x > 0 else 0.0
    return Likeness(_ratio(dot, square_x, square_y), share, modules)


def _ratio(dot: float, square_x: float, square_y: float) -> float:
    size = (square_x * square_y) ** 0.5
    # Rounding may push a perfect copy a hair beyond 1.
    return min(1.0, max(-1.0, dot / size)) if size > 0 else 0.0


# --- one against all ------------------------------------------------------------------------------------------


def sketch(adapter: Adapter) -> Vector:
    """SKETCH_SIZE numbers of unit length (all zero for an adapter that changes nothing)."""
    spectrum = np.zeros(SKETCH_SIZE // 2 + 1, np.complex128)
    for path in adapter:
        spectrum += _spectrum(path, adapter[path])
    return _unit(spectrum)


def _spectrum(path: str, factors: Factors) -> NDArray[np.complex128]:
    """Fourier transform of one module's sketch: a sum over ranks of products, where a convolution would stand."""
    rows = fft.rfft(_count_sketch(f"{path} out", factors.b.T))
    columns = fft.rfft(_count_sketch(f"{path} in", factors.a))
    total: NDArray[np.complex128] = np.einsum("rf,rf->f", rows, columns)
    return total


def _count_sketch(side: str, values: Matrix) -> Matrix:
    """(r, width) to (r, SKETCH_SIZE): each column goes to its bucket with its sign.

    Bucket and sign come from SHAKE-256 of the side's name: the same on every machine and in every version of numpy.
    """
    rank, width = values.shape
    drawn = np.frombuffer(hashlib.shake_256(f"{SCHEME} {side}".encode()).digest(4 * width), "<u4")
    buckets = (drawn % SKETCH_SIZE).astype(np.int64)
    signs = np.where(drawn >> 31, -1.0, 1.0)
    places = np.arange(rank)[:, None] * SKETCH_SIZE + buckets
    summed = np.zeros(rank * SKETCH_SIZE)
    np.add.at(summed, places.ravel(), (values * signs).ravel())
    return summed.reshape(rank, SKETCH_SIZE)


def _unit(spectrum: NDArray[np.complex128]) -> Vector:
    values = fft.irfft(spectrum, SKETCH_SIZE)
    length = float(linalg.norm(values))
    return (values / length if length > 0 else values).astype(np.float32)


def pack(values: Vector) -> bytes:
    """A sketch as it is kept: half precision, which costs a cosine less than 0.001."""
    return values.astype("<f2").tobytes()


def unpack(raw: bytes) -> Vector:
    """A sketch that came from a lab. Raises ValueError unless it is finite, of the right length and of unit length."""
    if len(raw) != SKETCH_BYTES:
        raise ValueError(f"a sketch is {SKETCH_BYTES} bytes, not {len(raw)}")
    values = np.frombuffer(raw, "<f2").astype(np.float32)
    # `not (… <= …)` is true for NaN as well.
    if values.any() and not abs(float(linalg.norm(values)) - 1.0) <= 0.01:
        raise ValueError("a sketch is of unit length")
    return values


def estimates(vector: Vector, kept: Iterable[bytes]) -> Vector:
    """The estimated cosine of one sketch with each of those kept (`pack`ed), in one matrix product."""
    matrix = np.frombuffer(b"".join(kept), "<f2").reshape(-1, SKETCH_SIZE)
    return matrix.astype(np.float32) @ vector


# --- one adapter inside ---------------------------------------------------------------------------------------


def singular_values(factors: Factors) -> Matrix:
    """Singular values of ΔW, descending: with B = Q₁R₁ and Aᵀ = Q₂R₂ they are those of the r×r core R₁R₂ᵀ."""
    core = _triangle(factors.b) @ _triangle(factors.a.T).T
    return np.asarray(linalg.svd(core, compute_uv=False), np.float64)


def _triangle(tall: Matrix) -> Matrix:
    """R of the QR decomposition."""
    return np.asarray(linalg.qr(tall, mode="r"), np.float64)


def effective_rank(values: Matrix) -> float:
    """exp of the entropy of the normalised singular values (Roy and Vetterli, EUSIPCO 2007); 0 when all are zero."""
    total = float(values.sum())
    if total <= 0:
        return 0.0
    shares = values[values > 0] / total
    return float(np.exp(-np.sum(shares * np.log(shares))))


def measure(adapter: Adapter, base: BaseModel) -> Measures:
    """Sketch and X-ray of an inspected adapter, reading each module once."""
    spectrum = np.zeros(SKETCH_SIZE // 2 + 1, np.complex128)
    grid = np.zeros((2, base.layers * len(base.modules)))
    for place, path in enumerate(base.tensor_names()):
        if path not in adapter:
            continue
        factors = adapter[path]
        spectrum += _spectrum(path, factors)
        values = singular_values(factors)
        grid[:, place] = linalg.norm(values), effective_rank(values)
    norms, ranks = (
        [[float(f"{value:.4g}") for value in layer] for layer in numbers]
        for numbers in grid.reshape(2, base.layers, len(base.modules))
    )
    xray = Xray(modules=list(base.modules), norms=norms, effective_ranks=ranks)
    return Measures(sketch=base64.b64encode(pack(_unit(spectrum))).decode(), xray=xray)


def take(measures: Measures, base: BaseModel) -> tuple[Vector, Xray]:
    """What a lab measured, checked. Raises ValueError when it cannot be a measure of an adapter on `base`."""
    xray = measures.xray
    if xray.modules != list(base.modules):
        raise ValueError("the X-ray is of another base model")
    for grid in (xray.norms, xray.effective_ranks):
        if len(grid) != base.layers or any(len(layer) != len(base.modules) for layer in grid):
            raise ValueError("the X-ray has another shape than the base model")
    return unpack(base64.b64decode(measures.sketch, validate=True)), xray
