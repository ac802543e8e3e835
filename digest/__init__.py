"""The new papers worth your time, once a day: collect, edit, post."""

__version__ = "0.1.0"
