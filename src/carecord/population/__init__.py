"""Made-up people: a feed for every source system, with histories that hang together, and mistakes."""

from carecord.population.feeds import Written, WrittenFeed
from carecord.population.linkage import write_from
from carecord.population.made_up import write

__all__ = ["Written", "WrittenFeed", "write", "write_from"]
