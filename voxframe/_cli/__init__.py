"""The command line: arguments in, a line or a table out."""
