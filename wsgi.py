"""What a production server loads: `granian --interface wsgi wsgi:app`."""

from membership.app import create_app

app = create_app()
