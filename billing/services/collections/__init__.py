"""Money that is owed: asked for, charged, reminded of, received."""
