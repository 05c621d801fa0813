"""The call to action after a story: words, amounts, where it may stand, which gifts it brought."""
