"""The desk: what waits for attention today, the people who work here, the newsroom's settings."""
