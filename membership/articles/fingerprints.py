"""Fingerprints of articles: of what they say, kept with each revision, and of all that stands around their words.

The second is kept in the audit trail with each deed, where every entry hangs on the one before it. Whoever changes an
article behind the newsroom's back leaves it standing there, and `membership doctor` sees the difference.
"""

import hashlib
import json
from collections.abc import Iterable

from membership.articles.models import Article, Byline, Correction

KEY = "fingerprint"
"""Its name among the details of an audit entry."""
DEEDS = tuple(
    f"article.{deed}"
    for deed in ("created", "changed", "published", "scheduled", "unscheduled", "corrected", "withdrawn")
)
"""The actions of audit entries that hold one."""


def of_words(headline: str, standfirst: str, body: str) -> str:
    """The fingerprint of what an article says."""
    return hashlib.sha256(f"{headline}\n{standfirst}\n{body}".encode()).hexdigest()


def of_rest(article: Article, bylines: Iterable[Byline], corrections: Iterable[Correction]) -> str:
    """The fingerprint of what readers see besides: state, address, names, picture and its words, corrections."""
    told = [
        *(article.state.value, article.language, article.slug, article.section, article.series),
        *(article.body_format, article.is_sensitive, article.is_sponsored, article.tags.get("tags", [])),
        *(article.picture, article.picture_alt, article.picture_caption, article.picture_credit),
        [byline.name for byline in bylines],
        sorted([int(one.corrected_at.timestamp()), one.text] for one in corrections),
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]
