"""The command line: everything an operator does, each command one function."""
