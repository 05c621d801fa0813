"""`membership deploy-files`: what stands before the program on a machine of one's own, written from its settings."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask import Flask, Response, current_app
from flask.cli import with_appcontext

from membership import paths
from membership.settings import Settings
from membership.web import media
from membership.web.languages import AVAILABLE
from membership.web.page_memory import CACHE_CONTROL

NOT_OF_FILES = {"content-type", "content-length", "cache-control", "vary"}
TYPES = {
    r"^(?:/[a-z][a-z])?/feed\.xml$": "application/atom+xml",
    r"^/sitemap\.xml$": "application/xml",
    r"^/robots\.txt$": "text/plain",
}
"""The stored pages that are no HTML."""
STORED_POLICY = "default-src 'none'; img-src 'self'; style-src 'self'; font-src 'self'"
"""Of pages that nginx sends for a program that cannot be reached: they are read, and do nothing."""
ARTICLES = ["/articles/", *(f"/{language}/articles/" for language in AVAILABLE)]


@dataclass(frozen=True)
class Tls:
    """How nginx speaks TLS: the folder of certificate and key, and where it leads to https:// from."""

    certificates: Path
    redirects_from: str = "80"


@click.command("deploy-files")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--upstream", default="127.0.0.1:8000", show_default=True, help="Where `membership serve` listens."
)
@click.option(
    "--listen", help="What nginx listens to.  [default: 443, and 80 to lead there, for https; else 80]"
)
@click.option(
    "--certificates",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where fullchain.pem and privkey.pem are.  [default: /etc/letsencrypt/live/HOST]",
)
@with_appcontext
def deploy_files(folder: Path, upstream: str, listen: str | None, certificates: Path | None) -> None:
    """Write nginx.conf (stored pages served as files) and CDN.md into FOLDER.

    With a MEMBERSHIP_BASE_URL of https:// nginx speaks TLS, and leads from http:// there.

    Example: membership deploy-files /etc/nginx/membership
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's documented way to the app behind the proxy
    folder.mkdir(parents=True, exist_ok=True)
    settings: Settings = app.extensions["membership_settings"]
    host = urlsplit(settings.base_url).hostname
    tls = None
    if settings.base_url.startswith("https://"):
        tls = Tls(certificates or Path(f"/etc/letsencrypt/live/{host}"))
    listen = listen or ("443" if tls else "80")
    recipe = nginx(settings, headers(app), upstream=upstream, listen=listen, tls=tls)
    for name, text in (("nginx.conf", recipe), ("CDN.md", CDN)):
        (folder / name).write_text(text)
        click.echo(f"Wrote {folder / name}")


def headers(app: Flask) -> dict[str, str]:
    """The headers that every page of `app` has, whatever it says."""
    with app.test_request_context("/"):
        told = app.process_response(Response()).headers
    return {name: value for name, value in told.items() if name.lower() not in NOT_OF_FILES}


def nginx(
    settings: Settings, page_headers: dict[str, str], *, upstream: str, listen: str, tls: Tls | None = None
) -> str:
    """An nginx configuration, to be included in its `http` block; with `tls` it speaks TLS where it listens."""
    names = {"location ~ " + pattern: kind for pattern, kind in TYPES.items()}
    # What is asked for most is found without trying the patterns.
    articles = {f"location ^~ {where}": "text/html" for where in ARTICLES}
    pages = "\n".join(
        _stored(where, kind, page_headers, settings.data_dir)
        for where, kind in {**articles, **names, "location /": "text/html"}.items()
    )
    return _NGINX.format(
        base_url=settings.base_url,
        host=urlsplit(settings.base_url).hostname,
        listen=f"{listen} ssl http2" if tls else listen,
        tls=_TLS.format(certificates=tls.certificates) if tls else "",
        redirect=_redirect(settings.base_url, tls) if tls else "",
        upstream=upstream,
        asking=CACHE_CONTROL["asking"],
        quiet=CACHE_CONTROL["quiet"],
        pages=pages,
        data=settings.data_dir,
        static=paths.STATIC,
        media_policy=media.POLICY,
        stored_policy=STORED_POLICY,
    )


def _redirect(base_url: str, tls: Tls) -> str:
    return _REDIRECT.format(listen=tls.redirects_from, host=urlsplit(base_url).hostname, base_url=base_url)


def _stored(where: str, kind: str, page_headers: dict[str, str], data: Path) -> str:
    lines = [f'    add_header {name} "{value}" always;' for name, value in page_headers.items()]
    return _PAGES.format(where=where, kind=kind, data=data, headers="\n".join(lines))


_NGINX = """\
# Written by `membership deploy-files` for {base_url}: include it in nginx's http block, and write it again after each
# release. Stored pages that are true now are sent as files; everything else is asked of `membership serve`. nginx must
# be allowed to read {data}/pages and {data}/media.

map $http_cookie $membership_copy {{
  default asking;
  "~(?:^|;)[ ]*appeal=off[ ]*(?:;|$)" quiet;
}}
map $membership_copy $membership_caching {{
  asking "{asking}";
  quiet "{quiet}";
}}
map $membership_copy $membership_keys {{
  asking "pages $membership_path";
  quiet "";
}}
# Only paths as stored pages have them; anything else has no file.
map $membership_path $membership_page {{
  default "/none";
  "/" "";
  "~^(?:/[a-z0-9][a-z0-9._-]*)+$" $membership_path;
  "~^/[a-z][a-z]/$" $membership_path;
}}
# Which pages other sites may frame.
map $membership_path $membership_ancestors {{
  default "'none'";
  "~^(?:/[a-z][a-z])?/embed/" "*";
}}
map $request_method $membership_may_be_file {{
  default "/none";
  GET "";
  HEAD "";
}}

upstream membership {{
  server {upstream};
  keepalive 32;
}}

{redirect}server {{
  listen {listen};
  server_name {host};
{tls}  client_max_body_size 21m;
  sendfile on;
  tcp_nopush on;
  set $membership_path $uri;  # try_files changes $uri
  # Files are kept open, and looked at again after a second: the other of the two in which a change is to be seen is
  # the program's. Each holds a descriptor, of which a worker of nginx usually has 1,024.
  open_file_cache max=400 inactive=60s;
  open_file_cache_valid 1s;

  location ^~ /static/ {{
    alias {static}/;
    gzip_static on;
    add_header Cache-Control "public, max-age=31536000, immutable";
    add_header Content-Security-Policy "frame-ancestors 'none'";
    add_header X-Content-Type-Options nosniff;
    add_header Cross-Origin-Resource-Policy same-origin;
  }}

  location ~ "^/media/([a-z0-9][a-z0-9._-]{{0,150}}\\.(?:webp|avif|jpe?g|png|gif))$" {{
    alias {data}/media/$1;
    types {{ image/webp webp; image/avif avif; image/jpeg jpg jpeg; image/png png; image/gif gif; }}
    add_header Cache-Control "public, max-age=31536000, immutable";
    add_header Content-Security-Policy "{media_policy}";
    add_header X-Content-Type-Options nosniff;
    add_header Cross-Origin-Resource-Policy same-origin;
  }}

{pages}

  # Pages for frames on other sites have headers of their own, and read no cookie.
  location ~ "^(?:/[a-z][a-z])?/embed/" {{
    try_files /none @membership;
  }}

  location @membership {{
    proxy_pass http://membership;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    # While `membership serve` cannot be reached, what is stored is better than nothing, true or not.
    error_page 502 504 = @stored;
  }}

  location @stored {{
    root {data}/pages;
    default_type "text/html; charset=utf-8";
    types {{ }}
    gzip_static on;
    add_header Cache-Control "no-store";
    add_header X-Content-Type-Options nosniff;
    add_header Content-Security-Policy "{stored_policy}; frame-ancestors $membership_ancestors";
    try_files $membership_may_be_file/$membership_copy$membership_page/_page =502;
  }}
}}
"""

_TLS = """\
  ssl_certificate {certificates}/fullchain.pem;
  ssl_certificate_key {certificates}/privkey.pem;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:membership:2m;
  ssl_session_tickets off;
"""

_REDIRECT = """\
server {{
  listen {listen};
  server_name {host};
  location /.well-known/acme-challenge/ {{ root /var/www/html; }}  # where certbot answers
  location / {{ return 301 {base_url}$request_uri; }}
}}

"""

_PAGES = """\
  {where} {{
    root {data}/pages/fresh;
    default_type "{kind}; charset=utf-8";
    types {{ }}
    gzip_static on;
    gzip_vary on;
    add_header Cache-Control $membership_caching always;
    add_header Surrogate-Key $membership_keys always;
{headers}
    try_files $membership_may_be_file/$membership_copy$membership_page/_page @membership;
  }}"""

CDN = """\
# A CDN in front

1. Let it keep what `Cache-Control` allows: the copy that asks may be kept (five minutes, and a day when we cannot be
   reached); the quiet copy and everything of one person says `private` or `no-store`.
2. **The cookie rule.** A request whose `Cookie` header has `appeal=off` must pass the cache by. No other cookie changes
   a stored page, so none needs to be part of the key. Never strip cookies from requests to us.
3. The query is no part of a stored page: leave it out of the key for `/`, `/articles/`, `/sections/`, `/authors/` and
   `/series/`, and nowhere else.
4. **Purging.** Set `MEMBERSHIP_PURGE_URL` to an address that takes a POST of
   `{"everything": false, "keys": ["/articles/ferry"], "urls": ["https://…/articles/ferry"]}` (a function at the CDN
   that calls its own purge with its own token). Each stored page says its keys in `Surrogate-Key`: its path, and
   `pages`.
5. Tell us how many proxies may be believed about readers' addresses: `MEMBERSHIP_TRUSTED_PROXIES`.
"""
