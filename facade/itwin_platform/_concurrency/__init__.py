"""What sync and async code must do differently, under the same names, so that one source serves both.

`asynchronous` is for the async client, on asyncio and trio; `synchronous` is for the sync client.
"""
