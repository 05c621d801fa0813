"""A bank's file of gifts for staff who may see patrons: chosen, looked at, taken."""

from collections.abc import Callable

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from membership.accounts import trail
from membership.accounts.session import signed_in_account
from membership.db import db
from membership.giving import offline_csv, offline_uploading
from membership.giving.models import OfflineUpload
from membership.giving.offline_csv import FileError, FileFault, Row, RowFault
from membership.giving.offline_forms import ConfirmationForm, UploadForm
from membership.giving.offline_routes import bp
from membership.money import AmountFault
from membership.newsroom.present import newsroom
from membership.web import access
from membership.web.forms import amount_sentence

__all__ = ["bp"]


@bp.get("/upload")
@access.sees_patrons
@access.staff("staff")
def new_upload() -> str:
    """Ask for the file, and say how it must look."""
    return _upload_page(UploadForm())


@bp.post("/upload")
@access.sees_patrons
@access.staff("staff")
def create_upload() -> ResponseReturnValue:
    """Keep a file that can be read, to be looked at."""
    form = UploadForm()
    if not form.validate():
        return _upload_page(form), 422
    try:
        with form.file.data.stream as sent:
            text = offline_csv.decode(sent.read(offline_csv.MOST_BYTES + 1))
        offline_uploading.look(db.session(), text)
    except FileError as error:
        db.session.rollback()
        form.file.errors = [_file_sentence(error)]
        return _upload_page(form), 422
    upload = offline_uploading.keep(db.session(), text, uploaded_by_id=signed_in_account().id)
    public_id = upload.public_id
    trail.note("offline_file.uploaded", f"offline_file:{public_id}", bytes=len(text.encode()))
    db.session.commit()
    return redirect(url_for(".show_upload", public_id=public_id), 303)


@bp.get("/upload/<public_id>")
@access.sees_patrons
@access.staff("staff")
def show_upload(public_id: str) -> ResponseReturnValue:
    """Show what a file would bring, and each row that is not taken with the reason."""
    try:
        found = offline_uploading.look(db.session(), _upload(public_id).content)
    except FileError as error:  # the day or the currencies have changed since
        form = UploadForm()
        form.file.errors = [_file_sentence(error)]
        return _upload_page(form), 422
    return render_template(
        "giving/staff/show_upload.html",
        public_id=public_id,
        found=found,
        accounts=offline_uploading.known_addresses(db.session(), found.good),
        reasons={row.line: _reasons(row) for row in found.bad},
        form=ConfirmationForm(),
    )


@bp.post("/upload/<public_id>")
@access.sees_patrons
@access.staff("staff")
def take_upload(public_id: str) -> ResponseReturnValue:
    """Enter the rows of a file that can be taken, all or, if anything breaks, none."""
    upload = _upload(public_id)
    if not ConfirmationForm().validate():
        abort(422)
    taken = offline_uploading.take(db.session(), upload, taken_by_id=signed_in_account().id)
    count = len(taken.gifts)
    trail.note("offline_file.taken", f"offline_file:{public_id}", taken=count, left=taken.left)
    db.session.commit()
    flash(ngettext("%(num)s gift entered and booked.", "%(num)s gifts entered and booked.", count), "success")
    return redirect(url_for(".index"), 303)


def _upload_page(form: UploadForm) -> str:
    return render_template(
        "giving/staff/new_upload.html",
        form=form,
        most_rows=offline_csv.MOST_ROWS,
        most_kilobytes=offline_csv.MOST_BYTES // 1024,
    )


def _upload(public_id: str) -> OfflineUpload:
    """A file that waits; the one who uploaded it decides on it."""
    upload = offline_uploading.find(db.session(), public_id)
    if upload is None or upload.uploaded_by_id != signed_in_account().id:
        abort(404)
    return upload


def _file_sentence(error: FileError) -> str:
    sentences: dict[FileFault, Callable[[], str]] = {
        FileFault.EMPTY: lambda: _("There is no gift in this file."),
        FileFault.TOO_LARGE: lambda: _(
            "The file is larger than %(count)s kilobytes. Split it.", count=offline_csv.MOST_BYTES // 1024
        ),
        FileFault.TOO_MANY_ROWS: lambda: _(
            "The file has more than %(count)s rows. Split it.", count=offline_csv.MOST_ROWS
        ),
        FileFault.NOT_TEXT: lambda: _(
            "This is not a text file. Save the sheet as CSV, in UTF-8 or Windows-1251."
        ),
        FileFault.NOT_CSV: lambda: _(
            "The file breaks in line %(line)s: a quotation mark is not closed, or a cell is far too long.",
            line=error.line,
        ),
        FileFault.NO_COLUMNS: lambda: _(
            "The first line must name each of these columns once: %(missing)s.",
            missing=", ".join(error.missing),
        ),
    }
    return str(sentences[error.fault]())


def _reasons(row: Row) -> list[str]:
    return [_reason(row, fault) for fault in row.faults]


def _reason(row: Row, fault: RowFault) -> str:
    sentences: dict[RowFault, Callable[[], str]] = {
        RowFault.CELLS: lambda: _("It has more cells than the first line has columns."),
        RowFault.DATE: lambda: _("The day must be written like 2026-11-22 or 22.11.2026."),
        RowFault.DATE_AHEAD: lambda: _("That day has not come yet."),
        RowFault.DATE_LONG_AGO: lambda: _("That is too long ago. Look at the year."),
        RowFault.AMOUNT: lambda: _amount_sentence(row),
        RowFault.CURRENCY: lambda: _(
            "We cannot take that currency. We take: %(currencies)s.",
            currencies=", ".join(newsroom().currencies).upper(),
        ),
        RowFault.PAYER: lambda: _("The payer's name is missing, too long, or holds invisible characters."),
        RowFault.REFERENCE: lambda: _("The reference is missing, too long, or holds invisible characters."),
        RowFault.REFERENCE_TWICE: lambda: _("Another row of this file has the same reference."),
        RowFault.EMAIL: lambda: _("That is not a complete e-mail address, like name@example.org."),
        RowFault.FEE: lambda: _("The fee is no amount, or not less than what was given."),
    }
    return str(sentences[fault]())


def _amount_sentence(row: Row) -> str:
    currency = row.cells["currency"].lower()
    return str(amount_sentence(row.amount_fault or AmountFault.NOT_A_NUMBER, currency))
