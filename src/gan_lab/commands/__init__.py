"""The verbs of the command line: each a file with `main(arguments)`, imported when typed."""
