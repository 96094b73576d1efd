"""How a run lies on devices, against numbers that can be worked out by hand."""

import pytest

from arena.shows.base_models import HOUSE_MODEL
from arena.shows.training import TrainingSpec
from arena.training.contracts import DevicePlan, DeviceShare
from arena.training.plan import plan

HIDDEN, VOCABULARY, QUERY, VALUE, RANK = 640, 262_144, 1024, 256, 8
LORA_Q, LORA_V = RANK * (HIDDEN + QUERY), RANK * (HIDDEN + VALUE)
TRAINED = 18 * (LORA_Q + LORA_V)


def laid(profile: str, processes: int, dtype: str = "bfloat16", **spec: object) -> DevicePlan:
    said = {"profile": profile, "processes": processes, "batch_size": 2 * processes, "rank": RANK, **spec}
    return plan(HOUSE_MODEL, TrainingSpec.model_validate(said), dtype)


def learning(share: DeviceShare) -> tuple[int, int]:
    return share.gradient_bytes, share.optimiser_bytes


def test_the_parts_are_those_of_the_model() -> None:
    parts = laid("single", 1).parts
    assert [part.name for part in parts] == ["embeddings", *(f"layers.{layer}" for layer in range(18))]
    assert parts[0].parameters == VOCABULARY * HIDDEN
    base = sum(inner * outer for inner, outer in HOUSE_MODEL.modules.values())
    assert {part.parameters for part in parts[1:]} == {base + LORA_Q + LORA_V}
    assert sum(part.trainable for part in parts) == TRAINED == 368_640


def test_the_model_has_as_many_parameters_as_its_makers_say() -> None:
    """268 million; the vectors of norms, which are left out, are less than a thousandth."""
    parameters = sum(part.parameters - part.trainable for part in laid("single", 1).parts)
    assert 0 < 268_098_176 - parameters < 268_098_176 / 1000


def test_data_parallelism_splits_nothing_but_the_batch() -> None:
    (alone,) = laid("single", 1).shares
    two = laid("ddp", 2)
    assert two.gathered_bytes == 0
    for share in two.shares:
        assert share.model_copy(update={"rank": 0}) == alone
    assert learning(alone) == (4 * TRAINED, 8 * TRAINED)


@pytest.mark.parametrize("processes", [2, 4])
def test_zero_2_splits_gradients_and_moments(processes: int) -> None:
    (alone,) = laid("single", 1).shares
    for share in laid("zero2", processes).shares:
        assert share.weight_bytes == alone.weight_bytes
        assert learning(share) == (4 * TRAINED // processes, 8 * TRAINED // processes)


@pytest.mark.parametrize("profile", ["zero3", "fsdp2"])
@pytest.mark.parametrize("processes", [1, 2, 7, 16])
def test_what_is_split_adds_up_to_the_whole(profile: str, processes: int) -> None:
    whole, split = laid("single", 1), laid(profile, processes)
    (alone,) = whole.shares
    assert [sum(held) for held in zip(*(share.held for share in split.shares), strict=True)] == alone.held
    for one in ("weight_bytes", "gradient_bytes", "optimiser_bytes"):
        assert sum(getattr(share, one) for share in split.shares) == getattr(alone, one)
    assert split.gathered_bytes == (2 * VOCABULARY * HIDDEN if processes > 1 else 0)


def test_fsdp2_splits_a_matrix_by_rows_so_some_get_none_of_a_small_one() -> None:
    """Of a LoRA matrix A, which has eight rows, the later eight of sixteen processes hold nothing."""
    shares = laid("fsdp2", 16).shares
    rows_of_b = (QUERY + VALUE) // 16 * RANK
    assert learning(shares[0])[0] == 18 * 4 * (2 * HIDDEN + rows_of_b)
    assert learning(shares[15])[0] == 18 * 4 * rows_of_b
    even = laid("zero3", 16).shares
    assert learning(even[0]) == learning(even[15])


def test_other_methods_hold_other_things() -> None:
    (plain,), (dora,) = laid("single", 1).shares, laid("single", 1, method="dora").shares
    assert dora.gradient_bytes - plain.gradient_bytes == 18 * 4 * (QUERY + VALUE), (
        "a magnitude for each output"
    )
    (four_bits,) = laid("single", 1, method="qlora").shares
    base = 18 * sum(inner * outer for inner, outer in HOUSE_MODEL.modules.values())
    assert plain.weight_bytes - four_bits.weight_bytes == pytest.approx(base * (2 - 4.127 / 8))
    (wide,) = laid("single", 1, dtype="float32").shares
    assert wide.weight_bytes - plain.weight_bytes == 2 * (base + VOCABULARY * HIDDEN)
