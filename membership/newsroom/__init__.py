"""What the newsroom as a whole keeps, one floor above web.

settings_rows (what a publisher decides), audit (who did what), due (what happens by the clock alone),
page_changes (which stored pages must be made anew), budgets (money, sign-in and mail limits that fail closed).
"""
