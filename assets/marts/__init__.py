"""The figures that the studio looks at, and the published file in which they are."""
