"""Figures for staff, read-only: each opens onto its definition and its rows."""
