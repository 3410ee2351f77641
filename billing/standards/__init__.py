"""What the world has agreed on, by libraries that know it: e-mail addresses, countries. No input, no output, no clock.

A library may be imported here, late; of ours only the domain.
"""
