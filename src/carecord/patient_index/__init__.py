"""Whose record is it? Source records, their local numbers, and the decisions that link them into persons."""
