"""The clock of the program: what moderation passes goes on air when its hold is over, at equal pace."""

from arena.duels import program_service as program
from arena.duels import queries
from arena.kit.db import transaction
from arena.kit.site import Site
from arena.rundown.contracts import channels

PROGRAM_SECONDS = 0.15


async def keep_program(site: Site) -> None:
    """One look at every duel whose answers are not all on air. Two workers that look at once do no harm."""
    async with site.sessions() as session:
        waiting = await queries.on_the_way(session)
    for duel_id in waiting:
        # Asking a guard takes its time; nobody's row is held meanwhile.
        async with site.sessions() as session:
            judged = await program.judge(site, session, duel_id)
        async with transaction(site.sessions, site.bus) as session:
            episode_id = await program.air(site, session, duel_id, judged)
        if episode_id is not None:
            # Straight to the pages: what is on air is committed, the hint need not queue behind the outbox.
            await site.bus.touch(channels(episode_id))
