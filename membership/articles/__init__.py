"""Articles, free to all: writing, publishing, correcting, withdrawing; importers and feeds."""
