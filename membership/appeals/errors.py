"""What goes wrong with appeals and campaigns.

Exception
├── SlugTakenError
├── CampaignEndedError
└── DeadReminderError
"""


class SlugTakenError(Exception):
    """Another campaign has this slug already."""


class CampaignEndedError(Exception):
    """The campaign does not run now, so it cannot be ended."""


class DeadReminderError(Exception):
    """The link of a reminder leads to none: it was forgotten, or never was."""
