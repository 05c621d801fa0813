"""What goes wrong with appeals, campaigns and trials.

Exception
├── SlugTakenError
├── CampaignEndedError
├── DeadReminderError
├── OnTrialError       the appeal is being tried out, and must stay as it is until the trial has ended
├── TrialOpenError     a language has one trial at a time
├── VariantError       the appeals do not all stand on the days of the trial; `names` says which
└── TrialStateError    what is asked for may not follow the trial's present state
"""

from collections.abc import Sequence


class SlugTakenError(Exception):
    """Another campaign has this slug already."""


class CampaignEndedError(Exception):
    """The campaign does not run now, so it cannot be ended."""


class DeadReminderError(Exception):
    """The link of a reminder leads to none: it was forgotten, or never was."""


class OnTrialError(Exception):
    """The appeal is being tried out."""


class TrialOpenError(Exception):
    """Another trial of this language has not ended."""


class VariantError(Exception):
    """Some appeals are off, or do not run on all days of the trial."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(names)
        self.names = tuple(names)


class TrialStateError(Exception):
    """What was asked for may not follow the trial's present state."""
