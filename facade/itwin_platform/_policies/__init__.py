"""Pure rules of the request pipeline: no I/O, nothing of HTTP libraries. Each can be read alone."""
