"""Exports of other systems, written on the spot, and what became of them."""

from sqlalchemy import func, select

from membership.articles.models import Article


def articles(session):
    session.expire_all()
    return session.scalars(select(Article).order_by(Article.id)).all()


def states(session):
    found = session.execute(select(Article.state, func.count()).group_by(Article.state))
    return {state.value: count for state, count in found}


def counts(report):
    return report.taken, report.updated, report.unchanged, len(report.skipped)


WXR = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:wp="http://wordpress.org/export/1.2/"><channel><wp:base_blog_url>https://old.example</wp:base_blog_url>
<wp:author><wp:author_login>ada</wp:author_login><wp:author_email>ada@example.org</wp:author_email>
<wp:author_display_name>Ada Editor</wp:author_display_name></wp:author>{items}</channel></rss>"""


def wxr(*items):
    return WXR.format(items="".join(items))


def post(number=1, title="The ferry", body="It stood still.", **more):
    told = {"post_type": "post", "status": "publish", "post_date_gmt": "2026-05-01 08:00:00", **more}
    own = "".join(f"<wp:{name}>{value}</wp:{name}>" for name, value in told.items())
    return (
        f"<item><title>{title}</title><dc:creator>ada</dc:creator><content:encoded><![CDATA[{body}]]></content:encoded>"
        f'<category domain="category" nicename="land">Land</category><wp:post_id>{number}</wp:post_id>{own}</item>'
    )
