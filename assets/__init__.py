"""The assets, in the chapters in which the story is told: intake, billing, staging, marts, published."""
