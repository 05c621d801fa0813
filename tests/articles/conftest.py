"""What tests of articles can ask for besides."""

import pytest

from membership.articles import importing
from membership.articles.importing import Options


@pytest.fixture
def taken(session, tmp_path):
    """Imports a file that is written on the spot, and gives the report."""

    def take(source, content, name="export.xml", **options):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        if source == "markdown":
            return importing.import_markdown(
                session, file, media_folder=tmp_path / "media", options=Options(**options)
            )
        return importing.import_file(
            session, source, file, media_folder=tmp_path / "media", options=Options(**options)
        )

    return take
