"""Bases for JSON shapes: what comes in is strict, what goes out has no accidental optional fields."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, field_validator

Words = Annotated[str, AfterValidator(lambda text: text.replace("\x00", "\ufffd"))]
"""What a machine said. NUL is the one character that PostgreSQL cannot keep, and a model may well say it."""


class In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("must not contain the NUL character")
        return value


class Out(BaseModel):
    # Without this flag a field with a default is optional in the schema and the TypeScript client gets a `?`.
    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


class Contract(BaseModel):
    """A frozen message between web, control and lab, or a fact for the pipeline."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Done(Out):
    ok: bool = True
