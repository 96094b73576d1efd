"""Copies are found whatever was done to them, honest strangers are not, and what is stored can be trusted."""

import base64
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from arena.shows.base_models import HOUSE_MODEL, BaseModel
from arena.submissions import similarity
from arena.submissions.contracts import SKETCH_SIZE, Measures
from arena.submissions.inspection import inspect_adapter
from arena.submissions.similarity import (
    FLAG_COSINE,
    MARGIN,
    Adapter,
    Factors,
    compare,
    effective_rank,
    estimates,
    measure,
    open_sealed,
    pack,
    singular_values,
    sketch,
    take,
    unpack,
)
from tests.support import copies
from tests.support.adapter_files import TINY
from tests.support.copies import Dtype

CALIBRATION = Path(__file__).parents[3] / "infra" / "calibration" / "similarity" / "calibration.json"


@pytest.fixture(scope="module")
def lantern() -> Adapter:
    """Really trained: rank 6, BF16, all modules."""
    return copies.load(copies.DEMO / "lantern")


@pytest.fixture(scope="module")
def northstar() -> Adapter:
    return copies.load(copies.DEMO / "northstar")


def tiny(seed: int, rank: int = 3) -> dict[str, Factors]:
    return copies.random_adapter(seed, rank, TINY)


def whole(adapter: Adapter) -> np.ndarray:
    """All of ΔW as one long vector: what the code under test never builds."""
    parts = [
        (adapter[path].b @ adapter[path].a).ravel() if path in adapter else np.zeros(rows * columns)
        for path, (columns, rows) in TINY.tensor_names().items()
    ]
    return np.concatenate(parts)


def cosine_of(x: np.ndarray, y: np.ndarray) -> float:
    return float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))


# --- the exact measure ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_the_cosine_is_that_of_the_whole_matrices(share: float) -> None:
    x = tiny(1)
    y = copies.merged(x, tiny(2, rank=5), share)
    found = compare(x, y)
    assert found.cosine == pytest.approx(cosine_of(whole(x), whole(y)), abs=1e-12)
    for module in found.modules:
        dense = [(of[module.module].b @ of[module.module].a).ravel() for of in (x, y)]
        assert module.cosine == pytest.approx(cosine_of(*dense), abs=1e-12)
        assert (module.norm, module.other_norm) == pytest.approx([np.linalg.norm(one) for one in dense])


def test_a_module_that_one_does_not_have_counts_as_zero() -> None:
    x = tiny(1)
    y = copies.only(x, "q_proj")
    found = compare(x, y)
    assert found.cosine == pytest.approx(cosine_of(whole(x), whole(y)), abs=1e-12)
    assert 0 < found.cosine < 1
    missing = [module for module in found.modules if not module.module.endswith("q_proj")]
    assert missing
    assert all(module.cosine == 0 and module.other_norm == 0 < module.norm for module in missing)
    assert compare(y, x).cosine == pytest.approx(found.cosine)
    assert compare(x, {}).cosine == 0


def test_the_share_of_energy_says_how_much_was_copied() -> None:
    x, y = tiny(1), tiny(2)
    half = copies.layers(x, y, 1)
    squares = {path: float(np.sum((f.b @ f.a) ** 2)) for path, f in half.items()}
    copied = sum(square for path, square in squares.items() if ".layers.0." in path)
    assert compare(half, x).energy_share == pytest.approx(copied / sum(squares.values()))
    assert compare(x, x).energy_share == 1
    assert compare(x, copies.random_adapter(9, 3, TINY)).energy_share < 0.5


def test_the_opposite_is_no_copy() -> None:
    x = tiny(1)
    assert compare(x, copies.scaled(x, -1.0)).cosine == -1


# --- copies ---------------------------------------------------------------------------------------------------

Forgery = Callable[[Adapter, Adapter], Adapter]
SAME: dict[str, Forgery] = {
    "byte copy": lambda x, _: x,
    "ranks permuted": lambda x, _: copies.permuted(x),
    "rotated by GL(r)": lambda x, _: copies.rotated(x),
    "zero padding": lambda x, _: copies.padded(x),
    "rescaled": lambda x, _: copies.scaled(x, 0.4),
    "padded, rotated, rescaled": lambda x, _: copies.scaled(copies.rotated(copies.padded(x)), 1.7),
}
CHANGED: dict[str, Forgery] = {
    "1 % noise": lambda x, _: copies.noisy(x, 0.01),
    "10 % noise": lambda x, _: copies.noisy(x, 0.10),
    "30 % noise": lambda x, _: copies.noisy(x, 0.30),
    "merged 70/30": lambda x, y: copies.merged(x, y, 0.7),
    "blended 70/30": lambda x, y: copies.blended(x, y, 0.7),
    "merged 70/30, noisy, rotated": lambda x, y: copies.rotated(copies.noisy(copies.merged(x, y, 0.7), 0.1)),
    "without the attention": lambda x, _: copies.only(x, "gate_proj", "up_proj", "down_proj"),
}


@pytest.mark.parametrize("dtype", ["BF16", "F16", "F32"])
@pytest.mark.parametrize("forgery", SAME)
def test_another_spelling_is_the_same_adapter(
    lantern: Adapter, northstar: Adapter, forgery: str, dtype: Dtype
) -> None:
    """Through the file and back: what is left of 1 is the rounding, which turns with the rotation's condition."""
    copy = copies.rounded(SAME[forgery](lantern, northstar), dtype, alpha_per_rank=4.0)
    assert compare(copy, lantern).cosine > 0.999
    assert float(sketch(copy) @ sketch(lantern)) > 0.999


@pytest.mark.parametrize("dtype", ["BF16", "F16"])
@pytest.mark.parametrize("forgery", CHANGED)
def test_a_changed_copy_is_flagged(lantern: Adapter, northstar: Adapter, forgery: str, dtype: Dtype) -> None:
    copy = copies.rounded(CHANGED[forgery](lantern, northstar), dtype)
    exact = compare(copy, lantern).cosine
    assert exact >= FLAG_COSINE
    estimate = float(sketch(copy) @ sketch(lantern))
    assert estimate >= FLAG_COSINE - MARGIN, "the sketch leads to the exact look"
    assert estimate == pytest.approx(exact, abs=MARGIN / 2)


def test_the_file_hash_and_the_tensors_say_nothing(lantern: Adapter) -> None:
    """Why ΔW: after a rotation no tensor is like what it was."""
    turned = copies.rotated(lantern)
    likeness = [cosine_of(turned[path].a.ravel(), f.a.ravel()) for path, f in lantern.items()]
    assert abs(float(np.mean(likeness))) < 0.5
    assert compare(turned, lantern).cosine == pytest.approx(1)


def test_independent_adapters_are_not_flagged(lantern: Adapter, northstar: Adapter) -> None:
    captain = copies.load(copies.DEMO / "captain-cat")
    strangers = [lantern, northstar, captain, copies.random_adapter(1), copies.random_adapter(2, rank=16)]
    for place, x in enumerate(strangers):
        for y in strangers[:place]:
            assert abs(compare(x, y).cosine) < 0.1
            assert abs(float(sketch(x) @ sketch(y))) < FLAG_COSINE - MARGIN


def test_both_parents_of_an_even_merge_are_named(lantern: Adapter, northstar: Adapter) -> None:
    child = copies.merged(lantern, northstar, 0.5)
    assert min(compare(child, parent).cosine for parent in (lantern, northstar)) >= FLAG_COSINE


def test_rescaling_goes_into_alpha_and_rslora_too(lantern: Adapter) -> None:
    config, weights = copies.written(lantern, "F32", alpha_per_rank=2.0)
    fields = json.loads(config)
    fields |= {"use_rslora": True, "lora_alpha": 3}
    other = open_sealed(json.dumps(fields).encode(), weights, HOUSE_MODEL)
    found = compare(other, lantern)
    assert found.cosine == pytest.approx(1, abs=1e-6)
    first = found.modules[0]
    assert first.norm / first.other_norm == pytest.approx(3 / 6**0.5 / 2, rel=1e-5)


# --- the sketch -----------------------------------------------------------------------------------------------


def renamed(adapter: Adapter, draw: int) -> dict[str, Factors]:
    """Buckets and signs come from the modules' names: other names are another draw."""
    return {f"{draw}/{path}": factors for path, factors in adapter.items()}


def raw_estimate(x: Adapter, y: Adapter) -> float:
    """The estimate of ⟨X, Y⟩ for ‖X‖ = ‖Y‖ = 1, before sketches are brought to unit length."""
    spectra = [np.sum([similarity._spectrum(path, f) for path, f in of.items()], axis=0) for of in (x, y)]
    one, other = (np.fft.irfft(spectrum, SKETCH_SIZE) for spectrum in spectra)
    norms = [sum(similarity.inner(f, f) for f in of.values()) ** 0.5 for of in (x, y)]
    return float(one @ other / (norms[0] * norms[1]))


PINNED = [(0, 0, 872), (11, 7, -7980), (3, 5, 1841)]
DRAWS = 200


def deviations(x: Adapter, y: Adapter) -> np.ndarray:
    exact = compare(x, y).cosine
    return np.array([raw_estimate(renamed(x, i), renamed(y, i)) - exact for i in range(DRAWS)])


def test_the_estimate_is_unbiased_with_the_stated_variance() -> None:
    """Many draws of one pair. 200 draws know the mean to 7 % of the deviation and the deviation to 5 %."""
    base = BaseModel(**{**vars(TINY), "layers": 4})
    x = copies.random_adapter(1, 4, base)
    y = copies.merged(x, copies.random_adapter(2, 4, base), 0.6)
    cosine = compare(x, y).cosine
    off = deviations(x, y)
    expected = ((1 + cosine**2) / SKETCH_SIZE) ** 0.5
    assert abs(off.mean()) < 4 * expected / DRAWS**0.5
    assert expected / 1.3 < off.std() < 1.3 * expected


@pytest.mark.parametrize("kind", ["one rank", "one row", "one column"])
def test_the_bound_holds_for_contrived_adapters(kind: str) -> None:
    """All energy in one module and one direction: where the sums over pairings are largest."""
    draw = np.random.default_rng(5)
    path = next(iter(TINY.tensor_names()))
    a, b = draw.normal(size=(1, 8)), draw.normal(size=(12, 1))
    if kind == "one row":
        b[1:] = 0
    if kind == "one column":
        a[:, 1:] = 0
    off = deviations({path: Factors(a, b)}, {path: Factors(a, b)})
    assert off.std() < 1.3 * (8 / SKETCH_SIZE) ** 0.5


def test_kept_sketches_are_closer_than_the_margin_by_far(lantern: Adapter, northstar: Adapter) -> None:
    """At unit length the deviation is about (1 - cos²)/√D; the margin leaves nine times that."""
    off = []
    for share in np.linspace(0.3, 1, 8):
        copy = copies.merged(lantern, northstar, float(share))
        exact = compare(copy, lantern).cosine
        (estimate,) = estimates(sketch(copy), [pack(sketch(lantern))])
        off.append((float(estimate) - exact) / max(1 - exact**2, 1e-2) * SKETCH_SIZE**0.5)
    assert max(abs(one) for one in off) < 4
    assert MARGIN > 9 / SKETCH_SIZE**0.5
    assert MARGIN > 3 * (8 / SKETCH_SIZE) ** 0.5


def test_one_against_many_is_one_product(lantern: Adapter, northstar: Adapter) -> None:
    kept = [pack(sketch(one)) for one in (lantern, northstar, copies.rotated(lantern))]
    assert estimates(sketch(lantern), kept) == pytest.approx([1, 0.0, 1], abs=0.03)
    assert len(estimates(sketch(lantern), [])) == 0


@pytest.mark.parametrize(("row", "column", "bucket"), PINNED)
def test_a_sketch_is_the_same_everywhere(row: int, column: int, bucket: int) -> None:
    """Kept for a season and compared with sketches of other machines: pinned, so that a change is a new SCHEME.

    A ΔW with a single entry has a sketch with a single entry; the sign of `bucket` is its sign.
    """
    found = sketch({"a.module": Factors(np.eye(1, 8, column), np.eye(1, 12, row).T)})
    (place,) = np.flatnonzero(np.abs(found) > 1e-6)
    assert abs(float(found[place])) == pytest.approx(1)
    assert int(place) * round(float(found[place])) == bucket


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        bytes(2 * SKETCH_SIZE - 2),
        np.full(SKETCH_SIZE, np.nan, "<f2").tobytes(),
        np.full(SKETCH_SIZE, np.inf, "<f2").tobytes(),
        np.ones(SKETCH_SIZE, "<f2").tobytes(),
        np.full(SKETCH_SIZE, 1e-3, "<f2").tobytes(),
    ],
)
def test_a_sketch_that_cannot_be_one_is_not_taken(raw: bytes) -> None:
    with pytest.raises(ValueError, match="sketch"):
        unpack(raw)


def test_nothing_is_like_nothing() -> None:
    """The zero adapter has a sketch too: it is like none, not even itself."""
    silent = copies.scaled(tiny(1), 0.0)
    zero = unpack(pack(sketch(silent)))
    assert not zero.any()
    assert compare(silent, silent).cosine == 0


# --- the X-ray ------------------------------------------------------------------------------------------------


def test_singular_values_are_those_of_the_product() -> None:
    f = next(iter(tiny(3).values()))
    dense = np.linalg.svd(f.b @ f.a, compute_uv=False)
    assert singular_values(f) == pytest.approx(dense[: len(f.a)])


@pytest.mark.parametrize(
    ("values", "rank"), [([2, 2, 2], 3), ([5, 0, 0], 1), ([0, 0], 0), ([0.5, 0.25, 0.25], 2**1.5)]
)
def test_the_effective_rank_counts_directions(values: list[float], rank: float) -> None:
    assert effective_rank(np.array(values, np.float64)) == pytest.approx(rank)


def test_the_x_ray_is_a_grid_of_the_whole_base() -> None:
    x = copies.only(tiny(1), "q_proj")
    xray = measure(x, TINY).xray
    assert xray.modules == ["self_attn.q_proj", "mlp.down_proj"]
    assert [len(layer) for layer in xray.norms] == [2, 2]
    for layer in range(TINY.layers):
        f = x[f"base_model.model.model.layers.{layer}.self_attn.q_proj"]
        assert xray.norms[layer][0] == pytest.approx(np.linalg.norm(f.b @ f.a), rel=1e-3)
        assert 1 <= xray.effective_ranks[layer][0] <= 3
        assert (xray.norms[layer][1], xray.effective_ranks[layer][1]) == (0, 0)


def test_copies_have_the_same_x_ray(lantern: Adapter) -> None:
    one, other = measure(lantern, HOUSE_MODEL).xray, measure(copies.rotated(lantern), HOUSE_MODEL).xray
    assert np.array(one.norms) == pytest.approx(np.array(other.norms), rel=2e-3)
    assert np.array(one.effective_ranks) == pytest.approx(np.array(other.effective_ranks), rel=2e-3)


def measures(**changes: object) -> Measures:
    return measure(tiny(1), TINY).model_copy(update=changes)


def test_what_a_lab_measured_is_taken_as_it_was_meant() -> None:
    vector, xray = take(measures(), TINY)
    assert vector == pytest.approx(sketch(tiny(1)), abs=1e-3)
    assert xray == measures().xray
    assert Measures.model_validate_json(measures().model_dump_json()) == measures()


@pytest.mark.parametrize(
    "wrong",
    [
        measures(sketch=base64.b64encode(np.full(SKETCH_SIZE, np.nan, "<f2").tobytes()).decode()),
        measures(sketch="!" * len(measures().sketch)),
        measures(xray=measures().xray.model_copy(update={"norms": [[1.0, 1.0]]})),
        measures(xray=measures().xray.model_copy(update={"effective_ranks": [[1.0], [1.0]]})),
        measures(xray=measures().xray.model_copy(update={"modules": ["a", "b"]})),
    ],
)
def test_what_a_lab_cannot_have_measured_is_not_taken(wrong: Measures) -> None:
    with pytest.raises(ValueError, match=r"sketch|X-ray|base64"):
        take(wrong, TINY)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1.0])
def test_numbers_that_are_none_do_not_pass_the_contract(number: float) -> None:
    body = measures().model_dump()
    body["xray"]["norms"][0][0] = number
    with pytest.raises(ValueError, match="norms"):
        Measures.model_validate(body)
    body = measures().model_dump()
    with pytest.raises(ValueError, match="sketch"):
        Measures.model_validate(body | {"sketch": "A" * (1 << 20)})


def test_an_inspected_file_is_measured_like_its_sealed_form(lantern: Adapter) -> None:
    """The lab measures what was sent, the portal compares what was sealed: the same numbers."""
    config, weights = copies.written(lantern, "F32")
    found = inspect_adapter(config, io.BytesIO(weights), HOUSE_MODEL, 16, len(weights))
    assert found.config is not None
    sealed = io.BytesIO(), io.BytesIO()
    found.write_canonical(io.BytesIO(weights), HOUSE_MODEL, *sealed)
    sent = similarity.StoredAdapter(io.BytesIO(weights), found.entries, found.config.scale)
    again = open_sealed(sealed[0].getvalue(), sealed[1].getvalue(), HOUSE_MODEL)
    assert measure(sent, HOUSE_MODEL) == measure(again, HOUSE_MODEL)


# --- the calibration ------------------------------------------------------------------------------------------


def test_the_threshold_is_the_calibration_s() -> None:
    """What the code says and what was measured must not drift apart."""
    found = json.loads(CALIBRATION.read_text())
    assert (found["version"], found["threshold"]) == (similarity.CALIBRATION, FLAG_COSINE)
    assert found["scheme"] == similarity.SCHEME
    cosines: dict[str, list[float]] = {"honest": [], "twin": [], "copy": [], "trace": []}
    for pair in found["pairs"]:
        cosines[pair["kind"]].append(pair["cosine"])
        assert abs(pair["estimate"] - pair["cosine"]) < MARGIN / 2
    assert min(len(of_kind) for of_kind in cosines.values()) >= 2
    assert 2 * max(cosines["honest"]) <= FLAG_COSINE
    assert min(cosines["copy"]) >= FLAG_COSINE
    trained = found["trained"]
    assert {pair["y"] for pair in found["pairs"]} <= trained.keys()
    for name in ("lantern", "northstar", "captain-cat"):
        weights = (copies.DEMO / name / "adapter_model.safetensors").read_bytes()
        assert trained[f"demo/{name}"]["adapter_sha256"] == hashlib.sha256(weights).hexdigest()


def test_the_figures_of_the_shipped_adapters_can_be_had_again(lantern: Adapter, northstar: Adapter) -> None:
    found = json.loads(CALIBRATION.read_text())["pairs"]
    (pair,) = [one for one in found if (one["x"], one["y"]) == ("demo/lantern", "demo/northstar")]
    assert compare(lantern, northstar).cosine == pytest.approx(pair["cosine"], abs=1e-4)
    merged = copies.rounded(copies.merged(lantern, northstar, 0.7), "BF16")
    (pair,) = [one for one in found if (one["x"], one["y"]) == ("merged 70% with own work", "demo/lantern")]
    assert compare(merged, lantern).cosine == pytest.approx(pair["cosine"], abs=1e-4)
