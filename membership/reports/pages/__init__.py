"""What the templates of reports show: figures written for people, tables and charts ready to draw."""
