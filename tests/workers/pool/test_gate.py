import asyncio

import pytest

from workers.pool.gate import Gate


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


async def test_it_opens_again_after_giving_up() -> None:
    gate = Gate()
    await gate.enter()
    with pytest.raises(TimeoutError):
        async with gate.alone(0.01):
            raise AssertionError("somebody was inside")
    async with asyncio.timeout(1):
        await gate.enter()
    assert gate.running == 2
