"""What is covered next: topics, rounds, ballots, and the recount that anybody can make."""
