"""What a change of an OpenAPI definition does to users of the SDK: on the wire, and to Python code written against it.

- documents: read a definition that may come from a stranger
- changes: one finding, its class, the verdict
- operations, views, schemas, rules, wire: the wire axis, a direction-aware comparison of two definitions
- packages, snapshot, python: the Python axis, a comparison of the packages that are generated from them
- sides, facade, compare, policy: where definitions come from, which call is behind an operation, both axes, waivers
- reports, page, changelog: terminal, Markdown, JSON; HTML; a draft for people
- adoption, cli: the verbs
"""
