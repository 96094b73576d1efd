"""Which season an episode belongs to stays to be read when another one is the current one."""

from arena.shows.public import Season, SeasonRules
from tests.support.portal import Portal


async def test_an_old_episode_leads_to_the_rules_of_its_own_season(portal: Portal) -> None:
    producer, anybody = await portal.person("producer"), portal.anybody()
    old = await anybody.get_ok("/seasons/current")
    episode = await producer.post_ok("/episodes", {"title": "The last of the old ones"})
    rules = SeasonRules()
    rules = rules.model_copy(update={"flags": rules.flags.model_copy(update={"cohort_least": 40})})
    async with portal.site.sessions() as session, session.begin():
        session.add(Season(name="2", rules=rules.model_dump(mode="json"), rules_digest=rules.digest))
    now = await anybody.get_ok("/seasons/current")
    assert (now["name"], now["flags"]["cohort_least"]) == ("2", 40)
    assert await anybody.get_ok(f"/episodes/{episode['id']}/season") == old
    assert await anybody.refused("GET", f"/episodes/{now['id']}/season") == (404, "episode.not_found")
