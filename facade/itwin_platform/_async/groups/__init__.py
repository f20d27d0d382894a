"""The API groups: one module for each, with a method for each operation."""
