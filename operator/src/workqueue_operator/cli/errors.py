"""What the user of a command did not mean to write."""


class CliError(Exception):
    """The call or a file that it names is wrong. The sentence says what, and what to write."""
