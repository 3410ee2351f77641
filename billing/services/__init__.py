"""Use cases, one verb a function. They speak to ports only and make no call outside while a transaction is open."""
