"""The async client: the one hand-written source of what does I/O. `make generate` derives `_sync` from it."""
