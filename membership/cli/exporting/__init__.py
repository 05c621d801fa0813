"""`membership export`: the newsroom's data in open formats, for whoever moves on or looks at it elsewhere."""
