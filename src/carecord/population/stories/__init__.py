"""The stories that make up histories, in the order they are told."""

from carecord.population.stories import diabetes, everyday
from carecord.population.stories.story import Story

STORIES: tuple[Story, ...] = (everyday.STORY, diabetes.STORY)
