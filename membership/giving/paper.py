"""Paper for what we issue: A4 with the newsroom's letterhead, running heads and page numbers, as PDF/A-3u.

Set in faces that are embedded (giving/faces), with title, language, outline and described pictures, so that it can be
read aloud and kept for decades. Lengths are millimeters, sizes of type are points; no length is ever an amount.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from flask_babel import gettext as _
from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout as Borders
from fpdf.enums import TableCellFillMode, XPos, YPos
from markupsafe import escape
from PIL import UnidentifiedImageError

from membership.giving.letterhead import Letterhead

FACES = Path(__file__).parent / "faces"
INK, MUTED, LINE, SUNKEN = (27, 27, 27), (92, 92, 92), (204, 204, 204), (245, 244, 241)
LEFT, TOP, FOOT = 24.0, 20.0, 26.0
PAGES = "{nb}"
RASTER = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif"})
Align = Literal["LEFT", "RIGHT"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table: its head, how it is set, and its share of the width."""

    head: str
    width: int
    align: Align = "LEFT"


_XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
  <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
    <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
      xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
      xmp:CreateDate="{at}" xmp:ModifyDate="{at}" xmp:MetadataDate="{at}">
      <pdfaid:part>3</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>
      <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
      <dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
    </rdf:Description>
  </rdf:RDF>
</x:xmpmeta>"""
"""XMP as PDF/A-3u asks for it (ISO 19005-3, 6.6). fpdf2's own is dated at the time of writing, and we write again."""


def _description(title: str, author: str, made_at: datetime) -> str:
    at = made_at.astimezone(UTC).isoformat(timespec="seconds")
    return _XMP.format(at=at, title=escape(title), author=escape(author))


class Paper(FPDF):
    """A document in the making. `reference` stands at the head of further pages."""

    def __init__(
        self, letterhead: Letterhead, *, title: str, reference: str, language: str, made_at: datetime
    ) -> None:
        super().__init__(enforce_compliance="PDF/A-3U")
        self._letterhead, self._reference = letterhead, reference
        self.set_margins(LEFT, TOP, LEFT)
        self.c_margin = 0.0
        self.set_auto_page_break(auto=True, margin=FOOT + 6)
        self.add_font("Text", "", FACES / "IBMPlexSans_400Regular.ttf")
        self.add_font("Text", "B", FACES / "IBMPlexSans_600SemiBold.ttf")
        self.add_font("Display", "", FACES / "Brygada1918_700Bold.ttf")
        whole_title = f"{title} – {letterhead.name}"
        self.set_title(whole_title)
        self.set_author(letterhead.name)
        self.set_creation_date(made_at)
        self.set_xmp_metadata(_description(whole_title, letterhead.name, made_at))
        self.set_lang(language)
        self.set_display_mode("default")
        self.add_page()
        self.ink()

    def ink(self, size: float = 10, style: Literal["", "B"] = "") -> None:
        """Go on in the face and color of running text."""
        self.set_font("Text", style, size)
        self.set_text_color(*INK)

    def header(self) -> None:
        """The letterhead on the first page; who and what on the others."""
        if self.page_no() > 1:
            self._running_head()
            return
        self._wordmark()
        self.set_draw_color(self._letterhead.color)
        self.set_line_width(0.9)
        self.line(LEFT, self.get_y(), self.w - LEFT, self.get_y())
        self.ln(11)

    def _wordmark(self) -> None:
        across = self._logo()
        self.set_xy(LEFT + across, TOP)
        self.set_font("Display", "", 19)
        self.set_text_color(*INK)
        self.cell(0, 8.5, self._letterhead.name, new_x=XPos.LEFT, new_y=YPos.NEXT)
        self.ink(8.5)
        self.set_text_color(*MUTED)
        self.cell(0, 5, self._letterhead.tagline, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_y(TOP + 17)

    def _logo(self) -> float:
        """Draw the logo 14 mm high, if there is one that can be drawn; the room it takes."""
        logo = self._letterhead.logo
        if logo is None or logo.suffix.lower() not in RASTER:
            return 0
        try:
            drawn = self.image(logo, LEFT, TOP, h=14, alt_text=self._letterhead.name)
        except (OSError, UnidentifiedImageError):  # the file is gone or broken: the name stands alone
            return 0
        return drawn.rendered_width + 5

    def _running_head(self) -> None:
        self.ink(8.5)
        self.set_text_color(*MUTED)
        self.set_y(TOP - 6)
        self.cell(0, 5, self._letterhead.name)
        self.set_x(LEFT)
        self.cell(0, 5, self._reference, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.rule()
        self.ln(6)

    def footer(self) -> None:
        """Where to ask, and which page of how many this is."""
        self.set_y(-FOOT + 6)
        self.rule()
        self.ln(2)
        self.ink(8)
        self.set_text_color(*MUTED)
        self.cell(0, 5, f"{self._letterhead.name} · {self._letterhead.contact}")
        self.set_x(LEFT)
        page = _("Page %(page)s of %(pages)s", page=self.page_no(), pages=PAGES)
        # The mark for the number of pages is wider than the number that takes its place.
        wider = self.get_string_width(PAGES) - self.get_string_width("0")
        self.cell(self.epw + wider, 5, page, align="R")

    def rule(self) -> None:
        """A hairline across the column."""
        self.set_draw_color(*LINE)
        self.set_line_width(0.2)
        self.line(LEFT, self.get_y(), self.w - LEFT, self.get_y())

    def heading(self, text: str, *, mark: str = "") -> None:
        """The title of the document, in the outline too; `mark` stands beside it ("DUPLICATE")."""
        self.start_section(text)
        self.set_font("Display", "", 24)
        self.set_text_color(*INK)
        self.cell(self.get_string_width(text) + 4, 12, text)
        if mark:
            self._mark(mark)
        self.ln(15)

    def _mark(self, text: str) -> None:
        self.ink(9, "B")
        self.set_text_color(self._letterhead.color)
        self.set_draw_color(self._letterhead.color)
        self.set_line_width(0.35)
        self.set_xy(self.get_x() + 2, self.get_y() + 3)
        self.cell(self.get_string_width(text) + 7, 6.5, text, border=1, align="C")
        self.set_y(self.get_y() - 3)

    def subheading(self, text: str) -> None:
        """The title of a part."""
        self.ln(2)
        self.start_section(text, level=1)
        self.ink(11, "B")
        self.cell(0, 8, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ink()

    def paragraph(self, text: str, *, size: float = 10, quiet: bool = False) -> None:
        """Running text."""
        self.ink(size)
        if quiet:
            self.set_text_color(*MUTED)
        self.multi_cell(0, size * 0.52, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ink()
        self.ln(2.5)

    def facts(self, rows: Sequence[tuple[str, str]]) -> None:
        """Terms with what they are, one below the other."""
        for term, value in rows:
            top = self.get_y()
            self.ink(9.5)
            self.set_text_color(*MUTED)
            self.multi_cell(46, 5.6, term, align="L", new_x=XPos.RIGHT, new_y=YPos.TOP)
            self.ink(10)
            self.set_xy(LEFT + 48, top)
            self.multi_cell(0, 5.6, value, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(4)

    def rows(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], total: Sequence[str]) -> None:
        """A table under its heads, which stand again on each page, with the total as its last row."""
        self.ink(9.5)
        self.set_draw_color(*LINE)
        self.set_line_width(0.2)
        heads = FontFace(family="Text", emphasis="B", size_pt=8.5, color=MUTED)
        sums = FontFace(family="Text", emphasis="B", fill_color=SUNKEN)
        with self.table(
            col_widths=tuple(column.width for column in columns),
            text_align=tuple(column.align for column in columns),
            borders_layout=Borders.HORIZONTAL_LINES,
            cell_fill_mode=TableCellFillMode.NONE,
            headings_style=heads,
            line_height=5.2,
            padding=(1.4, 1.6),
        ) as table:
            table.row([column.head for column in columns])
            for row in rows:
                table.row(row)
            if total:
                table.row(total, style=sums)
        self.ink()
        self.ln(4)

    def finished(self) -> bytes:
        """The file."""
        return bytes(self.output())
