"""From definitions to code: overlays, the generator with its templates, the sync twin, and all that is derived.

`outputs` lists what is written and compares it with what is checked in; every other module makes one kind of output.
"""
