"""What a change of an OpenAPI definition does to users of the SDK: on the wire, and to Python code written against it.

- documents: read a definition that may come from a stranger
- changes: one finding, its class, the verdict
- views, schemas, wire: the wire axis, a direction-aware comparison of two definitions
- snapshot, python: the Python axis, a comparison of the packages that are generated from them
- sides, facade, policy: where definitions come from, which call uses an operation, overrides and waivers
- reports: terminal, Markdown, JSON, HTML
- adoption, cli: the verbs
"""
