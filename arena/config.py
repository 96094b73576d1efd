"""Settings of every process, read once from the environment (`GAVEL_…`) and passed inward."""

import re
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

HERE = ("localhost", "127.0.0.1", "::1")
"""This very machine."""


def is_secure(url: str) -> bool:
    """HTTPS, or plain to this very machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    here = parts.hostname in HERE
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and here))


class JudgeEndpoint(BaseModel):
    """An OpenAI-compatible server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://[^\s]+$")
    """Without `/v1`."""
    key_env: str = ""
    """Name of the environment variable with its key: what is a secret stands in no settings file."""
    seconds: float = Field(default=60, gt=0, le=240)
    """For a whole answer."""


class Settings(BaseSettings):
    """One value per environment variable; what has no default must be given, and the error says which."""

    model_config = SettingsConfigDict(env_prefix="GAVEL_", extra="ignore")

    database_url: str = Field(description="postgresql+psycopg://…")
    redis_url: str = Field(description="redis://… or unix://…")
    storage_url: str = Field(description="file:///folder or s3://bucket/prefix")
    secret_key: SecretStr = Field(min_length=32, description="Signs links, device cookies and job URLs.")
    public_url: str = "http://127.0.0.1:8000"
    """Where people reach the portal; decides cookie flags and the join address."""
    internal_url: str | None = None
    """Where lab workers and engine nodes reach the portal, when that differs from `public_url`."""
    peer_url: str | None = None
    """Where other portal processes of this site reach this one, and no other; needed where there are several."""
    vote_shards: int = Field(default=1, ge=1, le=64)
    """Into so many parts the ledgers of votes are divided that are prepared from now on. Each part is written by one
    portal process, so more of them are of use only where there are several."""
    engine_urls: Annotated[list[str], NoDecode] = []
    engine_token: SecretStr = SecretStr("")
    recycle_after_loads: int = Field(default=50, ge=1)
    """After so many adapters an engine is started anew, between shows."""
    guard_url: str | None = None
    """OpenAI-compatible server with a guard model, without `/v1`; None: the word lists decide alone."""
    guard_model: str = ""
    guard_token: SecretStr = SecretStr("")
    guard_seconds: float = Field(default=3.0, gt=0, le=60)
    """After this long without an answer the text is held."""
    judge_endpoints: Annotated[dict[str, JudgeEndpoint], NoDecode] = {}
    """Where models that judge beside people are asked, by name; a season's rules name model and endpoint. JSON."""
    smtp_url: SecretStr | None = None
    """Where codes for voters are handed in to be sent by e-mail; None: this site sends none. `smtps://user:password@host`
    is TLS from the first byte (port 465), `smtp://user:password@host` STARTTLS (port 587), and plain only to this very
    machine."""
    mail_from: str = ""
    oidc_issuer: str | None = None
    """The OpenID Connect provider by which viewers prove who they are, exactly as it names itself; None: there is none,
    and no vote can ask for level 3. `{public_url}/api/oidc/callback` has to be registered there."""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    """Empty: a public client, which proves itself by PKCE alone."""
    oidc_name: str = ""
    """What viewers know it by; empty: its host."""
    operator_token: SecretStr | None = None
    """API token of the built-in operator, given by whoever starts the site; the first invitations come from it."""
    base_model: str | None = None
    """What the first season of a fresh site is built on; None: the house model."""
    provider_name: str = Field(default="Gavel", min_length=1, max_length=100)
    """Who runs the site: the producer of the content in the label of every exported answer."""
    web_dir: Path = Path("web/dist")
    data_dir: Path = Path(".gavel")
    allow_lan_http: bool = False
    """Cookies without `Secure` on addresses other than localhost; only for a rehearsal in a trusted network."""

    @field_validator("engine_urls", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [url.strip().rstrip("/") for url in value.split(",") if url.strip()]
        return value

    @field_validator("judge_endpoints", mode="before")
    @classmethod
    def _parse(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return orjson.loads(value) if value else {}
        except orjson.JSONDecodeError as error:
            raise ValueError(f"GAVEL_JUDGE_ENDPOINTS is not JSON: {error}") from error

    @field_validator("base_model", "guard_url", "peer_url", "smtp_url", "oidc_issuer", mode="before")
    @classmethod
    def _unset(cls, value: object) -> object:
        # Compose files pass what is not set as an empty text.
        return None if value == "" else value

    @model_validator(mode="after")
    def _guard_is_named(self) -> Self:
        if self.guard_url is not None and not self.guard_model:
            raise ValueError("GAVEL_GUARD_URL needs GAVEL_GUARD_MODEL: the name of the model to ask")
        return self

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> Self:
        if self.smtp_url is not None:
            if not re.match(r"smtps?://[^/\s]", self.smtp_url.get_secret_value()):
                raise ValueError("GAVEL_SMTP_URL must begin with smtps:// or smtp:// and name a server")
            if "@" not in self.mail_from:
                raise ValueError(
                    "GAVEL_SMTP_URL needs GAVEL_MAIL_FROM: the address that the e-mail comes from"
                )
        return self

    @model_validator(mode="after")
    def _provider_knows_us(self) -> Self:
        if self.oidc_issuer is not None:
            if not is_secure(self.oidc_issuer) or re.search(r"[?#\s]", self.oidc_issuer):
                raise ValueError("GAVEL_OIDC_ISSUER must be an https:// address without ? and #")
            if not self.oidc_client_id:
                raise ValueError(
                    "GAVEL_OIDC_ISSUER needs GAVEL_OIDC_CLIENT_ID: as whom the provider knows this site"
                )
        return self

    @field_validator("public_url", "internal_url", "guard_url", "peer_url")
    @classmethod
    def _no_slash(cls, value: str | None) -> str | None:
        return value.rstrip("/") if value else value

    @property
    def worker_url(self) -> str:
        return self.internal_url or self.public_url

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")
