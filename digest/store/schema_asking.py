"""The tables of asking: visits, what was announced and read, what sources noted, hosts' turns."""

from sqlalchemy import Boolean, Date, Index, Integer, String, Table, Text
from sqlalchemy import Column as Col

from digest.store.schema import UtcTime, metadata

visits = Table(
    "visits",
    metadata,
    Col("source", String(60), primary_key=True),
    Col("date", Date, primary_key=True),
    Col("asked", UtcTime, nullable=False),
    Col("complete", Boolean, nullable=False),
    Col("announced", Integer),
    Col("read", Integer, nullable=False),
    Col("problem", Text),
    Col("retry_at", UtcTime),
    Col("failures", Integer, nullable=False, server_default="0"),  # in a row, over all dates
)

# What a part of a source (a category, a feed) announced on a date, and what was read of it.
coverage = Table(
    "coverage",
    metadata,
    Col("source", String(60), primary_key=True),
    Col("part", String(200), primary_key=True),
    Col("date", Date, primary_key=True),
    Col("standing", String(10), nullable=False),
    Col("announced", Integer),
    Col("read", Integer, nullable=False),
    Col("way", String(20), nullable=False),  # by which of a source's ways it was read
    Col("said", Text),  # what is wrong, or why it is quiet
    Col("asked", UtcTime, nullable=False),
    Col("completed", UtcTime),  # when it was first complete, or known to be quiet
    Index("ix_coverage_date", "date"),
)

# A source's own memory: cursors, validators of its answers.
source_notes = Table(
    "source_notes",
    metadata,
    Col("source", String(60), primary_key=True),
    Col("name", String(200), primary_key=True),
    Col("text", Text, nullable=False),
)

# Whose turn it is to ask a host, over all processes that share the database.
hosts = Table(
    "hosts",
    metadata,
    Col("host", String(255), primary_key=True),
    Col("free_at", UtcTime),  # not before this may the next request begin
    Col("holder", String(32)),  # who asks now, until its lease ends
    Col("lease", UtcTime),
    Col("held_until", UtcTime),  # the host asked to be left alone as long
)
