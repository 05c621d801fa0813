"""The words that search looks through: a row for each published article, and the engine's own index over the rows.

SQLite has an FTS5 table that triggers keep in step; PostgreSQL has a generated tsvector column with a GIN index.
Both are made right after the table itself, by whatever makes it (a revision, or the tests). English is stemmed by
both. Neither can stem Ukrainian, so its words are kept as they are and looked for by their beginnings
(articles.searching).

Source: https://www.sqlite.org/fts5.html (external content tables) and
https://www.postgresql.org/docs/current/textsearch-tables.html.
"""

import re
from typing import Any

from sqlalchemy import Connection, Table, delete, event
from sqlalchemy.orm import Session

from membership.articles import presenting, queries
from membership.articles.models import Article, ArticleWords
from membership.web import htmlize

INDEX = "search_index"
"""The FTS5 table of SQLite."""
VECTOR = "search_vector"
"""The column of PostgreSQL."""
_COLUMNS = ("headline", "standfirst", "names", "body")
_NEVER_SAID = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LETTER_APOSTROPHE = str.maketrans({"\u02bc": "\u2019"})


def keep(session: Session, article: Article) -> None:
    """Let search find a published article as it is now. The caller commits."""
    bylines = queries.bylines(session, [article.id]).get(article.id, [])
    names = [*(one.name for one in bylines), *article.tags.get("tags", []), article.series]
    body = htmlize.plain_text(presenting.body_of(article.body, article.body_format))
    said = {
        "headline": article.headline,
        "standfirst": article.standfirst,
        "names": ", ".join(filter(None, names)),
        "body": body,
    }
    session.merge(
        ArticleWords(
            article_id=article.id,
            language=article.language,
            **{name: _plain(text) for name, text in said.items()},
        )
    )
    session.flush()


def forget(session: Session, article_id: int) -> None:
    """Let search find an article no longer. The caller commits."""
    session.execute(delete(ArticleWords).filter_by(article_id=article_id))


def _plain(text: str) -> str:
    """Text without control characters (the marks of a hit are some); the apostrophe that is a letter becomes a mark."""
    return _NEVER_SAID.sub("", text).translate(_LETTER_APOSTROPHE)


@event.listens_for(Table, "after_create")
def _index(table: Table, connection: Connection, **_options: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
    """Make the engine's index when the table is made; revisions make tables of their own, so all are listened to."""
    if table.name != ArticleWords.__tablename__:
        return
    for statement in _ON_SQLITE if connection.dialect.name == "sqlite" else _ON_POSTGRESQL:
        connection.exec_driver_sql(statement)


@event.listens_for(Table, "before_drop")
def _drop(table: Table, connection: Connection, **_options: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
    if table.name == ArticleWords.__tablename__ and connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {INDEX}")


_LIST = ", ".join(_COLUMNS)
_NEW = ", ".join(f"new.{name}" for name in _COLUMNS)
_OLD = ", ".join(f"old.{name}" for name in _COLUMNS)
_TAKE_OUT = f"INSERT INTO {INDEX}({INDEX}, rowid, {_LIST}) VALUES ('delete', old.article_id, {_OLD})"  # noqa: S608 - our own names
_PUT_IN = f"INSERT INTO {INDEX}(rowid, {_LIST}) VALUES (new.article_id, {_NEW})"  # noqa: S608 - our own names
_ON_SQLITE = (
    (
        f"CREATE VIRTUAL TABLE {INDEX} USING fts5({_LIST}, content='article_words', content_rowid='article_id', "
        "tokenize='porter unicode61 remove_diacritics 2')"
    ),
    f"CREATE TRIGGER article_words_put_in AFTER INSERT ON article_words BEGIN {_PUT_IN}; END",
    f"CREATE TRIGGER article_words_taken_out AFTER DELETE ON article_words BEGIN {_TAKE_OUT}; END",
    f"CREATE TRIGGER article_words_changed AFTER UPDATE ON article_words BEGIN {_TAKE_OUT}; {_PUT_IN}; END",
)


def _vector(configuration: str) -> str:
    return " || ".join(
        f"setweight(to_tsvector('{configuration}', {name}), '{weight}')"
        for name, weight in zip(_COLUMNS, "ABBD", strict=True)
    )


_ON_POSTGRESQL = (
    (
        f"ALTER TABLE article_words ADD COLUMN {VECTOR} tsvector GENERATED ALWAYS AS "
        f"(CASE WHEN language = 'en' THEN {_vector('english')} ELSE {_vector('simple')} END) STORED"
    ),
    f"CREATE INDEX {INDEX} ON article_words USING gin ({VECTOR})",
)
