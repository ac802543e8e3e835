"""Golden letters: eight situations, kept as they are mailed.

`.venv/bin/python -m tests.golden` writes them anew; what changed is then read before it is kept.
"""
