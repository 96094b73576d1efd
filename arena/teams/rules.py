"""The limits of a team."""

MAX_MEMBERS = 8
