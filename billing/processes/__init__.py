"""Processes that are looked after: started, restarted when they die, and ended with the one that started them."""
