"""How names sound: one code for spellings that are said alike."""

from functools import lru_cache

from jellyfish import metaphone

SHORTEST_SOUND = 3
"""A shorter code stands for too many names to say that two sound alike."""


@lru_cache(maxsize=131_072)
def sound(name: str) -> str:
    """How a name sounds in English; the name itself where that is nothing."""
    return metaphone(name) or name


def sounds_alike(x: str, y: str) -> bool:
    """Muhammad and Mohammed, Hussein and Husain."""
    heard = sound(x)
    return len(heard) >= SHORTEST_SOUND and heard == sound(y)
