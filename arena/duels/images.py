"""Images beside a prompt: PNG or JPEG, kept under their digest, asked only of base models that take them.

Nothing here decodes an image: whether the bytes are one is the engine's to find out. A producer puts them in; nobody
else can.
"""

from collections.abc import Sequence
from hashlib import sha256

from arena.duels.contracts import ImagePart, MediaType
from arena.kit.errors import Invalid, NotFound, TooLarge
from arena.kit.site import Site
from arena.nodes.attestation import Hex32
from arena.shows.base_models import BaseModel

MAX_BYTES = 1_000_000
MAX_IMAGES = 4
_BEGINS: dict[bytes, MediaType] = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def check_taken(base: BaseModel, images: int) -> None:
    """Raises Invalid `prompt.images` where the base model reads text only, or for too many."""
    if images and not base.takes_images:
        raise Invalid(
            "prompt.images",
            f"The base model {base.id} reads text only: it takes no images.",
            field="images",
            base_model=base.id,
        )
    if images > MAX_IMAGES:
        raise Invalid(
            "prompt.too_many_images",
            f"A prompt has {MAX_IMAGES} images at most; here are {images}.",
            field="images",
            limit=MAX_IMAGES,
        )


async def keep(site: Site, body: bytes) -> Hex32:
    """Returns the digest by which a duel names it. Raises TooLarge, Invalid `prompt.image_type`."""
    if len(body) > MAX_BYTES:
        sentence = f"The image has {len(body)} bytes; {MAX_BYTES} are allowed."
        raise TooLarge("prompt.image_size", sentence, field="images", size=len(body), limit=MAX_BYTES)
    _media_type(body)
    digest = sha256(body).hexdigest()
    await site.storage.put_once(_key(digest), body)
    return digest


async def parts(site: Site, digests: Sequence[str]) -> tuple[ImagePart, ...]:
    """Raises Invalid `prompt.unknown_image` for one that was never put in."""
    found = []
    for digest in digests:
        try:
            body = await site.storage.read(_key(digest))
        except NotFound as missing:
            sentence = f"There is no image {digest[:16]}…; put it in first."
            raise Invalid("prompt.unknown_image", sentence, field="images", image=digest) from missing
        found.append(ImagePart(type="image", media_type=_media_type(body), digest=digest, body=body))
    return tuple(found)


def _media_type(body: bytes) -> MediaType:
    for begin, media_type in _BEGINS.items():
        if body.startswith(begin):
            return media_type
    raise Invalid("prompt.image_type", "This is neither a PNG nor a JPEG image.", field="images")


def _key(digest: str) -> str:
    return f"images/{digest}"
