"""What every room that takes papers in shares: the polite session, the normal form, fields.

Sources and libraries stand above it; it knows neither.
"""
