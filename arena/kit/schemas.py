"""Bases for JSON shapes: what comes in is strict, what goes out has no accidental optional fields."""

from pydantic import BaseModel, ConfigDict


class In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Out(BaseModel):
    # Without this flag a field with a default is optional in the schema and the TypeScript client gets a `?`.
    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


class Contract(BaseModel):
    """A frozen message between web, control and lab, or a fact for the pipeline."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Done(Out):
    ok: bool = True
