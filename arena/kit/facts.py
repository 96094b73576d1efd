"""Facts: what happened, in the past tense. A step records one and does not know who listens.

Pydantic only, so that a domain's `contracts.py` can be imported where there is no database.
"""

from typing import ClassVar

from arena.kit.schemas import Contract


class Fact(Contract):
    """Subclass it in a domain's `contracts.py`; the class name is the fact's name on the wire."""

    registry: ClassVar[dict[str, type["Fact"]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        Fact.registry[cls.__name__] = cls
