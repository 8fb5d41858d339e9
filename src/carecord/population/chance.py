"""Where all chance comes from: generators that text seeds, the same in every process."""

from random import Random


def seeded(*parts: object) -> Random:
    """A generator that the parts alone decide, whatever Python's hash seed is."""
    return Random("/".join(map(str, parts)))  # noqa: S311  Made-up people, no secrets.
