"""What can be wrong with the input of `make generate`."""


class GenerationError(Exception):
    """A definition cannot be turned into a package without losing something."""
