"""Who may sign in: accounts, roles, the second factor, sign-in by mailed link and code."""
