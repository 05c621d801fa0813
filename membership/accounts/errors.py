"""What goes wrong when somebody signs in or is appointed.

SignInError
├── DeadLinkError         expired, used, superseded, unknown: all the same to whoever holds it
├── OtherBrowserError     a link for staff, opened in a browser that has not asked for it
├── WrongCodeError        the code is not the one in the mail
└── DeadCodeError         no code is awaited from this browser any more
SecondFactorError         a code of the second factor is wrong, used, or tried too often
LastPublisherError        there would be no publisher left
OwnRoleError              nobody changes what they themselves may do
"""


class SignInError(Exception):
    """The way in does not open."""


class DeadLinkError(SignInError):
    """The link is unknown, used, expired, or a newer one was asked for."""


class OtherBrowserError(SignInError):
    """Links for staff open only in the browser that asked for them."""


class WrongCodeError(SignInError):
    """The code is not the one in the mail; `tries_left` more may be typed."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(tries_left)
        self.tries_left = tries_left


class DeadCodeError(SignInError):
    """This browser has not asked, or the code is used, expired, superseded or was guessed at too often."""


class SecondFactorError(Exception):
    """A code of the second factor was not taken."""


class LastPublisherError(Exception):
    """Somebody must remain who manages people and settings."""


class OwnRoleError(Exception):
    """Nobody changes what they themselves may do."""
