"""The few things that sync and async code do differently, under the same names, so that one source makes both.

`asynchronous` serves the async client, on asyncio and trio; `synchronous` serves the sync client.
"""
