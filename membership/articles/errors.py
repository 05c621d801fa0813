"""What can go wrong with articles."""

from datetime import datetime


class EditConflictError(Exception):
    """Somebody else has saved the article since this editor opened it; `saved_by` is their account's id or None."""

    def __init__(self, saved_by: int | None) -> None:
        super().__init__("saved by somebody else meanwhile")
        self.saved_by = saved_by


class NotPublishedError(Exception):
    """Only what is published can be corrected or withdrawn."""


class IncompleteArticleError(Exception):
    """An article without headline or body cannot be published."""


class PastInstantError(ValueError):
    """Something was to be published at an instant that has passed."""


class OtherWindowError(Exception):
    """Another window of the same editor has kept a working copy since; writing over it would lose words."""


class ImportRunningError(Exception):
    """Another import is at work; it counts as such until `until` unless it goes on."""

    def __init__(self, until: datetime) -> None:
        super().__init__("another import is at work")
        self.until = until
