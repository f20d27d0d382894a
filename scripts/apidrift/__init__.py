"""What a change of an OpenAPI definition does to users of the SDK: on the wire, and to Python code written against it.

Imports run one way, from top to bottom:

- changes, rules: one finding, its class, the verdict; every rule with its class, meaning and effect
- sources: definitions from files, revisions and downloads, what has to be true of them, what cannot be followed
- wire: the wire axis; views of schemas, one check per module, operations and what belongs to them
- python: the Python axis; the packages that are generated from both sides, and the facade, by syntax tree
- compare, policy: both axes; overrides and waivers
- reports: terminal, Markdown, JSON, a page; a draft for people
- adoption, cli: the verbs
"""
