"""Where articles come from: exports of WordPress and Ghost, folders of Markdown, feeds; each read into Items."""
