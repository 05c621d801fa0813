"""Who supports us: patrons, what covers them and when, their standing at an instant, their preferences."""
