"""Entries, their verification, and the table."""
