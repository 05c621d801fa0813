"""What is read of the schema's revisions without Alembic is what Alembic says."""

from alembic.config import Config
from alembic.script import ScriptDirectory

from membership import paths, revisions


def test_each_revision_is_known_by_its_files_name_and_the_newest_is_alembics_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(paths.MIGRATIONS))
    script = ScriptDirectory.from_config(config)

    assert revisions.known_revisions() == {one.revision for one in script.walk_revisions()}
    assert max(revisions.known_revisions()) == script.get_current_head()
