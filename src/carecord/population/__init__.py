"""Made-up people: a feed for every source system, with histories that hang together, and mistakes."""

from carecord.population.feeds import Written
from carecord.population.made_up import write

__all__ = ["Written", "write"]
