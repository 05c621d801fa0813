"""How far a campaign is, as readers are told: rounded down to a step of about half a percent of the goal.

So nobody is ever told of more than has arrived, and the pages change a few hundred times at most.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from membership.appeals.models import Campaign
from membership.money import Money, decimals
from membership.newsroom.settings_rows import NewsroomSettings

STEPS = 200
"""Into how many steps a goal is parted, at least."""


@dataclass(frozen=True)
class Meter:
    """A running campaign as a page shows it. `raised` is the figure that readers are told."""

    slug: str
    title: str
    text: str
    thanks: str
    raised: Money
    goal: Money
    last_day: date

    @property
    def is_reached(self) -> bool:
        """Whether the goal is reached."""
        return self.raised.amount >= self.goal.amount

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell yet."""
        return self.raised.amount == 0

    @property
    def raised_units(self) -> int:
        """What has been given, in minor units, at most the goal."""
        return min(self.raised.amount, self.goal.amount)

    @property
    def goal_units(self) -> int:
        """The goal in minor units."""
        return self.goal.amount

    @property
    def percent(self) -> int:
        """The share of the goal in whole percent, rounded down."""
        return self.raised.amount * 100 // self.goal.amount


def meter(campaign: Campaign, newsroom: NewsroomSettings, language: str) -> Meter:
    """How far a campaign is, in one of the languages that it has words in."""
    words, goal = campaign.words[language], Money(campaign.goal, campaign.currency)
    return Meter(
        slug=campaign.slug,
        title=words["title"],
        text=words.get("text", ""),
        thanks=words.get("thanks", ""),
        raised=figure(campaign.raised, goal),
        goal=goal,
        last_day=(campaign.ends_at - timedelta(microseconds=1)).astimezone(newsroom.zone).date(),
    )


def step(goal: Money) -> int:
    """The step in which the figure grows, in minor units: 1, 2 or 5 with zeros, at least one whole unit if it fits."""
    whole: int = 10 ** decimals(goal.currency)
    most = max(1, goal.amount // STEPS)
    power = 1
    while power * 10 <= most:
        power *= 10
    found = max(power * digit for digit in (1, 2, 5) if power * digit <= most)
    return max(found, min(whole, goal.amount))


def figure(raised: int, goal: Money) -> Money:
    """What readers are told of `raised` minor units: rounded down to a step, but the goal once it is reached."""
    size = step(goal)
    rounded = max(0, raised // size * size)
    return Money(max(rounded, goal.amount) if raised >= goal.amount else rounded, goal.currency)
