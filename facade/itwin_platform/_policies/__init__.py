"""Pure rules of the request pipeline: no I/O, no clock of their own, nothing of HTTP libraries. Each can be read alone."""
