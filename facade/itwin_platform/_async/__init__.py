"""The async client: the one hand-written source of everything that does I/O. `make generate` derives `_sync` from it."""
