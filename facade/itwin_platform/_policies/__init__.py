"""The pure rules of the request pipeline: no I/O, no HTTP library. Each module can be read on its own."""
