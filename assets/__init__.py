"""The assets, in chapters of the story: intake, billing, reconciliation, staging, marts, published."""
