"""Expected refusals are classes that know their status.

    GavelError
    ├── NotFound            404  also for "not yours"
    ├── Forbidden           403  seen, but not allowed
    ├── Unauthenticated     401
    ├── Conflict            409  the world moved on; the message says how
    ├── Invalid             422  the input is wrong; `detail` says where
    ├── TooSlow             408
    ├── TooLarge            413
    ├── WrongType           415  a kind of file or body that is never taken
    ├── TooMany             429
    └── Unavailable         503  not now; the message says why, and when to come back

A 500 always means a bug. `code` is stable and machine-readable; pages translate by it.
"""

from typing import Any, ClassVar


class GavelError(Exception):
    status: ClassVar[int] = 500

    def __init__(self, code: str, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail

    def body(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": self.message, "detail": self.detail}}


class NotFound(GavelError):
    status = 404


class Forbidden(GavelError):
    status = 403


class Unauthenticated(GavelError):
    status = 401


class Conflict(GavelError):
    status = 409


class Invalid(GavelError):
    status = 422


class TooSlow(GavelError):
    status = 408


class TooLarge(GavelError):
    status = 413


class WrongType(GavelError):
    status = 415


class TooMany(GavelError):
    status = 429


class Unavailable(GavelError):
    status = 503
