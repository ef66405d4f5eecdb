"""Why a command was not carried out. Its exit code says whether another call would help."""

USAGE_ERROR = 2
NOT_REACHED = 3


class CliError(Exception):
    """The call or a file that it names is wrong. The sentence says what, and what to write."""

    exit_code = USAGE_ERROR


class NotReachedError(CliError):
    """What the call needs cannot be reached, or refuses; nothing was done."""

    exit_code = NOT_REACHED
