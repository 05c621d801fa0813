"""The fields of the settings screen: each shows a setting as text and takes text back."""

from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from flask_babel import gettext as _

from membership.newsroom.settings_rows import NewsroomSettings

Take = Callable[[NewsroomSettings, str], NewsroomSettings]


class DecisionError(ValueError):
    """What was typed cannot be decided; the message says why, to the person who typed it."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One field of the settings screen."""

    key: str
    label: str
    show: Callable[[NewsroomSettings], str]
    take: Take
    hint: str = ""
    kind: str = "line"  # line, text, choice or yes_no
    choices: tuple[tuple[str, str], ...] = ()
    size: str = "normal"
    required: bool = True
    section: str = ""  # the heading under which it stands


@dataclass(frozen=True, kw_only=True)
class Group:
    """One page of the settings screen."""

    name: str
    title: str
    intro: str
    effect: str  # what a change here does, and when
    decisions: list[Decision] = field(default_factory=list)

    @property
    def sections(self) -> list[tuple[str, list[Decision]]]:
        """The fields by heading, in order."""
        return [(name, list(found)) for name, found in groupby(self.decisions, lambda d: d.section)]


def line(setting: str, label: str, *, most: int, required: bool = True) -> Decision:
    """A setting that is one line of text."""

    def take(settings: NewsroomSettings, typed: str) -> NewsroomSettings:
        changed: dict[str, Any] = {setting: no_longer_than(typed, most)}
        return replace(settings, **changed)

    return Decision(
        key=setting,
        label=label,
        show=lambda s: str(getattr(s, setting)),
        take=take,
        size="full",
        required=required,
    )


def in_language(
    setting: str, language: str, label: str, *, most: int, kind: str = "line", section: str = ""
) -> Decision:
    """A setting's words in one language; empty takes them away."""

    def take(settings: NewsroomSettings, typed: str) -> NewsroomSettings:
        words: dict[str, str] = {**getattr(settings, setting), language: no_longer_than(typed, most)}
        changed: dict[str, Any] = {setting: {code: text for code, text in words.items() if text}}
        return replace(settings, **changed)

    return Decision(
        key=f"{setting}_{language}",
        label=label,
        show=lambda s: str(getattr(s, setting).get(language, "")),
        take=take,
        kind=kind,
        size="full",
        required=False,
        section=section,
    )


def count(setting: str, label: str, least: int, most: int) -> Decision:
    """A whole number within bounds."""

    def take(settings: NewsroomSettings, typed: str) -> NewsroomSettings:
        if not (typed.isascii() and typed.isdecimal() and least <= int(typed[:6]) <= most):
            raise DecisionError(_("Enter a whole number from %(least)s to %(most)s.", least=least, most=most))
        changed: dict[str, Any] = {setting: int(typed)}
        return replace(settings, **changed)

    return Decision(
        key=setting, label=label, show=lambda s: str(getattr(s, setting)), take=take, size="short"
    )


def no_longer_than(typed: str, most: int) -> str:
    """What was typed, unless it is too long.

    Raises:
        DecisionError: it is longer than `most` characters.
    """
    if len(typed) > most:
        raise DecisionError(_("Use at most %(most)s characters.", most=most))
    return typed


def one_of(typed: str, allowed: Container[str]) -> str:
    """What was chosen, if it was offered.

    Raises:
        DecisionError: it was not.
    """
    if typed not in allowed:
        raise DecisionError(_("Choose one of those offered."))
    return typed
