"""All routes of reports, in the modules beside it that share one blueprint."""

from membership.reports import offline_routes  # noqa: F401 - its views
from membership.reports.staff_routes import bp

__all__ = ["bp"]
