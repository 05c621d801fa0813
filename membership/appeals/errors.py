"""What goes wrong with appeals and campaigns.

Exception
├── SlugTakenError
└── CampaignEndedError
"""


class SlugTakenError(Exception):
    """Another campaign has this slug already."""


class CampaignEndedError(Exception):
    """The campaign does not run now, so it cannot be ended."""
