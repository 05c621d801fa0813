"""Files of members that other platforms give: read strictly, row by row; what is not plainly a member is named."""
