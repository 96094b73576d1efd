import asyncio

import pytest

from workers.pool.gate import DuelFirst, Gate


async def test_alone_waits_for_those_inside_and_keeps_others_out() -> None:
    gate, order = Gate(), []

    async def probe() -> None:
        async with gate.alone(5):
            order.append("alone")
            assert gate.running == 0
            await asyncio.sleep(0.01)

    async def late() -> None:
        await gate.enter()
        order.append("late")
        gate.leave()

    await gate.enter()
    await gate.enter()
    probing = asyncio.create_task(probe())
    await asyncio.sleep(0)
    entering = asyncio.create_task(late())
    await asyncio.sleep(0.01)
    gate.leave()
    await asyncio.sleep(0.01)
    assert order == []
    gate.leave()
    await asyncio.gather(probing, entering)
    assert order == ["alone", "late"]


async def test_a_duel_comes_before_whoever_waits_to_be_alone() -> None:
    gate = Gate()
    await gate.enter()

    async def probe() -> None:
        async with gate.alone(5):
            raise AssertionError("a duel was there first")

    probing = asyncio.create_task(probe())
    await asyncio.sleep(0)
    await gate.enter(duel=True)
    with pytest.raises(DuelFirst):
        await probing
    gate.leave()
    gate.leave(duel=True)
    async with gate.alone(1):
        side = asyncio.create_task(gate.enter(duel=True))
        await asyncio.sleep(0)
        assert gate.duels == 1, "it is counted from its arrival"
        side.cancel()
        await asyncio.wait([side])
    assert (gate.duels, gate.running) == (0, 0)


async def test_it_opens_again_after_giving_up() -> None:
    gate = Gate()
    await gate.enter()
    with pytest.raises(TimeoutError):
        async with gate.alone(0.01):
            raise AssertionError("somebody was inside")
    async with asyncio.timeout(1):
        await gate.enter()
    assert gate.running == 2


async def test_it_counts_whom_it_has_let_in() -> None:
    gate = Gate()
    for duel in (False, True):
        await gate.enter(duel)
        gate.leave(duel)
    async with gate.alone(1):
        assert gate.begun == 3, "a probe asks the engine, too"
    await gate.enter(duel=True)
    with pytest.raises(DuelFirst):
        async with gate.alone(1):
            raise AssertionError
    assert gate.begun == 4, "who gave way has asked nothing"
