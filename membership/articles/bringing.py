"""Pictures that come with what is imported: kept here, and named in the text as they are named here. Callers commit."""

from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from sqlalchemy.orm import Session

from membership.articles import picturing, presenting
from membership.articles.drafts import Draft
from membership.articles.sources.items import Item
from membership.articles.sources.pictures import within
from membership.web import htmlize
from membership.web.media import PictureError


@dataclass(frozen=True)
class Places:
    """Where pictures are looked for by their names, without links in these paths, and where they are kept."""

    found_in: tuple[Path, ...]
    kept_in: Path
    is_dry: bool


def named(session: Session, draft: Draft, pictures: Places, notes: list[str]) -> Draft:
    """The draft with the pictures that it names kept here, under the names they have here."""
    names = {}
    for name in presenting.pictures_in(draft.body) | ({draft.picture.lower()} - {""}):
        file = next(filter(None, (within(place, name) for place in pictures.found_in)), None)
        if file is None or "/" in name:
            notes.append(f"its picture {name} is not in the folder")
        elif kept := _kept(session, pictures, name, file, notes):
            names[name] = kept
    body = draft.body
    for name, kept in names.items():
        body = body.replace(f"]({name}", f"](/media/{kept}").replace(f"](/media/{name}", f"](/media/{kept}")
    return replace(draft, body=body, picture=names.get(draft.picture.lower(), ""))


def exported(session: Session, item: Item, pictures: Places, notes: list[str]) -> Draft:
    """The draft with the pictures of its export kept here; one that cannot be taken is a link to where it was."""
    draft = item.draft
    for name, file in item.pictures.items():
        kept = _kept(session, pictures, name, file, notes)
        source = f"/media/{kept}" if kept else item.picture_addresses[name]
        body = draft.body.replace(f'src="/media/{name}"', f'src="{escape(source)}"')
        picture = kept if draft.picture == name else draft.picture
        draft = replace(draft, body=body if kept else str(htmlize.clean(body)).strip(), picture=picture)
    return draft


def _kept(session: Session, pictures: Places, name: str, file: Path, notes: list[str]) -> str:
    """The name that a picture is kept under here; "" if it cannot be taken, which the notes then say.

    Raises:
        OSError: there is no room for it here, or none that may be written to; so it would be with the next one too.
    """
    try:
        sent = file.read_bytes()
    except OSError as error:
        notes.append(f"its picture {name} was not taken: it cannot be read ({error.strerror})")
        return ""
    try:
        return picturing.take(session, pictures.kept_in, sent, called=file.name, is_dry=pictures.is_dry).name
    except PictureError as error:
        notes.append(f"its picture {name} was not taken: {error.reason.replace('_', ' ')}")
        return ""
