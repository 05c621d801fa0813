"""The report of story earnings: its page, its CSV, and the rows under each figure."""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from membership.db import db
from membership.reports import asked, income, stories, story_rows
from membership.reports.pages import stories as pages
from membership.reports.pages.parts import Amounts, currency_tabs
from membership.reports.pages.rows import CSV_HEADER, csv_lines
from membership.reports.stories import By, Subject
from membership.reports.story_rows import Asked
from membership.web import access
from membership.web.csvfiles import Cell, Plain, answer

bp = Blueprint("stories", __name__)
AMOUNTS = ("gross", "refunded", "disputed", "kept", "once", "recurring", "fees", "net")


@bp.get("/stories")
@access.staff("staff")
def show() -> ResponseReturnValue:
    """Show what each story and each appeal brought."""
    session, currency, months, sealed = db.session(), asked.currency(), asked.months(), asked.sealed()
    by_article = stories.earnings(session, By.ARTICLE, currency, months, sealed=sealed)
    by_appeal = stories.earnings(session, By.APPEAL, currency, months, sealed=sealed)
    return render_template(
        "reports/staff/show_stories.html",
        chart=pages.stories_chart(by_article, currency),
        articles=pages.stories_table(by_article, currency, sealed=sealed),
        appeals=pages.stories_table(by_appeal, currency, sealed=sealed),
        settled=pages.settled_table(stories.settled_elsewhere(session, currency, months, sealed=sealed)),
        unknown=income.fees_unknown(session, currency, months),
        tabs=currency_tabs("show", income.currencies(session), currency),
        sealed=sealed,
        currency=currency,
    )


@bp.get("/stories.csv")
@access.staff("staff")
def download() -> ResponseReturnValue:
    """Give the earnings by story as CSV."""
    currency = asked.currency()
    money = Amounts(currency)
    lines: list[list[Cell]] = [
        [
            "" if row.subject.id is None else row.subject.id,
            "offline" if row.subject.is_offline else row.title,
            currency,
            row.patrons,
            *(Plain(money.plain(getattr(row, name))) for name in AMOUNTS),
        ]
        for row in stories.earnings(db.session(), By.ARTICLE, currency, asked.months(), sealed=asked.sealed())
    ]
    return answer(f"stories-{currency}", ["article_id", "article", "currency", "patrons", *AMOUNTS], lines)


@bp.get("/stories/rows")
@access.staff("staff")
def show_rows() -> ResponseReturnValue:
    """Show the rows that a figure of one story or appeal is the sum of."""
    figure, which = _figure(), _which()
    found = story_rows.under(db.session(), figure, which, names=asked.sees_names(), page=asked.page())
    return pages.rows_page(found, figure, which, title=stories.title_of(db.session(), which.subject))


@bp.get("/stories/rows.csv")
@access.staff("staff")
def download_rows() -> ResponseReturnValue:
    """Give all of them as CSV, without names."""
    figure, which = _figure(), _which()
    found = story_rows.under(db.session(), figure, which, names=False, page=None)
    subject = f"{which.subject.by}-{pages.key_of(which.subject)}"
    return answer(
        f"stories-{subject}-{figure}-{which.currency}",
        CSV_HEADER,
        csv_lines(found, Amounts(which.currency)),
    )


def _figure() -> str:
    figure = asked.figure("kept")
    if figure not in story_rows.FIGURES:
        abort(404)
    return figure


def _which() -> Asked:
    """What the address names: `by` (article or appeal), and `of`: its number, "unknown" or "offline"; 404 for else."""
    by, of = request.args.get("by", By.ARTICLE.value), request.args.get("of", "")
    if by not in set(By) or (
        of not in pages.WITHOUT and not (of.isascii() and of.isdigit() and len(of) < 16)
    ):
        abort(404)
    key = None if of in pages.WITHOUT else int(of)
    subject = Subject(By(by), key, is_offline=of == pages.OFFLINE)
    return Asked(subject, asked.currency(), asked.months(), sealed=asked.sealed())
